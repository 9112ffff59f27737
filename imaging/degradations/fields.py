"""Smooth random fields and sizes relative to the picture: the raw material of stains, fading and worn surfaces."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

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
    height, width = shape
    step = max(height, width) / max(cells, 1.0)
    if step < 1.5:
        return rng.standard_normal(shape, dtype=np.float32) * amplitude
    rows, columns = math.ceil(height / step) + 3, math.ceil(width / step) + 3
    grid = rng.standard_normal((rows, columns), dtype=np.float32) * amplitude
    # Sample cubically, but through an intermediate of 8 pixels a cell: cubic enlargement costs four times linear.
    offset = rng.random(2) + 0.5
    if step <= 8:
        return _sample(grid, shape, step, offset, cv2.INTER_CUBIC)
    fine = cv2.resize(grid, (columns * 8, rows * 8), interpolation=cv2.INTER_CUBIC)
    return _sample(fine.astype(np.float32, copy=False), shape, step / 8, offset * 8, cv2.INTER_LINEAR)


def _sample(grid: Field, shape: tuple[int, int], step: float, offset: npt.NDArray[np.float64], method: int) -> Field:
    """Return the grid sampled every 1/`step` of a cell, from `offset`."""
    matrix = np.array([[1 / step, 0, offset[1]], [0, 1 / step, offset[0]]])
    flags = method | cv2.WARP_INVERSE_MAP
    sampled = cv2.warpAffine(grid, matrix, (shape[1], shape[0]), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return sampled.reshape(shape).astype(np.float32, copy=False)


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
