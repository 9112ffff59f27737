"""A 64-bit perceptual hash: nearly equal for pictures that look the same, far apart for others."""

from __future__ import annotations

import cv2
import numpy as np

from imaging.errors import ImagicError

_GRID = 32  # the picture is averaged down to this many pixels a side before the transform
_KEPT = 8  # lowest frequencies kept a side: 8 x 8 = 64 bits


def phash(image: np.ndarray) -> str:
    """Returns the DCT hash of a picture as 16 hexadecimal digits.

    The picture is reduced to 32 x 32 gray pixels; of its discrete cosine transform the 8 x 8 lowest frequencies are
    kept, and each bit says whether a coefficient lies above their median. Scaling, recompression, noise and a change
    of brightness or contrast leave nearly all bits alone.

    Args:
        image: HW gray or HWC RGB, uint8, at least 1 x 1 pixels.

    Raises:
        ImagicError: for another dtype or shape.

    References:
        C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section 3.2.
    """
    _check(image)
    gray = image if image.ndim == 2 else cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (_GRID, _GRID), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:_KEPT, :_KEPT].ravel()
    return np.packbits(low > np.median(low)).tobytes().hex()


def hamming(left: str, right: str) -> int:
    """Returns in how many of the 64 bits two hashes differ: 0 is the same picture, unrelated pictures differ in ~32."""
    return (int(left, 16) ^ int(right, 16)).bit_count()


def _check(image: np.ndarray) -> None:
    gray_or_rgb = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
    if image.dtype != np.uint8 or not gray_or_rgb or image.size == 0:
        raise ImagicError(
            "a perceptual hash is taken of an 8-bit gray or RGB picture",
            f"{image.dtype} {image.shape}",
            "convert it with imaging.pixels.from_float(image, np.uint8)",
        )
