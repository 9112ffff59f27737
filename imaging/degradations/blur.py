"""Blurs: what lenses, hands and printing presses do before the picture is sampled."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from imaging.degradations.fields import Field, diagonal
from imaging.degradations.parameters import Parameters, Span, span
from imaging.degradations.registry import Image, degradation


def _filtered(image: Image, kernel: Field) -> Image:
    """Return the picture filtered by a kernel that sums to 1; edges mirror, so that they do not darken."""
    result = cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
    filtered = result.reshape(image.shape).astype(np.float32, copy=False)
    return np.clip(filtered, 0.0, 1.0, out=filtered)


def gaussian_kernel(sigma_along: float, sigma_across: float, angle: float) -> Field:
    """Return a Gaussian kernel with its long axis at `angle` degrees; it sums to 1."""
    reach = max(1, math.ceil(3 * max(sigma_along, sigma_across)))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    turn = math.radians(angle)
    along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    kernel = np.exp(-0.5 * ((along / max(sigma_along, 1e-3)) ** 2 + (across / max(sigma_across, 1e-3)) ** 2))
    return (kernel / kernel.sum()).astype(np.float32)


def disk_kernel(radius: float) -> Field:
    """Return a disk whose rim is weighted by its coverage of a pixel; it sums to 1."""
    reach = max(1, math.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0.0, 1.0)
    return (kernel / kernel.sum()).astype(np.float32)


def motion_kernel(length: float, angle: float, bend: float) -> Field:
    """Return the path of a shaken camera, an arc of `length` pixels; it sums to 1 and is centred on its mass.

    Args:
        length: pixels that a point travels while the shutter is open.
        angle: direction in degrees.
        bend: degrees by which the direction turns on the way; 0 is a straight line.
    """
    samples = max(2, 8 * math.ceil(length))
    heading = np.radians(angle + bend * np.linspace(-0.5, 0.5, samples))
    step = length / samples
    x, y = np.cumsum(np.cos(heading)) * step, np.cumsum(np.sin(heading)) * step
    x, y = x - x.mean(), y - y.mean()
    reach = max(1, math.ceil(max(np.abs(x).max(), np.abs(y).max())) + 1)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for down in (0, 1):
        for right in (0, 1):
            weight = np.abs(1 - down - (y - top)) * np.abs(1 - right - (x - left))
            np.add.at(kernel, (top + reach + down, left + reach + right), weight)
    return _trimmed(kernel / kernel.sum())


def _trimmed(kernel: npt.NDArray[np.float64]) -> Field:
    """Return a kernel without rows and columns that are empty on both sides: cv2 convolves small kernels directly."""
    reach = kernel.shape[0] // 2
    rows, columns = (np.flatnonzero(kernel.any(axis=axis)) - reach for axis in (1, 0))
    down, right = int(np.abs(rows).max()), int(np.abs(columns).max())
    return kernel[reach - down : reach + down + 1, reach - right : reach + right + 1].astype(np.float32)


class GaussianBlur(Parameters):
    """`sigma` in pixels."""

    sigma_range: Span = span(0.4, 3.0, within=(0.0, 30.0))


@degradation(GaussianBlur, theme="blur", ladder={"sigma": [0.6, 1.0, 1.8, 3.0, 5.0]}, weakest={"sigma": 0.0})
def gaussian_blur(image: Image, *, sigma: float, rng: np.random.Generator) -> Image:
    """Return the picture blurred by an isotropic Gaussian: the stand-in for most optics.

    References: Wang et al. 2021, "Real-ESRGAN", section 3.1.
    """
    if sigma < 0.1:
        return image.copy()
    size = 2 * max(1, math.ceil(3 * sigma)) + 1
    blurred = cv2.GaussianBlur(image, (size, size), sigma, borderType=cv2.BORDER_REFLECT_101)
    # float32 weights sum to 1 only nearly, and white must stay white.
    degraded = blurred.reshape(image.shape).astype(np.float32, copy=False)
    return np.minimum(degraded, np.float32(1.0), out=degraded)


class AnisotropicBlur(Parameters):
    """`sigma` across the axis in pixels, `stretch` times as much along it, the axis at `angle` degrees."""

    sigma_range: Span = span(0.3, 2.0, within=(0.0, 20.0))
    stretch_range: Span = span(1.2, 4.0, within=(1.0, 10.0))
    angle_range: Span = span(0.0, 180.0, within=(0.0, 180.0))


@degradation(
    AnisotropicBlur,
    theme="blur",
    ladder={"sigma": [0.5, 0.7, 1.0, 1.5, 2.0], "stretch": [1.3, 1.8, 2.2, 2.6, 3.0]},
    weakest={"sigma": 0.1, "stretch": 1.0},
)
def anisotropic_blur(image: Image, *, sigma: float, stretch: float, angle: float, rng: np.random.Generator) -> Image:
    """Return the picture blurred by an oblong Gaussian: astigmatism, or a slightly moving camera.

    References: Zhang et al. 2021, "Designing a practical degradation model", section 3.1.
    """
    return _filtered(image, gaussian_kernel(sigma * stretch, sigma, angle))


class DefocusBlur(Parameters):
    """`radius` of the circle of confusion in pixels."""

    radius_range: Span = span(0.8, 5.0, within=(0.0, 60.0))


@degradation(DefocusBlur, theme="blur", ladder={"radius": [0.9, 1.6, 2.8, 4.5, 7.0]}, weakest={"radius": 0.0})
def defocus_blur(image: Image, *, radius: float, rng: np.random.Generator) -> Image:
    """Return the picture out of focus: each point becomes a disk, the image of the aperture.

    References: Goodman, "Introduction to Fourier Optics", section 6.4 (geometrical limit).
    """
    return _filtered(image, disk_kernel(radius))


class MotionBlur(Parameters):
    """`length` of the path in pixels, its `angle` and its `bend` in degrees."""

    length_range: Span = span(2.0, 25.0, within=(0.0, 200.0))
    angle_range: Span = span(0.0, 360.0, within=(0.0, 360.0))
    bend_range: Span = span(-90.0, 90.0, within=(-360.0, 360.0))


@degradation(MotionBlur, theme="blur", ladder={"length": [2.5, 5.0, 9.0, 15.0, 25.0]}, weakest={"length": 0.0})
def motion_blur(image: Image, *, length: float, angle: float, bend: float, rng: np.random.Generator) -> Image:
    """Return the picture smeared along a straight or curved path: camera shake.

    References: Levin et al. 2009, "Understanding and evaluating blind deconvolution", section 2.
    """
    return _filtered(image, motion_kernel(length, angle, bend))


class OutOfRegister(Parameters):
    """`shift` of the colour plates in thousandths of the diagonal, `angle` of the first plate's shift in degrees."""

    shift_range: Span = span(0.3, 2.5, within=(0.0, 20.0))
    angle_range: Span = span(0.0, 360.0, within=(0.0, 360.0))


@degradation(OutOfRegister, theme="blur", ladder={"shift": [0.4, 0.8, 1.4, 2.2, 3.5]}, weakest={"shift": 0.0})
def out_of_register(image: Image, *, shift: float, angle: float, rng: np.random.Generator) -> Image:
    """Return the picture with red and blue shifted against green: misaligned plates, or a scan in three passes."""
    pixels = shift * diagonal(image) / 1000.0
    shifted = image.copy()
    for channel, turn in ((0, 0.0), (2, 150.0)):
        heading = math.radians(angle + turn)
        matrix = np.array([[1, 0, pixels * math.cos(heading)], [0, 1, pixels * math.sin(heading)]])
        moved = cv2.warpAffine(
            np.ascontiguousarray(image[:, :, channel]),
            matrix,
            (image.shape[1], image.shape[0]),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        shifted[:, :, channel] = moved
    return shifted
