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
    place = np.arange(count) * ((number - 1) / max(1, count - 1))
    return np.interp(place, np.arange(number), rng.standard_normal(number))


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


def taper(count: int, share: float = 0.04) -> Profile:
    """Return a profile that rises from 0 and falls to 0 over this share of its length at both ends, else 1."""
    ends = np.minimum(np.arange(count), np.arange(count)[::-1])
    return np.minimum(ends / max(1.0, share * count), 1.0)


def broken(count: int, knots: float, gaps: float, rng: np.random.Generator) -> Profile:
    """Return a depth profile in [0, 1]: fades in and out, and vanishes over about the share `gaps` of its length."""
    level = waver(count, knots, rng) + waver(count, knots * 5, rng) * 0.6
    floor = np.quantile(level, min(max(gaps, 0.0), 1.0))
    depth = np.clip((level - floor) * 1.6 + (0.35 if gaps < 1 else 0.0), 0.0, 1.0)
    depth[level < floor] = 0.0
    return depth * taper(count)


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
        ragged: how far the edge strays from its place, relative to the width.
    """
    height, breadth = mask.shape
    reach = float(width.max(initial=0.0)) + 2.0
    x, y = path[:, 0], path[:, 1]
    near = (depth > 0.0) & (x > -reach) & (y > -reach) & (x < breadth + reach) & (y < height + reach)
    centre, width, depth = path[near].astype(np.float32), width[near].astype(np.float32), depth[near]
    if len(centre) == 0:
        return
    widest = float(width.max())
    width *= 1.0 + 0.5 * ragged * waver(len(width), len(width) / (2.0 * widest + 4.0), rng).astype(np.float32)
    lanes = max(2, math.ceil(widest / SPACING))
    slope = _tangent(path)[near]
    offset = rng.random((len(centre), lanes), dtype=np.float32)
    offset -= np.float32(0.5)
    # Samples stray by a pixel at most: a hair is broken by it, a wide tear keeps an even inside.
    offset *= np.float32(ragged * min(1.0, 1.0 / (ragged * widest + 1e-6)))
    offset += (np.arange(lanes, dtype=np.float32) + np.float32(0.5)) / np.float32(lanes) - np.float32(0.5)
    offset *= width[:, np.newaxis]
    column = np.floor(centre[:, :1] - slope[:, 1:] * offset).astype(np.int32)
    row = np.floor(centre[:, 1:] + slope[:, :1] * offset).astype(np.int32)
    weight = np.broadcast_to((depth * width * (SPACING / lanes)).astype(np.float32)[:, np.newaxis], row.shape)
    # As unsigned numbers, negative places are huge, so that one comparison tests both ends.
    inside = (column.view(np.uint32) < breadth) & (row.view(np.uint32) < height)
    place = row.astype(np.int64) * breadth + column
    if not inside.all():
        place, weight = np.where(inside, place, 0), weight * inside
    np.add.at(mask.reshape(-1), place.reshape(-1), weight.reshape(-1))  # its fast path wants one dimension


def _tangent(path: Path) -> npt.NDArray[np.float32]:
    """Return the unit vector along the path at each of its points."""
    slope = np.empty_like(path)
    slope[1:-1] = path[2:] - path[:-2]
    slope[0], slope[-1] = path[1] - path[0], path[-1] - path[-2]
    slope /= np.maximum(np.hypot(slope[:, 0], slope[:, 1]), 1e-9)[:, np.newaxis]
    return slope.astype(np.float32)


def settle(mask: Mask) -> Mask:
    """Return the mask clipped to [0, 1] without its invisible part (overwrites its input).

    In large pictures, strokes are wide and the lattice of their samples would show; a scanner's lens would not
    resolve it either, so that they are averaged over a few pixels.
    """
    size = 1 + 2 * min(2, int(math.hypot(*mask.shape) / 2500.0))
    if size > 1:
        # Not cv2.blur: its running sums would round differently with another number of threads.
        kernel = np.full(size, 1.0 / size, np.float32)
        cv2.sepFilter2D(mask, -1, kernel, kernel, dst=mask)
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
