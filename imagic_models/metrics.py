"""How far a restored picture is from the truth, by the literature's own measures.

Every metric takes `(restored, target)`: two float pictures of one shape, HWC RGB or HW gray, [0, 1], and returns a
float. The peak is 1. Which plane is measured and which border is left out is a protocol's business.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from imaging.errors import ImagicError, MisuseError
from imaging.pixels import FloatImage, Image

Metric = Callable[[Image, Image], float]

# ITU-R BT.601 studio luma, as MATLAB's rgb2ycbcr has it: black is 16, white is 235 (of 255).
_LUMA = np.array([65.481, 128.553, 24.966]) / 255.0
_LUMA_BLACK = 16.0 / 255.0
# Wang et al. 2003, "Multiscale structural similarity for image quality assessment", section 3.2.
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_SSIM_WINDOW = 11


def luma(image: Image) -> FloatImage:
    """Return the MATLAB luma plane of an RGB picture, [16/255, 235/255]; a gray picture is its own luma.

    Args:
        image: HWC RGB or HW gray, [0, 1].
    """
    if image.ndim == 2:
        return np.asarray(image, np.float32)
    return (np.asarray(image, np.float64) @ _LUMA + _LUMA_BLACK).astype(np.float32)


def mean_squared_error(restored: Image, target: Image) -> float:
    """Return the mean of the squared differences over all pixels and channels."""
    _same_shape(restored, target)
    return float(np.mean((np.asarray(restored, np.float64) - np.asarray(target, np.float64)) ** 2))


def psnr(restored: Image, target: Image) -> float:
    """Return the peak signal-to-noise ratio in dB, peak 1, over all channels together; infinite for equal pictures."""
    error = mean_squared_error(restored, target)
    return -10.0 * math.log10(error) if error else math.inf


def psnr_gt_mean(restored: Image, target: Image) -> float:
    """Return the PSNR after scaling the result's mean luma to that of the truth.

    Some low-light papers report this figure. It knows the right answer's brightness, which no user has, and adds
    2 to 4.6 dB; it stands beside the plain figure only so that such papers can be compared with.
    """
    brightness = _gray_mean(restored)
    if brightness <= 0:
        return psnr(restored, target)
    return psnr(np.clip(restored * (_gray_mean(target) / brightness), 0.0, 1.0), target)


def ssim(restored: Image, target: Image) -> float:
    """Return the structural similarity, at most 1: Gaussian window of 11 pixels, sigma 1.5, channels averaged.

    References:
        Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004; the borders of
        5 pixels, where the window leaves the picture, do not count, as in the authors' MATLAB file.
    """
    from skimage.metrics import structural_similarity

    _same_shape(restored, target)
    _window_fits(restored, _SSIM_WINDOW)
    similarity: Any = structural_similarity(
        np.asarray(target, np.float64),
        np.asarray(restored, np.float64),
        data_range=1.0,
        channel_axis=2 if target.ndim == 3 else None,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(similarity)


def ms_ssim(restored: Image, target: Image) -> float:
    """Return the multi-scale structural similarity over five scales, channels averaged.

    Raises:
        ImagicError: for pictures under 176 pixels a side, where the window does not fit the coarsest scale.

    References:
        Wang, Simoncelli, Bovik, "Multiscale structural similarity for image quality assessment", 2003, equation 7.
    """
    _same_shape(restored, target)
    _window_fits(restored, _SSIM_WINDOW << (len(_SCALE_WEIGHTS) - 1))
    pairs = zip(_planes(restored), _planes(target), strict=True)
    return float(np.mean([_ms_ssim_plane(left, right) for left, right in pairs]))


def ciede2000(restored: Image, target: Image) -> float:
    """Return the mean colour difference CIEDE2000; about 1 is just noticeable. Gray counts as neutral RGB.

    References:
        Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula", 2005.
    """
    from skimage.color import deltaE_ciede2000

    _same_shape(restored, target)
    return float(np.mean(deltaE_ciede2000(_lab(target), _lab(restored))))


def ab_psnr(restored: Image, target: Image) -> float:
    """Return the PSNR in dB of the Lab planes a and b alone, peak 255; brightness plays no part."""
    error = float(np.mean((_lab(restored)[..., 1:] - _lab(target)[..., 1:]) ** 2))
    return 10.0 * math.log10(255.0**2 / error) if error else math.inf


def lightness_shift(restored: Image, target: Image) -> float:
    """Return the mean absolute change of L (0 to 100): what a colouriser must leave alone."""
    return float(np.mean(np.abs(_lab(restored)[..., 0] - _lab(target)[..., 0])))


def colourfulness(image: Image) -> float:
    """Return the colourfulness of an RGB picture on the 0 to 255 scale: 0 is gray, 59 is "quite colourful".

    References:
        Hasler and Süsstrunk, "Measuring colourfulness in natural images", 2003, section 7.
    """
    red, green, blue = np.moveaxis(np.asarray(_as_rgb(image), np.float64) * 255.0, 2, 0)
    red_green, yellow_blue = red - green, 0.5 * (red + green) - blue
    spread = math.hypot(float(red_green.std()), float(yellow_blue.std()))
    return spread + 0.3 * math.hypot(float(red_green.mean()), float(yellow_blue.mean()))


def colourfulness_ratio(restored: Image, target: Image) -> float:
    """Return the result's colourfulness over that of the truth: 1 is right, below is washed out; NaN for gray truth."""
    wanted = colourfulness(target)
    return colourfulness(restored) / wanted if wanted > 1e-6 else math.nan


def channel_accuracy(restored: Image, target: Image) -> float:
    """Return the share of pixels whose largest channel is the same one in both pictures.

    This is what Keras computes when a network that maps pictures to pictures is compiled with `metrics=["accuracy"]`:
    it takes the three colour channels for three classes. It says little about a restoration (gray pictures score 1,
    a picture of half the brightness scores 1), and stands here only because the IMagic art ancestor reports it
    ("90 % max, 86 % average").
    """
    _same_shape(restored, target)
    if target.ndim == 2:
        return 1.0
    return float(np.mean(np.argmax(restored, axis=2) == np.argmax(target, axis=2)))


_LPIPS: dict[str, Any] = {}


def lpips(restored: Image, target: Image) -> float:
    """Return the learned perceptual distance (AlexNet), 0 is equal; needs the `lpips` package and its weights.

    Raises:
        MisuseError: when the package or its weights are not on this machine; neither is downloaded here.

    References:
        Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", 2018.
    """
    _same_shape(restored, target)
    network, tensor = _lpips_network()
    pair = (tensor(np.moveaxis(_as_rgb(one), 2, 0)[None].astype(np.float32) * 2 - 1) for one in (restored, target))
    return float(network(*pair))


def _lpips_network() -> tuple[Any, Any]:
    try:
        import torch
        from lpips import LPIPS
    except ImportError as missing:
        raise MisuseError(
            "The metric lpips needs the packages lpips and torch", missing.name, "pip install lpips, or leave it out"
        ) from missing
    if "network" not in _LPIPS:
        backbone = torch.hub.get_dir() + "/checkpoints"
        if not any(name.startswith("alexnet") for name in _listdir(backbone)):
            raise MisuseError(
                "The metric lpips needs the AlexNet weights of torchvision on this machine",
                backbone,
                "Run `python -c 'import lpips; lpips.LPIPS()'` once where you may download them",
            )
        _LPIPS["network"] = LPIPS(net="alex", verbose=False).eval()
    return _LPIPS["network"], torch.from_numpy


def _listdir(folder: str) -> list[str]:
    from pathlib import Path

    return [path.name for path in Path(folder).glob("*")]


METRICS: dict[str, Metric] = {
    "psnr": psnr,
    "ssim": ssim,
    "ms_ssim": ms_ssim,
    "ciede2000": ciede2000,
    "lpips": lpips,
    "psnr_gt_mean": psnr_gt_mean,
    "ab_psnr": ab_psnr,
    "colourfulness_ratio": colourfulness_ratio,
    "lightness_shift": lightness_shift,
    "channel_accuracy": channel_accuracy,
}


def _ms_ssim_plane(restored: Image, target: Image) -> float:
    similarity = 1.0
    for scale, weight in enumerate(_SCALE_WEIGHTS):
        whole, contrast = _ssim_terms(restored, target)
        last = scale == len(_SCALE_WEIGHTS) - 1
        # A negative correlation has no real power; the authors' code and TensorFlow clamp it to none.
        similarity *= max(whole if last else contrast, 0.0) ** weight
        restored, target = _halve(restored), _halve(target)
    return similarity


def _ssim_terms(restored: Image, target: Image) -> tuple[float, float]:
    """Return (SSIM, its contrast-structure part), each averaged where the window lies inside the picture."""
    first, second = 0.01**2, 0.03**2
    mean_x, mean_y = _smooth(restored), _smooth(target)
    variances = _smooth(restored * restored) + _smooth(target * target) - mean_x**2 - mean_y**2
    covariance = _smooth(restored * target) - mean_x * mean_y
    contrast = (2 * covariance + second) / (variances + second)
    brightness = (2 * mean_x * mean_y + first) / (mean_x**2 + mean_y**2 + first)
    return float(np.mean(brightness * contrast)), float(np.mean(contrast))


def _smooth(plane: Image) -> Image:
    half = _SSIM_WINDOW // 2
    return cv2.GaussianBlur(plane, (_SSIM_WINDOW, _SSIM_WINDOW), 1.5)[half:-half, half:-half]


def _halve(plane: Image) -> Image:
    even = plane[: plane.shape[0] // 2 * 2, : plane.shape[1] // 2 * 2]
    return 0.25 * (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2])


def _planes(image: Image) -> list[Image]:
    image = np.asarray(image, np.float64)
    return [image] if image.ndim == 2 else [np.ascontiguousarray(image[..., index]) for index in range(image.shape[2])]


def _lab(image: Image) -> Image:
    from skimage.color import rgb2lab

    return rgb2lab(np.clip(_as_rgb(image), 0.0, 1.0).astype(np.float64))


def _as_rgb(image: Image) -> Image:
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


def _gray_mean(image: Image) -> float:
    weights = np.array([0.299, 0.587, 0.114])
    return float(np.mean(image if image.ndim == 2 else image @ weights))


def _same_shape(restored: Image, target: Image) -> None:
    if restored.shape != target.shape:
        raise ImagicError(
            "A result and its target have one shape", f"{restored.shape} and {target.shape}", "Nothing is resized here"
        )


def _window_fits(image: Image, side: int) -> None:
    if min(image.shape[:2]) < side:
        raise ImagicError(f"This metric needs pictures of at least {side} pixels a side", image.shape)
