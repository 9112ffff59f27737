"""Into the working space and back: networks see sRGB-like RGB, files keep their own colours.

The working space is sRGB with the sRGB curve. What a picture cannot show there (wide-gamut colours, the black ink of
a separation) must not be lost on the way back, so only the *change* is brought home:

    result = own + (back(restored) - back(there(own)))

A pixel that no stage touched keeps its own value exactly, whatever the two conversions round or clip, and a colour
outside sRGB keeps its distance from the nearest colour inside.

- 8 bits with a profile: LittleCMS through Pillow, relative colorimetric.
- 16-bit RGB with a matrix profile (Adobe RGB, Display P3, ProPhoto, ...): computed here, without rounding to 8 bits.
- 16 bits with any other profile: LittleCMS on the upper 8 bits; the change is brought home to all 16.
- CMYK without a profile: R = (1 - C)(1 - K) and so on.
- No profile, sRGB, or gray: values as they are.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage
from PIL import ImageCms

from imaging.matrix_profile import read_matrix_profile
from imaging.pixels import FloatImage, Image, from_float, to_float

_STRIP = 256


@dataclass(frozen=True)
class Space:
    """A picture's own colours in relation to the working space.

    Attributes:
        there: own samples (h, w, C) to working RGB (h, w, 3) of the same type; None when they are the same.
        back: the other direction.
    """

    there: Callable[[Image], Image] | None = None
    back: Callable[[Image], Image] | None = None


def space_of(samples: Image, icc: bytes | None) -> Space:
    """Choose how samples of this shape and type, with this profile, reach the working space.

    A profile that cannot be read is as none: its bytes are carried all the same.
    """
    inks = samples.ndim == 3 and samples.shape[2] == 4
    if samples.ndim == 2:
        return Space()
    matrix = read_matrix_profile(icc) if icc and not inks else None
    if matrix is not None and (samples.dtype != np.uint8):
        return Space() if matrix.is_srgb else Space(_by_matrix(matrix.to_srgb), _by_matrix(matrix.from_srgb))
    if icc and not (matrix is not None and matrix.is_srgb):
        transforms = _transforms(icc, "CMYK" if inks else "RGB")
        if transforms:
            return Space(*map(_by_cms, transforms))
    return Space(_inks_to_rgb, _rgb_to_inks) if inks else Space()


def to_working(samples: Image, space: Space) -> Image:
    """Return samples in the working space, of the same size and type; the same array where nothing changes."""
    if space.there is None:
        return samples
    result = np.empty((*samples.shape[:2], 3), samples.dtype)
    for rows in _strips(len(samples)):
        result[rows] = space.there(samples[rows])
    return result


def bring_home(own: Image, restored: Image, space: Space) -> Image:
    """Return the restored working picture in the file's own colours.

    Args:
        own: samples as the file has them.
        restored: the working picture after restoration, of the size of `own` or enlarged from it.
        space: that `to_working` used.
    """
    if space.there is None or space.back is None:
        return restored
    height, width = restored.shape[:2]
    result = np.empty((height, width, *own.shape[2:]), own.dtype)
    top = np.iinfo(own.dtype).max
    factor = height / own.shape[0]
    for rows in _strips(height):
        before = own[rows] if factor == 1 else _enlarged(own, rows, factor, width)
        lost = before.astype(np.int32) - space.back(space.there(before))
        result[rows] = np.clip(space.back(restored[rows]) + lost, 0, top)
    return result


def to_rgb(samples: Image, icc: bytes | None) -> Image:
    """Return samples as three channels: inks through their profile, gray repeated, RGB as it is."""
    if samples.ndim == 2:
        return np.repeat(samples[:, :, None], 3, axis=2)
    return to_working(samples, space_of(samples, icc)) if samples.shape[2] == 4 else samples


def _strips(height: int) -> list[slice]:
    return [slice(top, min(top + _STRIP, height)) for top in range(0, height, _STRIP)]


def _enlarged(own: Image, rows: slice, factor: float, width: int) -> Image:
    """Return the rows of the enlarged original, each from the row that it comes from."""
    sources = np.minimum((np.arange(rows.start, rows.stop) + 0.5) / factor, own.shape[0] - 1).astype(int)
    return cv2.resize(own[sources], (width, len(sources)), interpolation=cv2.INTER_LINEAR)


def _by_matrix(convert: Callable[[FloatImage], FloatImage]) -> Callable[[Image], Image]:
    return lambda samples: from_float(convert(to_float(samples)), samples.dtype)


@lru_cache(maxsize=8)
def _transforms(icc: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform, ImageCms.ImageCmsTransform] | None:
    """Return the transforms of a profile to sRGB and back; None when it cannot be read or is for another mode."""
    try:
        own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        there = ImageCms.buildTransform(own, srgb, mode, "RGB", intent)
        return there, ImageCms.buildTransform(srgb, own, "RGB", mode, intent)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _by_cms(transform: ImageCms.ImageCmsTransform) -> Callable[[Image], Image]:
    def convert(samples: Image) -> Image:
        narrow = samples if samples.dtype == np.uint8 else (samples >> 8).astype(np.uint8)
        mode = "CMYK" if samples.shape[2] == 4 else "RGB"
        image = PillowImage.fromarray(np.ascontiguousarray(narrow), mode)
        converted = np.asarray(ImageCms.applyTransform(image, transform))
        return converted if samples.dtype == np.uint8 else converted.astype(samples.dtype) * 257

    return convert


def _inks_to_rgb(samples: Image) -> Image:
    inks = to_float(samples)
    return from_float((1 - inks[:, :, :3]) * (1 - inks[:, :, 3:]), samples.dtype)


def _rgb_to_inks(samples: Image) -> Image:
    lack = 1 - to_float(samples)
    black = lack.min(axis=2, keepdims=True)
    colours: npt.NDArray[np.float32] = (lack - black) / np.maximum(1 - black, 1e-6)
    return from_float(np.concatenate([colours, black], axis=2), samples.dtype)
