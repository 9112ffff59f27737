"""Classical repair: deconvolution of a known blur, and inpainting of scratches found by morphology."""

from __future__ import annotations

import cv2
import numpy as np

from imagic_models.baselines.baseline import Known, on_bytes, on_planes
from imagic_models.metrics import luma
from imaging.pixels import FloatImage, Image

_ITERATIONS = 30
_LOST_GRADIENTS = 2.0


def wiener(image: FloatImage, known: Known) -> FloatImage:
    """Return the Wiener filter for `known["psf"]` and the noise of `known["sigma"]` (one grey level where unknown).

    References:
        Wiener, "Extrapolation, interpolation, and smoothing of stationary time series", 1949, with the 1/f^2 power
        spectrum of natural pictures (Field, 1987), scaled by the picture's own gradients.
    """
    psf = np.asarray(known["psf"], np.float64)
    noise = max(float(known.get("sigma", 1 / 255)), 0.5 / 255)
    return on_planes(lambda plane: np.clip(_deconvolved(plane, psf, noise), 0.0, 1.0), image)


def _deconvolved(plane: Image, psf: Image, noise: float) -> Image:
    from skimage.restoration import wiener as filtered

    border = max(16, 2 * max(psf.shape))
    padded = np.pad(plane.astype(np.float64), border, mode="symmetric")
    energy = sum(float(np.mean(np.diff(padded, axis=axis) ** 2)) for axis in (0, 1))
    # The blur has taken part of the gradients that the sharp picture had, and the noise has added its own.
    balance = noise**2 / max(_LOST_GRADIENTS * (energy - 4 * noise**2), noise**2)
    return filtered(padded, psf, balance, reg=_gradient(padded.shape), clip=False)[border:-border, border:-border]


def _gradient(shape: tuple[int, ...]) -> Image:
    """Return the magnitude of the gradient in the half-plane of a real Fourier transform."""
    down, across = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None]
    return (2 * np.hypot(np.sin(np.pi * down), np.sin(np.pi * across))).astype(np.complex128)


def richardson_lucy(image: FloatImage, known: Known) -> FloatImage:
    """Return thirty Richardson-Lucy steps for `known["psf"]`.

    References:
        Richardson, "Bayesian-based iterative method of image restoration", 1972; Lucy, 1974.
    """
    psf = np.asarray(known["psf"], np.float64)
    return on_planes(lambda plane: np.clip(_iterated(plane, psf), 0.0, 1.0), image)


def _iterated(plane: Image, psf: Image) -> Image:
    from skimage.restoration import richardson_lucy as iterate

    border = max(16, 2 * max(psf.shape))
    padded = np.pad(np.clip(plane, 0.0, 1.0).astype(np.float64), border, mode="symmetric")
    return iterate(padded, psf, num_iter=_ITERATIONS, clip=False, filter_epsilon=1e-3)[border:-border, border:-border]


def telea(image: FloatImage, known: Known) -> FloatImage:
    """Return the picture with thin bright and dark streaks inpainted; the mask is detected, never the true one.

    References:
        Telea, "An image inpainting technique based on the fast marching method", 2004.
    """
    mask = scratches(image).astype(np.uint8) * 255
    if not mask.any():
        return image
    return on_bytes(lambda pixels: cv2.inpaint(pixels, mask, 3, cv2.INPAINT_TELEA), image)


def scratches(image: FloatImage) -> np.ndarray:
    """Return where thin lines stand out from their surroundings, HW bool.

    A closing and an opening of 9 pixels show what is thinner than that; of those marks the ones that stand out by
    eight robust deviations, and are long for their area, are taken and widened by a pixel.
    """
    plane = cv2.medianBlur((np.clip(luma(image), 0, 1) * 255).astype(np.uint8), 3).astype(np.float32)
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    found = np.zeros(plane.shape, bool)
    for shape in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        marks = cv2.morphologyEx(plane, shape, element)
        threshold = max(8 * 1.4826 * float(np.median(marks)), 30.0)
        found |= _long_ones(marks > threshold)
    return cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)


def _long_ones(marks: np.ndarray) -> np.ndarray:
    """Keep the connected marks that are at least 25 pixels long and five times as long as wide."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = (length >= 25) & (length**2 >= 5 * stats[:, cv2.CC_STAT_AREA])
    keep[0] = False
    return keep[labels]
