"""Loss of resolution: shrinking with and without coming back, and the loss of colour."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as pillow

from imaging.degradations.light import luminance
from imaging.degradations.parameters import Parameters, Span, WholeSpan, choices, span
from imaging.degradations.registry import Image, degradation

# Pillow widens each filter by the scale when it shrinks, as MATLAB's imresize does and cv2.resize does not.
_FILTERS = {
    "area": pillow.Resampling.BOX,
    "bilinear": pillow.Resampling.BILINEAR,
    "bicubic": pillow.Resampling.BICUBIC,
    "lanczos": pillow.Resampling.LANCZOS,
}


def resized(image: Image, size: tuple[int, int], method: str) -> Image:
    """Return the picture at (height, width), antialiased, clipped to [0, 1].

    Args:
        image: float32 HWC in [0, 1].
        size: the new height and width.
        method: area, bilinear, bicubic or lanczos.
    """
    height, width = size
    planes: list[npt.NDArray[np.float32]] = []
    for channel in range(image.shape[2]):
        plane = pillow.fromarray(np.ascontiguousarray(image[:, :, channel]))
        planes.append(np.asarray(plane.resize((width, height), _FILTERS[method]), np.float32))
    stacked: Image = np.stack(planes, axis=2)
    return np.clip(stacked, 0.0, 1.0, out=stacked)


def downscaled_size(size: tuple[int, int], factor: int) -> tuple[int, int]:
    """Return the height and width after shrinking by `factor`: rounded up, so that enlarging covers the original."""
    return -(-size[0] // factor), -(-size[1] // factor)


class Downscale(Parameters):
    """`factor` is whole; `method` is area, bilinear, bicubic (as MATLAB and Pillow) or lanczos."""

    factor_range: WholeSpan = span(2, 2, within=(1, 16))
    method_choices: tuple[str, ...] = choices("bicubic", "area", "bilinear", "lanczos")


@degradation(
    Downscale,
    theme="resample",
    ladder={"factor": [1, 2, 3, 4, 8], "method": ["bicubic"] * 5},
    weakest=None,
    resizes=True,
)
def downscale(image: Image, *, factor: int, method: str, rng: np.random.Generator) -> Image:
    """Return the picture `factor` times smaller, antialiased: the input of super-resolution.

    Sides that are no multiple of `factor` are first continued by their last pixels, so that the scale is exact.

    References: Keys 1981, "Cubic convolution interpolation"; the `imresize` of MATLAB.
    """
    height, width = downscaled_size((image.shape[0], image.shape[1]), factor)
    below, right = height * factor - image.shape[0], width * factor - image.shape[1]
    if below or right:
        image = np.pad(image, ((0, below), (0, right), (0, 0)), mode="edge")
    return resized(image, (height, width), method)


_ENLARGERS = {
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
    "nearest": cv2.INTER_NEAREST,
}


class ResolutionLoss(Parameters):
    """`factor` by which the picture shrinks, by areas, before it is enlarged to its old size by `method`."""

    factor_range: Span = span(1.2, 4.0, within=(1.0, 16.0))
    method_choices: tuple[str, ...] = choices("bicubic", "bilinear", "lanczos", "nearest")


@degradation(
    ResolutionLoss,
    theme="resample",
    ladder={"factor": [1.3, 1.8, 2.5, 3.5, 5.0], "method": ["bicubic"] * 5},
    weakest={"factor": 1.0},
)
def resolution_loss(image: Image, *, factor: float, method: str, rng: np.random.Generator) -> Image:
    """Return the picture shrunk and enlarged again: a small scan passed off as a large one."""
    height, width = image.shape[:2]
    small = cv2.resize(
        image, (max(1, round(width / factor)), max(1, round(height / factor))), interpolation=cv2.INTER_AREA
    )
    large = cv2.resize(small, (width, height), interpolation=_ENLARGERS[method])
    degraded = large.reshape(image.shape).astype(np.float32, copy=False)
    return np.clip(degraded, 0.0, 1.0, out=degraded)


class Grayscale(Parameters):
    """`strength` 1 removes all colour."""

    strength_range: Span = span(1.0, 1.0)


@degradation(Grayscale, theme="resample", ladder={"strength": [0.2, 0.4, 0.6, 0.8, 1.0]}, weakest={"strength": 0.0})
def grayscale(image: Image, *, strength: float, rng: np.random.Generator) -> Image:
    """Return the picture without its colour, in three equal channels: the input of colorization.

    References: ITU-R BT.601, luma.
    """
    gray = luminance(image)
    if strength < 1.0:
        gray *= np.float32(strength)
        gray += image * np.float32(1.0 - strength)
    return np.clip(gray, 0.0, 1.0, out=gray)
