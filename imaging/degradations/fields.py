"""Smooth random fields and sizes relative to the picture: the raw material of stains, fading and worn surfaces."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from imaging.degradations.randomness import normal

Field = npt.NDArray[np.float32]


def diagonal(image: npt.NDArray[np.float32]) -> float:
    """Return the length of the picture's diagonal in pixels."""
    return math.hypot(image.shape[0], image.shape[1])


def smooth_field(
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    cells: float,
    octaves: int = 1,
    rough: float = 0.5,
) -> Field:
    """Return a random field of about zero mean and unit deviation that varies over 1/`cells` of the longer side.

    Value noise: each octave is a small grid of normal numbers, enlarged. The cost is one enlargement per octave,
    whatever the size of the waves, and the field looks the same at every resolution of the picture.

    Args:
        shape: height and width in pixels.
        rng: gives the grid.
        cells: waves along the longer side in the coarsest octave.
        octaves: each doubles the number of waves.
        rough: amplitude of an octave relative to the one before.
    """
    total: Field | None = None
    amplitude, power = 1.0, 0.0
    for octave in range(octaves):
        layer = _grid(shape, rng, cells * 2**octave, np.float32(amplitude))
        total = layer if total is None else np.add(total, layer, out=total)
        power += amplitude**2
        amplitude *= rough
    assert total is not None
    total *= np.float32(1.0 / math.sqrt(power))
    return total


def _grid(shape: tuple[int, int], rng: np.random.Generator, cells: float, amplitude: np.float32) -> Field:
    """Return one octave: a grid of normal numbers, smoothly enlarged to `shape`."""
    height, width = shape
    step = max(height, width) / max(cells, 1.0)
    if step < 1.5:
        return normal(shape, rng) * amplitude
    rows, columns = max(1, round(height / step)) + 1, max(1, round(width / step)) + 1
    grid = normal((rows, columns), rng) * amplitude
    if step <= 8:
        return _enlarged(grid, shape, cv2.INTER_CUBIC)
    # Cubically to 8 pixels a cell, linearly from there: the eye sees no corner, and the cost is that of linear.
    # The cut runs from the middle of the first to the middle of the last cell, since beyond there is no neighbour.
    fine = _enlarged(grid, (rows * 8, columns * 8), cv2.INTER_CUBIC)[4:-4, 4:-4]
    return _enlarged(np.ascontiguousarray(fine), shape, cv2.INTER_LINEAR)


def _enlarged(grid: Field, shape: tuple[int, int], method: int) -> Field:
    enlarged = cv2.resize(grid, (shape[1], shape[0]), interpolation=method)
    return enlarged.reshape(shape).astype(np.float32, copy=False)


def smooth_step(field: Field, low: float, high: float) -> Field:
    """Return the field mapped to 0 below `low`, 1 above `high`, and a smooth S between (overwrites its input)."""
    field -= np.float32(low)
    field *= np.float32(1.0 / (high - low))
    np.clip(field, 0.0, 1.0, out=field)
    slope = field * np.float32(-2.0)
    slope += np.float32(3.0)
    field *= field
    field *= slope
    return field
