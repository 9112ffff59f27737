"""Between display values and linear light, and any other curve per value: by table, at 16 bits."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import numpy.typing as npt

from imaging.degradations.registry import Image

Curve = npt.NDArray[np.float64]
Table = npt.NDArray[np.float32]
"""65,536 values, or 65,536 x 3 for three channels."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of BT.601, those of JPEG and of cv2's RGB2GRAY."""

_LAST = 65535


def linear_of(display: Curve) -> Curve:
    """Return the exact linear light of display values (IEC 61966-2-1); for tables, slow for pictures."""
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def display_of(linear: Curve) -> Curve:
    """Return the exact display values of linear light in [0, 1]; the inverse of `linear_of`."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 0.0) ** (1 / 2.4) - 0.055)


@functools.cache
def _tables() -> tuple[Table, Table]:
    """Return both directions; their error stays under 1e-4 of full scale."""
    value = np.arange(_LAST + 1) / _LAST
    return linear_of(value).astype(np.float32), display_of(value).astype(np.float32)


def through_table(image: Image, table: Table) -> Image:
    """Return a table looked up at the values of a picture, clipped to [0, 1] and rounded to 16 bits.

    A look-up takes about half a nanosecond per value; a power takes several.

    Args:
        image: HW or HWC float32.
        table: 65,536 values for all channels, or 65,536 x C.
    """
    flat = image.reshape(image.shape[0], -1)
    index = cv2.addWeighted(flat, _LAST, flat, 0.0, 0.0, dtype=cv2.CV_16U)  # scales, rounds and saturates
    if table.ndim == 1:
        looked_up = cv2.LUT(index, table.reshape(1, -1))
    else:
        looked_up = cv2.LUT(index.reshape(image.shape), table.reshape(1, _LAST + 1, -1))
    return looked_up.reshape(image.shape).astype(np.float32, copy=False)


def to_linear(image: Image) -> Image:
    """Return linear light in [0, 1] of display-encoded values in [0, 1]."""
    return through_table(image, _tables()[0])


def to_display(image: Image) -> Image:
    """Return display-encoded values of linear light, clipped to [0, 1] (the sensor's and the paper's saturation)."""
    return through_table(image, _tables()[1])


@functools.cache
def _between(count: int) -> tuple[npt.NDArray[np.intp], Table]:
    """Return, for each entry of a table, the point of a curve of `count` points before it, and how far beyond it is."""
    place = np.linspace(0.0, count - 1.0, _LAST + 1)
    before = np.minimum(place.astype(np.intp), count - 2)
    return before, (place - before).astype(np.float32)


def tone_table(*curves: Curve) -> Table:
    """Return the table of curves given at evenly spaced points of [0, 1]: one for all channels, or one for each."""
    before, beyond = _between(len(curves[0]))
    points = np.stack(curves).astype(np.float32)
    tables = [curve[before] + np.diff(curve)[before] * beyond for curve in points]
    return tables[0] if len(tables) == 1 else np.stack(tables, axis=1)


def luminance(image: Image) -> Image:
    """Return the luma of an HWC RGB picture in three equal channels."""
    return cv2.transform(image, np.stack([LUMA] * 3)).reshape(image.shape).astype(np.float32, copy=False)
