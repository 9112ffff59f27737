"""Classical denoisers: non-local means, the median, and the switching median for impulses."""

from __future__ import annotations

import cv2
import numpy as np

from imagic_models.baselines.baseline import Known, Restore, on_bytes
from imaging.pixels import FloatImage, Image

# OpenCV's filter strength against the noise's sigma; 0.8 is the published rows' choice.
_STRENGTH = 0.8
_IMPULSE_WINDOWS = (3, 5, 7, 9)


def non_local_means(image: FloatImage, known: Known) -> FloatImage:
    """Return OpenCV's non-local means with h = 0.8 sigma; sigma is estimated where it is not known.

    References:
        Buades, Coll, Morel, "Non-local means denoising", 2011.
    """
    sigma = known["sigma"] if "sigma" in known else noise_sigma(image)
    strength = float(_STRENGTH * 255 * sigma)
    if image.ndim == 2:
        return on_bytes(lambda pixels: cv2.fastNlMeansDenoising(pixels, None, strength, 7, 21), image)
    return on_bytes(lambda pixels: _colour_means(pixels, strength), image)


def _colour_means(pixels: Image, strength: float) -> Image:
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return cv2.cvtColor(cv2.fastNlMeansDenoisingColored(bgr, None, strength, strength, 7, 21), cv2.COLOR_BGR2RGB)


def noise_sigma(image: FloatImage) -> float:
    """Return the deviation of white noise, [0, 1], estimated on the finest diagonal details; 0 for tiny pictures.

    References:
        Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", 1994: median(|detail|) / 0.6745.
    """
    even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
    detail = 0.5 * (even[::2, ::2] - even[1::2, ::2] - even[::2, 1::2] + even[1::2, 1::2])
    return float(np.median(np.abs(detail)) / 0.6745) if detail.size else 0.0


def median(image: FloatImage, known: Known) -> FloatImage:
    """Return the median over the window that suits the share of black and white pixels: 3, 5 or 7."""
    share = float(np.mean(impulses(image)))
    return median_of(3 if share < 0.2 else 5 if share < 0.4 else 7)(image, known)


def median_of(window: int) -> Restore:
    """Return the plain median filter of one window."""
    return lambda image, known: on_bytes(lambda pixels: cv2.medianBlur(pixels, window), image)


def impulses(image: FloatImage) -> np.ndarray:
    """Return which pixels are black or white in all channels and stand alone in that, HW bool.

    Skies and shadows are black or white too. Impulses of both kinds are equally many, so the rarer kind gives their
    density; where a 5 x 5 window is full of one kind, beyond what that density can explain, they are picture.
    """
    black, white = (_all_channels(side) for side in (image <= 0.5 / 255, image >= 254.5 / 255))
    density = min(float(black.mean()), float(white.mean()))
    return np.asarray((black & ~_crowded(black, density)) | (white & ~_crowded(white, density)))


def _all_channels(extreme: np.ndarray) -> np.ndarray:
    return extreme if extreme.ndim == 2 else np.asarray(extreme.all(axis=2))


def _crowded(extreme: np.ndarray, density: float) -> np.ndarray:
    """Return where a 5 x 5 window holds ten of its pixels, and six deviations above the count to be expected."""
    expected = 25 * density
    most = max(expected + 6 * np.sqrt(expected * (1 - density)), 10.0)
    return cv2.boxFilter(extreme.astype(np.float32), -1, (5, 5), normalize=False) > most


def switching_median(image: FloatImage, known: Known) -> FloatImage:
    """Replace only the hit pixels, by the median of the unhit ones in the smallest window (3 to 9) that holds any.

    A pixel is hit when all its channels are extreme and it is no part of a black or white area. Every other pixel
    stays as it is, which is worth many dB over the plain median at 10 % of impulses.

    References:
        Sun and Neuvo, "Detail-preserving median based filters in image processing", 1994 (the switch); here the
        median leaves the hit neighbours out.
    """
    hit = impulses(image)
    restored = image.copy()
    rows, columns = np.nonzero(hit)
    for window in _IMPULSE_WINDOWS:
        if rows.size == 0:
            break
        values, found = _medians_of_unhit(image, hit, rows, columns, window)
        restored[rows[found], columns[found]] = values[found]
        rows, columns = rows[~found], columns[~found]
    return restored


def _medians_of_unhit(
    image: FloatImage, hit: np.ndarray, rows: np.ndarray, columns: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (median of the unhit neighbours per place and channel, whether there were any)."""
    half = window // 2
    planes = np.where(hit[..., None], np.nan, image.reshape(*image.shape[:2], -1))
    padded = np.pad(planes, ((half, half), (half, half), (0, 0)), mode="symmetric")
    shifts = [(dy, dx) for dy in range(window) for dx in range(window)]
    around = np.stack([padded[rows + dy, columns + dx] for dy, dx in shifts])
    found = np.isfinite(around[..., 0]).any(axis=0)
    around[:, ~found] = 0
    values = np.nanmedian(around, axis=0).astype(np.float32)
    return (values if image.ndim == 3 else values[:, 0]), found
