"""Pictures at rest are integers, pictures at work are float32 in [0, 1]: the two doors between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from imaging.errors import MisuseError

Image = npt.NDArray[Any]
FloatImage = npt.NDArray[np.float32]

FULL_SCALE: dict[str, float] = {"uint8": 255.0, "uint16": 65535.0}


def to_float(image: Image) -> FloatImage:
    """Return the picture as float32, where 1.0 is the full scale of its integer type.

    Args:
        image: any shape; uint8, uint16, bool or floating point. Floating point is taken as it is, unclipped.

    Returns:
        A float32 array of the same shape, never a view of an integer picture.

    Raises:
        MisuseError: for any other type.
    """
    if image.dtype.kind == "f":
        return image.astype(np.float32, copy=False)
    if image.dtype.kind == "b":
        return image.astype(np.float32)
    return np.multiply(image, np.float32(1.0 / _full_scale(image.dtype)), dtype=np.float32)


def from_float(image: npt.NDArray[np.floating[Any]], dtype: npt.DTypeLike) -> Image:
    """Return a [0, 1] picture in `dtype`: clipped and rounded for integers, only cast for floating point.

    Args:
        image: floating point, any shape; values outside [0, 1] are clipped when `dtype` is an integer. NaN becomes 0.
        dtype: uint8, uint16 or a floating-point type.

    Raises:
        MisuseError: for any other type.
    """
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return image.astype(kind)
    scale = _full_scale(kind)
    # fmax prefers the number to the NaN, which thus becomes 0, three times faster than nan_to_num.
    scaled = np.minimum(np.fmax(image, 0.0), 1.0) * np.float32(scale)
    return np.rint(scaled, out=scaled).astype(kind)


def _full_scale(dtype: np.dtype[Any]) -> float:
    if dtype.name not in FULL_SCALE:
        raise MisuseError("A picture is uint8, uint16, bool or floating point", dtype, "Convert it first")
    return FULL_SCALE[dtype.name]
