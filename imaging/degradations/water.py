"""Water on paper: a stain with a dark tide line where the dirt dried, a wash of colour and soft detail inside."""

from __future__ import annotations

import math

import cv2
import numpy as np

from imaging.degradations.fields import Field, diagonal, smooth_field, smooth_step
from imaging.degradations.parameters import Parameters, Span, WholeSpan, span
from imaging.degradations.registry import Image, Mask, degradation
from imaging.degradations.strokes import FAINTEST

_TINT = np.array([0.10, 0.17, 0.30], np.float32)
"""Share of red, green and blue that a brownish wash takes away at full strength."""
_TIDE = np.array([0.30, 0.42, 0.60], np.float32)
"""The same for the tide line, where the dissolved dirt collects."""


class WaterSpill(Parameters):
    """How many spills, their `size` as a share of the diagonal, and the `strength` of all they do."""

    count_range: WholeSpan = span(1, 3, within=(0, 50))
    size_range: Span = span(0.08, 0.3, within=(0.005, 1.0))
    strength_range: Span = span(0.3, 1.0)
    tide_range: Span = span(0.3, 1.0)
    bleach_range: Span = span(0.0, 0.5)


@degradation(
    WaterSpill,
    theme="surface",
    ladder={
        "count": [1, 1, 2, 3, 4],
        "size": [0.1, 0.16, 0.2, 0.24, 0.28],
        "strength": [0.25, 0.45, 0.6, 0.8, 1.0],
        "tide": [0.4, 0.55, 0.7, 0.85, 1.0],
    },
    weakest={"count": 0},
    masks=True,
)
def water_spill(
    image: Image,
    *,
    count: int,
    size: float,
    strength: float,
    tide: float,
    bleach: float,
    rng: np.random.Generator,
) -> tuple[Image, Mask]:
    """Return the picture with overlapping water stains, and the mask of what got wet.

    Water carries dissolved dirt and dye outward and leaves it where it evaporates, at the rim; inside, the colour
    is washed out and tinted, contrast falls, and fine detail softens.

    References: Deegan et al. 1997, "Capillary flow as the cause of ring stains from dried liquid drops".
    """
    degraded, mask = image.copy(), np.zeros(image.shape[:2], np.float32)
    for _ in range(count):
        radius = size * diagonal(image) * rng.lognormal(-0.2, 0.35)
        _spill(degraded, mask, radius, strength, tide, bleach, rng)
    return degraded, mask


def _spill(
    image: Image,
    mask: Mask,
    radius: float,
    strength: float,
    tide: float,
    bleach: float,
    rng: np.random.Generator,
) -> None:
    """Let one spill dry on the picture, in place, inside its bounding box."""
    height, width = mask.shape
    centre = (rng.uniform(-0.05, 1.05) * width, rng.uniform(-0.05, 1.05) * height)
    level, (top, left) = shore((height, width), centre, radius, rng)
    if level.size == 0:
        return
    rows, columns = slice(top, top + level.shape[0]), slice(left, left + level.shape[1])
    inside = smooth_step(level * np.float32(radius), -0.7, 0.7)
    inside[inside < 2 * FAINTEST] = 0.0
    line = _tide_line(level, radius, rng)
    line *= inside
    piece = image[rows, columns]
    _soften(piece, inside, 0.0025 * radius * strength + 0.3, np.float32(0.35 * strength * (0.3 + bleach)))
    wash = inside * np.float32(strength * 0.6)
    for channel in range(3):
        absorbed = wash * _TINT[channel]
        absorbed += line * np.float32(_TIDE[channel] * tide * (0.35 + 0.65 * strength))
        np.subtract(np.float32(1.0), absorbed, out=absorbed)
        np.maximum(absorbed, np.float32(0.0), out=absorbed)
        piece[:, :, channel] *= absorbed
    region = mask[rows, columns]
    np.maximum(region, inside, out=region)


def shore(
    shape: tuple[int, int], centre: tuple[float, float], radius: float, rng: np.random.Generator
) -> tuple[Field, tuple[int, int]]:
    """Return the level of an irregular blob (positive inside, 0 at its rim, in radii) and where its box begins.

    The field lives in the box around the blob, cut by the picture's edges; it is empty if nothing is visible.

    Args:
        shape: the picture's height and width.
        centre: x and y in pixels.
        radius: in pixels.
        rng: draws the coast line.
    """
    reach = 1.75 * radius
    left, top = max(0, math.floor(centre[0] - reach)), max(0, math.floor(centre[1] - reach))
    right, bottom = min(shape[1], math.ceil(centre[0] + reach) + 1), min(shape[0], math.ceil(centre[1] + reach) + 1)
    if right <= left or bottom <= top:
        return np.empty((0, 0), np.float32), (top, left)
    box = (bottom - top, right - left)
    stretch, turn = rng.uniform(0.75, 1.0), rng.uniform(0, math.pi)
    x = ((np.arange(left, right) - centre[0]) / radius).astype(np.float32)[np.newaxis, :]
    y = ((np.arange(top, bottom) - centre[1]) / radius).astype(np.float32)[:, np.newaxis]
    cosine, sine = np.float32(math.cos(turn)), np.float32(math.sin(turn))
    along, across = x * cosine + y * sine, (y * cosine - x * sine) / np.float32(stretch)
    # Not cv2.magnitude, whose last digit depends on where its input lies in memory.
    level = np.float32(1.0) - np.sqrt(along * along + across * across)
    cells = max(box) / (radius * 0.9)
    level += smooth_field(box, rng, cells=cells, octaves=5, rough=0.45) * np.float32(0.17)
    return level, (top, left)


def _tide_line(level: Field, radius: float, rng: np.random.Generator) -> Field:
    """Return the darkness of the rim in [0, 1]: sharp outward, trailing inward, uneven along the shore."""
    width = np.float32(rng.uniform(0.02, 0.06))
    line = np.exp(np.maximum(level, np.float32(0.0)) * (np.float32(-1.0) / width))
    patches = smooth_field((level.shape[0], level.shape[1]), rng, cells=3 * max(level.shape) / radius, octaves=2)
    patches *= np.float32(0.28)
    patches += np.float32(0.6)
    np.clip(patches, 0.05, 1.0, out=patches)
    line *= patches
    return line


def _soften(piece: Image, inside: Field, sigma: float, loss: np.float32) -> None:
    """Blur the wet part and pull it towards its own paler average, in place."""
    soft = cv2.GaussianBlur(piece, (0, 0), min(sigma, 8.0)).reshape(piece.shape).astype(np.float32, copy=False)
    soft *= np.float32(1.0) - loss
    soft += loss * np.float32(0.72)
    soft -= piece
    soft *= inside[:, :, np.newaxis]
    piece += soft
