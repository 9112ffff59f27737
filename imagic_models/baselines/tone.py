"""Classical tone and colour: gamma, histogram stretch, the CLAHE chain, white balance."""

from __future__ import annotations

import cv2
import numpy as np

from imagic_models.baselines.baseline import Known, on_bytes
from imaging.pixels import FloatImage, Image

_MIDDLE_GRAY = 0.45
_GAMMAS = (0.25, 4.0)


def gamma(image: FloatImage, known: Known) -> FloatImage:
    """Return the power curve that brings the mean to middle gray: a fixed 0.4 suits dark pictures only."""
    clipped = np.clip(image, 0.0, 1.0)
    mean = min(max(float(clipped.mean()), 1e-4), 0.9999)
    exponent = float(np.clip(np.log(_MIDDLE_GRAY) / np.log(mean), *_GAMMAS))
    return clipped ** np.float32(exponent)


def stretch(image: FloatImage, known: Known) -> FloatImage:
    """Return the picture stretched between its 1st and 99th percentile, all channels alike (hackvento's first step)."""
    low, high = (float(value) for value in np.percentile(image, (1, 99)))
    if high - low < 1e-3:
        return image
    return np.clip((image - np.float32(low)) / np.float32(high - low), 0.0, 1.0)


def clahe_chain(image: FloatImage, known: Known) -> FloatImage:
    """Return CLAHE on L, light denoising, gamma and mild sharpening: the enhancer of AI Image Enhancement Studio."""
    contrasted = on_bytes(_clahe, image)
    denoised = on_bytes(lambda pixels: cv2.bilateralFilter(pixels, 5, 20, 5), contrasted)
    brightened = gamma(denoised, known) if float(denoised.mean()) < 0.35 else denoised
    softened = cv2.GaussianBlur(brightened, (0, 0), 1.5)
    return np.clip(brightened + np.float32(0.3) * (brightened - softened), 0.0, 1.0)


def _clahe(pixels: Image) -> Image:
    equalise = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8))
    if pixels.ndim == 2:
        return equalise.apply(pixels)
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    lab[..., 0] = equalise.apply(np.ascontiguousarray(lab[..., 0]))
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def white_balance(image: FloatImage, known: Known) -> FloatImage:
    """Return the picture with its illuminant made neutral, its brightness kept; gray pictures stay as they are.

    References:
        Finlayson and Trezzi, "Shades of gray and colour constancy", 2004: the Minkowski mean of order 6.
    """
    if image.ndim == 2:
        return image
    clipped = np.clip(image, 0.0, 1.0)
    illuminant = np.mean(clipped.astype(np.float64) ** 6, axis=(0, 1)) ** (1 / 6)
    gains = illuminant.mean() / np.maximum(illuminant, 1e-3)
    return np.clip(clipped * gains.astype(np.float32), 0.0, 1.0)
