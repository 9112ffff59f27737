"""What a picture's own statistics say about its quality where no truth exists.

None of these says that a restoration is right; together they show what it did: noise down, sharpness kept, exposure
moved. They are printed before and after.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from imagic_models.baselines.noise import noise_sigma
from imagic_models.metrics import colourfulness
from imaging.pixels import FloatImage, Image

STATISTICS = (
    "sharpness",
    "noise",
    "naturalness",
    "mean_luma",
    "dark_share",
    "bright_share",
    "contrast",
    "colourfulness",
)


def statistics(image: FloatImage) -> dict[str, float]:
    """Return the statistics of a picture by name.

    Args:
        image: float32 HWC RGB or HW gray, [0, 1].

    Returns:
        sharpness: mean gradient over the noise's own share of it, grey levels a pixel.
        noise: deviation of white noise, grey levels.
        naturalness: shape of the normalised contrasts' distribution: about 2 to 3 for a good photograph, lower with
            blur and stains, higher with noise (the first feature of NIQE, without its fitted model).
        mean_luma: 0 to 255. dark_share, bright_share: pixels under 5 or over 250. contrast: 1st to 99th percentile.
        colourfulness: after Hasler and Süsstrunk.
    """
    plane = np.clip(_gray(image), 0.0, 1.0) * 255
    noise = 255 * noise_sigma((plane / 255).astype(np.float32))
    low, high = np.percentile(plane, (1, 99))
    return {
        "sharpness": _sharpness(plane, noise),
        "noise": noise,
        "naturalness": contrast_shape(plane),
        "mean_luma": float(plane.mean()),
        "dark_share": float(np.mean(plane < 5)),
        "bright_share": float(np.mean(plane > 250)),
        "contrast": float(high - low),
        "colourfulness": colourfulness(image),
    }


def contrast_shape(plane: Image) -> float:
    """Return the exponent of the generalised Gaussian that fits the mean-subtracted, contrast-normalised values.

    Args:
        plane: HW, 0 to 255.

    References:
        Mittal, Soundararajan, Bovik, "Making a completely blind image quality analyzer", 2013, equations 1 to 4; the
        fit by moments is Sharifi and Leon-Garcia's, 1995.
    """
    plane = np.asarray(plane, np.float32)
    mean = cv2.GaussianBlur(plane, (7, 7), 7 / 6)
    deviation = np.sqrt(np.abs(cv2.GaussianBlur(plane * plane, (7, 7), 7 / 6) - mean * mean))
    values = (plane - mean) / (deviation + 1)
    absolute, square = float(np.abs(values).mean()), float(np.square(values).mean())
    if square < 1e-6:
        return math.nan
    return float(_SHAPES[np.argmin(np.abs(_RATIOS - absolute**2 / square))])


def _sharpness(plane: Image, noise: float) -> float:
    """Return the mean squared central difference, less what white noise adds to it, as a root."""
    if min(plane.shape) < 3:
        return 0.0
    across, down = (plane[1:-1, 2:] - plane[1:-1, :-2]) / 2, (plane[2:, 1:-1] - plane[:-2, 1:-1]) / 2
    return math.sqrt(max(float(np.mean(across**2 + down**2)) - noise**2, 0.0))


def _gray(image: FloatImage) -> FloatImage:
    return image if image.ndim == 2 else image @ np.array([0.299, 0.587, 0.114], np.float32)


_SHAPES = np.arange(0.2, 10.0, 0.01)
_RATIOS = np.array([math.gamma(2 / a) ** 2 / (math.gamma(1 / a) * math.gamma(3 / a)) for a in _SHAPES])
