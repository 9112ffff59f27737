"""Craquelure: the net of cracks in old paint."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from imaging.degradations.fields import Field, diagonal, smooth_field, smooth_step
from imaging.degradations.parameters import Parameters, Span, chance, span
from imaging.degradations.registry import Image, Mask, degradation
from imaging.degradations.strokes import paint, settle


class Craquelure(Parameters):
    """`cell` size and crack `width` (thousandths of the diagonal), `coverage` of the picture, `depth` of a crack.

    `pale` cracks show the paper under a photograph's emulsion, the others the dirt in those of a painting.
    """

    cell_range: Span = span(15.0, 60.0, within=(10.0, 500.0))
    width_range: Span = span(0.4, 1.1, within=(0.0, 20.0))
    coverage_range: Span = span(0.4, 1.0)
    depth_range: Span = span(0.4, 0.95)
    pale_probability: float = chance(0.25)


@degradation(
    Craquelure,
    theme="surface",
    ladder={
        "cell": [50.0, 42.0, 35.0, 28.0, 22.0],
        "width": [0.5, 0.6, 0.7, 0.85, 1.0],
        "coverage": [0.3, 0.5, 0.7, 0.85, 1.0],
        "depth": [0.35, 0.5, 0.65, 0.8, 0.95],
    },
    weakest={"depth": 0.0},
    masks=True,
)
def craquelure(
    image: Image, *, cell: float, width: float, coverage: float, depth: float, pale: bool, rng: np.random.Generator
) -> tuple[Image, Mask]:
    """Return the painting with its layer cracked into islands, and the mask of the cracks.

    Drying paint cracks into cells whose borders lie about midway between random centres, a Voronoi net, here on a
    warped plane so that no crack is straight; a coarse net of wide cracks lies over a fine one of hairlines.

    References: Worley 1996, "A cellular texture basis function"; Bucklow 1997, "The description of craquelure".
    """
    shape = (image.shape[0], image.shape[1])
    unit = diagonal(image) / 1000.0
    pitch = max(6.0, cell * unit)
    where = smooth_step(smooth_field(shape, rng, cells=5, octaves=3) + np.float32(3.0 * coverage - 1.5), -0.6, 0.6)
    mask = _net(shape, pitch, max(0.35, 0.5 * width * unit), rng)
    fine = _net(shape, 0.55 * pitch, max(0.3, 0.3 * width * unit), rng)
    fine *= np.float32(0.6)
    np.maximum(mask, fine, out=mask)
    mask *= where
    mask *= np.float32(depth)
    degraded = image.copy()
    dirt = np.float32(rng.uniform(0.05, 0.16)) * np.array([1.0, 0.85, 0.65], np.float32)
    paint(degraded, settle(mask), np.array([0.93, 0.9, 0.84], np.float32) if pale else dirt)
    return degraded, mask


def _net(shape: tuple[int, int], pitch: float, half_width: float, rng: np.random.Generator) -> Mask:
    """Return the cracks between random cells of about `pitch` pixels, in [0, 1], of uneven width."""
    gap = _distance_to_border(shape, pitch, rng)
    uneven = smooth_field(shape, rng, cells=1.5 * max(shape) / pitch, octaves=2)
    uneven *= np.float32(0.5 * half_width)
    uneven += np.float32(half_width)
    # Half a pixel of slope on each side of the crack's edge is its antialiasing; a negative width is a healed crack.
    uneven -= gap
    uneven += np.float32(0.5)
    return np.clip(uneven, 0.0, 1.0, out=uneven)


def _distance_to_border(shape: tuple[int, int], pitch: float, rng: np.random.Generator) -> Field:
    """Return each pixel's distance to the border between its nearest and its second nearest centre, in pixels.

    One centre is scattered in each square of a grid, so that both are among the 3 x 3 squares around a pixel. The
    distance to the border of two centres is (d2^2 - d1^2) / (2 |c2 - c1|); the mean distance of neighbours, about
    one pitch, stands for the denominator.
    """
    height, width = shape
    rows, columns = math.ceil(height / pitch) + 4, math.ceil(width / pitch) + 4
    scatter = rng.uniform(0.08, 0.92, (2, rows, columns)).astype(np.float32)
    x = smooth_field(shape, rng, cells=2 * max(shape) / pitch, octaves=2) * np.float32(0.10)
    x += (np.arange(width, dtype=np.float32) / np.float32(pitch) + np.float32(1.5))[np.newaxis, :]
    y = smooth_field(shape, rng, cells=2 * max(shape) / pitch, octaves=2) * np.float32(0.10)
    y += (np.arange(height, dtype=np.float32) / np.float32(pitch) + np.float32(1.5))[:, np.newaxis]
    column, row = np.clip(x.astype(np.int32), 1, columns - 2), np.clip(y.astype(np.int32), 1, rows - 2)
    square = (row * columns + column).astype(np.uint16)
    centre_x = scatter[0] + np.arange(columns, dtype=np.float32)
    centre_y = scatter[1] + np.arange(rows, dtype=np.float32)[:, np.newaxis]
    first, second = np.full(shape, 99.0, np.float32), np.full(shape, 99.0, np.float32)
    for offset in (down * columns + right for down in (-1, 0, 1) for right in (-1, 0, 1)):
        near = _square_distance(square, centre_x, offset, x)
        near += _square_distance(square, centre_y, offset, y)
        np.minimum(second, np.maximum(first, near), out=second)
        np.minimum(first, near, out=first)
    second -= first
    second *= np.float32(pitch / 2.0)
    return second


def _square_distance(square: npt.NDArray[np.uint16], centres: Field, offset: int, position: Field) -> Field:
    """Return the squared distance, along one axis, to the centre in the square `offset` places on.

    A table look-up by 16-bit index is several times faster than gathering; it bounds the number of squares.
    """
    table = np.zeros((1, 65536), np.float32)
    table[0, : centres.size] = np.roll(centres.reshape(-1), -offset)
    away = cv2.LUT(square, table).reshape(position.shape).astype(np.float32, copy=False)
    away -= position
    return np.square(away, out=away)
