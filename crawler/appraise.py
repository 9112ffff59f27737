"""What an image is worth before it enters the catalogue: size by its header, hash, and how degraded it already is.

Estimates are columns to choose by, not verdicts; only what is too small, too large, unreadable or truncated is refused.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from crawler.store import is_complete, sniff
from imaging.phash import phash

Gray = npt.NDArray[np.uint8]

# Luma quantisation table of ITU-T T.81 Annex K, table K.1: only its sum is needed to find the scale in use.
_STANDARD_LUMA_SUM = 3689
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_CROP = 512


class UnusableImage(Exception):
    """The bytes are no image that can be kept; `args[0]` is the reason in one word."""


@dataclass(frozen=True)
class Header:
    """What the file says of itself before any pixel is decoded."""

    format: str
    width: int
    height: int
    jpeg_quality: int


@dataclass(frozen=True)
class Appraisal:
    """Hash and quality estimates of one image; see `ManifestRow` for the meaning and the units."""

    phash: str
    blur: float
    noise: float
    quality: float
    blank: bool


def read_header(data: bytes, *, min_size: int, max_pixels: int) -> Header:
    """Check kind and size by the first bytes and the header alone.

    Raises:
        UnusableImage: "not-an-image", "too-small", "too-many-pixels" or "truncated".
    """
    image_format = sniff(data)
    if not image_format:
        raise UnusableImage("not-an-image")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[image_format.upper()]) as image:
                width, height = image.size
                quality = estimate_jpeg_quality(getattr(image, "quantization", {}))
    except Image.DecompressionBombError as error:
        raise UnusableImage("too-many-pixels") from error
    except Exception as error:
        raise UnusableImage("not-an-image") from error
    if width * height > max_pixels:
        raise UnusableImage("too-many-pixels")
    if min(width, height) < min_size:
        raise UnusableImage("too-small")
    if not is_complete(data, image_format):
        raise UnusableImage("truncated")
    return Header(image_format, width, height, quality)


def appraise(data: bytes, header: Header) -> Appraisal:
    """Decode once in gray and measure; releases the interpreter's lock while it decodes.

    Raises:
        UnusableImage: "undecodable".
    """
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    gray = _decode_with_pillow(data) if decoded is None else decoded.astype(np.uint8, copy=False)
    middle = _middle(gray)
    blur, noise = estimate_blur(middle), estimate_noise(middle)
    small = _reduced(gray)
    return Appraisal(
        phash=phash(small),
        blur=round(blur, 4),
        noise=round(noise, 3),
        quality=round(overall_quality(blur, noise, header.jpeg_quality), 1),
        blank=is_blank(small),
    )


def is_blank(gray: Gray) -> bool:
    """Whether nearly all of a 64 x 64 thumbnail lies within 6 steps of its median: an empty page, a placeholder."""
    small = cv2.resize(gray, (64, 64), interpolation=cv2.INTER_AREA).astype(np.int16)
    return bool(np.mean(np.abs(small - np.median(small)) <= 6) > 0.95)


def estimate_blur(gray: Gray) -> float:
    """Blur from 0 (sharp) to 1, the worse of both directions.

    Compares the variation between neighbours with what is left of it after a 9-tap mean: a sharp picture loses much,
    a blurred one little (Crete, Dolmiere, Ladret, Nicolas 2007, "The blur effect", equations 1 to 8).
    """
    # In sixteen bits the differences saturate at zero, which is the equations' max(0, .), and nothing is rounded.
    image = gray.astype(np.uint16) * np.uint16(256)
    return max(_blur_along_rows(image), _blur_along_rows(np.ascontiguousarray(image.T)))


def estimate_noise(gray: Gray) -> float:
    """Standard deviation of noise in 8-bit steps.

    The Laplacian difference mask of Immerkaer 1996 ("Fast noise variance estimation"), with the median of absolute
    deviations (Donoho 1995, divided by 0.6745) in place of the mean, so that texture weighs less.
    """
    if min(gray.shape) < 3:
        return 0.0
    response = np.abs(cv2.filter2D(gray, cv2.CV_16S, _NOISE_KERNEL)[1:-1, 1:-1])
    # The median of whole numbers, read from their histogram; sorted in with its neighbours to a fraction of a step.
    counts = np.cumsum(np.bincount(response.ravel()))
    middle = int(np.searchsorted(counts, counts[-1] / 2))
    below = int(counts[middle - 1]) if middle else 0
    fraction = (counts[-1] / 2 - below) / (counts[middle] - below)
    return float(max(0.0, middle - 0.5 + fraction) / 0.6745 / 6.0)


def estimate_jpeg_quality(tables: dict[int, list[int]]) -> int:
    """The quality setting 1..100 whose scaled standard table comes closest; 100 without tables (not a JPEG)."""
    if not tables:
        return 100
    scale = 100.0 * sum(tables[min(tables)]) / _STANDARD_LUMA_SUM
    quality = (200.0 - scale) / 2.0 if scale <= 100.0 else 5000.0 / scale
    return int(np.clip(round(quality), 1, 100))


def overall_quality(blur: float, noise: float, jpeg_quality: int) -> float:
    """0..100, the weakest of three: blur 0.3 or less and noise 1 or less count as flawless, 0.8 and 20 as hopeless."""
    sharpness = np.interp(blur, [0.3, 0.8], [100.0, 0.0])
    purity = np.interp(noise, [1.0, 20.0], [100.0, 0.0])
    return float(min(sharpness, purity, jpeg_quality))


def _blur_along_rows(image: npt.NDArray[np.uint16]) -> float:
    before = cv2.absdiff(image[:, 1:], image[:, :-1])
    smooth = cv2.blur(image, (9, 1))
    lost = cv2.subtract(before, cv2.absdiff(smooth[:, 1:], smooth[:, :-1]))
    total = cv2.sumElems(before)[0] if before is not None and before.size else 0.0
    return (total - cv2.sumElems(lost)[0]) / total if total else 1.0


def _middle(gray: Gray) -> Gray:
    """The central part, at most 512 x 512: enough for the estimates, and bounded in time."""
    top, left = (max(0, (side - _CROP) // 2) for side in gray.shape)
    return gray[top : top + _CROP, left : left + _CROP]


def _reduced(gray: Gray) -> Gray:
    """The whole picture averaged down by a whole number to 256..511 pixels a side: three times faster than in one go.

    At most two of the hash's 64 bits change by it.
    """
    factor = min(gray.shape) // 256
    if factor < 2:
        return gray
    height, width = (side // factor for side in gray.shape)
    whole = gray[: height * factor, : width * factor]
    return cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _decode_with_pillow(data: bytes) -> Gray:
    """For the TIFF and WebP kinds that OpenCV does not know."""
    try:
        with Image.open(io.BytesIO(data), formats=[sniff(data).upper()]) as image:
            return np.asarray(image.convert("L"))
    except Exception as error:
        raise UnusableImage("undecodable") from error
