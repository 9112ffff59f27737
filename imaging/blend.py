"""How much of a restoration is taken: mixing, texture put back, a final stretch; in strips, to spare memory."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from imaging.pixels import FloatImage, Image, from_float, to_float

_STRIP = 256
_HALO = 16
_SAMPLE = 1_000_000  # pixels that a histogram is taken from


def mix(base: Image, restored: Image, strength: float) -> Image:
    """Return `base` moved towards `restored` by `strength` (0 to 1).

    Args:
        base: (h, w[, C]); enlarged when `restored` is larger, repeated when that has colours and this has none.
        restored: (H, W[, C]) of the same type. Returned itself at strength 1.
        strength: the share of `restored`.
    """
    if strength >= 1:
        return restored
    base = _fitted(base, restored)
    mixed = np.empty_like(restored)
    for rows, _ in _strips(len(restored), 0):
        was, now = to_float(base[rows]), to_float(restored[rows])
        mixed[rows] = from_float(was + np.float32(strength) * (now - was), restored.dtype)
    return mixed


def put_texture_back(original: Image, restored: Image, amount: float) -> Image:
    """Return the restored picture with a share of what was taken away, where the picture has structure.

    What restoration removed is original - restored. On flat ground that is noise; along the structure of faces, cloth
    and brushwork it is texture too. The share is `amount` times a weight from 0 on flat ground to 1 where the restored
    picture's own local contrast, measured after a slight blur, is 6 gray levels or more.

    Args:
        original: the picture before; enlarged when the restored one is larger.
        restored: the picture after, of the same type.
        amount: 0 to 1; at 0 the restored picture itself is returned.
    """
    if amount <= 0:
        return restored
    original = _fitted(original, restored)
    result = np.empty_like(restored)
    for rows, (seen, inner) in _strips(len(restored), _HALO):
        was, now = to_float(original[seen]), to_float(restored[seen])
        weight = _structure(now) * np.float32(amount)
        if now.ndim == 3:
            weight = weight[:, :, None]
        result[rows] = from_float((now + weight * (was - now))[inner], restored.dtype)
    return result


def _structure(image: FloatImage) -> FloatImage:
    """Return (h, w) weights in [0, 1]: local standard deviation of the luminance over 9 x 9 pixels, 0 below 2/255."""
    gray = image if image.ndim == 2 else image.mean(axis=2)
    gray = cv2.GaussianBlur(gray, (0, 0), 1.0)
    mean = cv2.blur(gray, (9, 9))
    deviation = np.sqrt(np.maximum(cv2.blur(gray * gray, (9, 9)) - mean * mean, 0))
    ramp: FloatImage = np.clip((deviation * 255 - 2) / 4, 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def stretch(image: Image, percent: float) -> Image:
    """Spread the histogram so that `percent` of the samples clip at either end; one curve, so hues stay.

    Args:
        image: uint8 or uint16, (H, W) or (H, W, C).
        percent: 0 <= percent < 50; at 0 the picture itself is returned. A picture of one value is returned as it is.
    """
    if percent <= 0:
        return image
    step = max(1, int((image.shape[0] * image.shape[1] / _SAMPLE) ** 0.5))
    low, high = np.percentile(image[::step, ::step], (percent, 100 - percent))
    if high <= low:
        return image
    top = np.iinfo(image.dtype).max
    table = np.clip((np.arange(top + 1) - low) / (high - low), 0, 1)
    curve = np.rint(table * top).astype(image.dtype)
    return curve[image]


def _fitted(base: Image, restored: Image) -> Image:
    """Return `base` in the size and with the channels of `restored`."""
    if base.ndim < restored.ndim:
        base = np.repeat(base[:, :, None], restored.shape[2], axis=2)
    height, width = restored.shape[:2]
    if base.shape[:2] != (height, width):
        base = cv2.resize(base, (width, height), interpolation=cv2.INTER_CUBIC)
    return base


def _strips(height: int, halo: int) -> Iterator[tuple[slice, tuple[slice, slice]]]:
    """Yield the rows of each strip, the rows to look at for it, and where the former lie within the latter."""
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        above, below = max(0, top - halo), min(height, bottom + halo)
        yield slice(top, bottom), (slice(above, below), slice(top - above, bottom - above))
