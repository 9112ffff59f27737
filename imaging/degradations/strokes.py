"""Lines that a hand could not draw: wandering, ragged, broken strokes, rasterised into a coverage mask."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from imaging.degradations.registry import Image, Mask

Path = npt.NDArray[np.float64]
"""N x 2 points (x, y) in pixels, evenly spaced."""
Profile = npt.NDArray[np.float64]
"""One value per point of a path."""

SPACING = 0.5
"""Pixels between samples, along and across: four samples a pixel give a soft, slightly grainy edge."""

FAINTEST = 1.0 / 512.0
"""Coverage below half a gray level of 8 bits is dropped, so that a mask never claims an invisible change."""


def waver(count: int, knots: float, rng: np.random.Generator) -> Profile:
    """Return `count` values of smooth noise, zero mean and about unit deviation, with this many knots."""
    number = max(2, math.ceil(knots) + 1)
    return np.interp(np.linspace(0, number - 1, count), np.arange(number), rng.standard_normal(number))


def wander(
    start: tuple[float, float],
    heading: float,
    length: float,
    rng: np.random.Generator,
    *,
    bend: float = 0.3,
    wobble: float = 0.05,
    wave: float = 40.0,
) -> Path:
    """Return a path of `length` pixels whose direction drifts.

    Args:
        start: x and y of the first point in pixels.
        heading: first direction in radians.
        length: in pixels.
        rng: draws the drift.
        bend: radians of slow change of direction from end to end.
        wobble: radians of quick change of direction.
        wave: pixels between two quick changes.
    """
    count = max(3, math.ceil(length / SPACING))
    direction = heading + bend * waver(count, 2, rng) + wobble * waver(count, length / wave, rng)
    steps = np.stack([np.cos(direction), np.sin(direction)], axis=1) * (length / count)
    return np.asarray(start) + np.cumsum(steps, axis=0)


def broken(count: int, knots: float, gaps: float, rng: np.random.Generator) -> Profile:
    """Return a depth profile in [0, 1]: fades in and out, and vanishes over about the share `gaps` of its length."""
    level = waver(count, knots, rng) + waver(count, knots * 5, rng) * 0.6
    floor = np.quantile(level, min(max(gaps, 0.0), 1.0))
    depth = np.clip((level - floor) * 1.6 + (0.35 if gaps < 1 else 0.0), 0.0, 1.0)
    depth[level < floor] = 0.0
    ends = np.minimum(np.arange(count), np.arange(count)[::-1]) / max(1.0, 0.04 * count)
    return np.asarray(depth * np.clip(ends, 0.0, 1.0))


def stroke(
    mask: Mask, path: Path, width: Profile, depth: Profile, rng: np.random.Generator, *, ragged: float = 0.3
) -> None:
    """Add a ribbon along a path to a coverage mask, in place (coverage may pass 1: see `settle`).

    The ribbon is scattered as samples, each adding its area times its depth to the pixel under it. Any width works,
    from a hair much thinner than a pixel to a tear, and the cost is proportional to the area that is painted.

    Args:
        mask: HW float32, changed.
        path: the centre line.
        width: full width in pixels at each point.
        depth: opacity in [0, 1] at each point.
        rng: roughens the edges.
        ragged: how far a sample strays from its place, relative to the width.
    """
    height, breadth = mask.shape
    reach = float(width.max(initial=0.0)) + 2.0
    near = np.all((path > -reach) & (path < np.array([breadth, height]) + reach), axis=1) & (depth > 0.0)
    path_x, path_y, width, depth = path[near, 0], path[near, 1], width[near], depth[near]
    if len(path_x) == 0:
        return
    lanes = max(2, math.ceil(float(width.max()) / SPACING))
    slope_x, slope_y = _tangent(path, near)
    across = (np.arange(lanes, dtype=np.float32) + 0.5) / lanes - 0.5
    scatter = rng.random((len(path_x), lanes), dtype=np.float32) - np.float32(0.5)
    offset = (across + scatter * np.float32(ragged)) * width[:, np.newaxis].astype(np.float32)
    x = np.floor(path_x[:, np.newaxis] - slope_y[:, np.newaxis] * offset).astype(np.int64)
    y = np.floor(path_y[:, np.newaxis] + slope_x[:, np.newaxis] * offset).astype(np.int64)
    weight = np.broadcast_to((depth * width * (SPACING / lanes))[:, np.newaxis], x.shape).astype(np.float32)
    inside = (x >= 0) & (y >= 0) & (x < breadth) & (y < height)
    np.add.at(mask.reshape(-1), (y * breadth + x)[inside], weight[inside])


def _tangent(path: Path, chosen: npt.NDArray[np.bool_]) -> tuple[Profile, Profile]:
    slope = np.gradient(path, axis=0)
    slope /= np.maximum(np.hypot(slope[:, 0], slope[:, 1]), 1e-9)[:, np.newaxis]
    return slope[chosen, 0], slope[chosen, 1]


def settle(mask: Mask) -> Mask:
    """Return the mask clipped to [0, 1] without its invisible part (overwrites its input)."""
    np.minimum(mask, np.float32(1.0), out=mask)
    cv2.threshold(mask, FAINTEST, 0.0, cv2.THRESH_TOZERO, dst=mask)
    return mask


def struck(mask: Mask) -> npt.NDArray[np.intp]:
    """Return the flat indices of the pixels under a mask."""
    return np.flatnonzero(mask > 0)


def paint(image: Image, mask: Mask, colour: npt.NDArray[np.float32]) -> None:
    """Mix a colour into the picture where the mask says, in place; untouched pixels keep their bytes.

    Args:
        image: HWC, changed.
        mask: HW opacity in [0, 1].
        colour: three values.
    """
    where = struck(mask)
    opacity, pixels = mask.reshape(-1)[where], image.reshape(-1, 3)
    for channel in range(3):
        value = pixels[where, channel]
        pixels[where, channel] = value + opacity * (colour[channel] - value)


def absorb(image: Image, mask: Mask, colour: npt.NDArray[np.float32]) -> None:
    """Multiply the picture by a colour where the mask says, in place: a stain in the paper, seen through the picture.

    Args:
        image: HWC, changed.
        mask: HW, 0 untouched to 1 full colour.
        colour: reflectance of the stained white paper, three values.
    """
    where = struck(mask)
    taken, pixels = mask.reshape(-1)[where], image.reshape(-1, 3)
    for channel in range(3):
        pixels[where, channel] *= np.float32(1.0) - taken * (np.float32(1.0) - colour[channel])
