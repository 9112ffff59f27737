"""Losses of NHWC pictures in [0, 1], written with keras.ops only; each returns one number.

`LOSSES` are those that compare with a clean picture and can be chosen for any preset.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]

MASK_LOSS_WEIGHT = 0.1  # of the damage mask's cross-entropy beside the picture's loss
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601

# Z. Wang et al. 2003, section 4: exponents of the scales, finest first.
_MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_SSIM_CONSTANTS = (0.01**2, 0.03**2)
_SSIM_WINDOW, _SSIM_SIGMA = 11, 1.5


def charbonnier(clean: keras.KerasTensor, restored: keras.KerasTensor, epsilon: float = 1e-3) -> keras.KerasTensor:
    """Returns the mean of sqrt(difference^2 + epsilon^2): an L1 that is smooth at zero.

    References:
        W. Lai et al., "Deep Laplacian Pyramid Networks", CVPR 2017, equation 4.
    """
    difference = ops.cast(restored, "float32") - ops.cast(clean, "float32")
    return ops.mean(ops.sqrt(ops.square(difference) + epsilon**2))


def squared(clean: keras.KerasTensor, restored: keras.KerasTensor) -> keras.KerasTensor:
    """Returns the mean squared difference, what PSNR measures."""
    return ops.mean(ops.square(ops.cast(restored, "float32") - ops.cast(clean, "float32")))


def ms_ssim(clean: keras.KerasTensor, restored: keras.KerasTensor) -> keras.KerasTensor:
    """Returns 1 - multi-scale structural similarity: 0 for equal pictures.

    As many of the five published scales are used as leave a picture at least as large as the 11-pixel window; their
    exponents are made to sum to 1 again. Pictures must be at least 11 pixels a side, of statically known size.

    References:
        Z. Wang, E. Simoncelli and A. Bovik, "Multi-scale structural similarity for image quality assessment", 2003,
        equation 7.
    """
    side = min(clean.shape[1:3])
    scales = max(1, min(len(_MS_SSIM_WEIGHTS), int(np.log2(side / _SSIM_WINDOW)) + 1))
    weights = np.array(_MS_SSIM_WEIGHTS[:scales]) / sum(_MS_SSIM_WEIGHTS[:scales])
    similarity = 1.0
    for scale, weight in enumerate(weights):
        if scale:
            clean, restored = _averaged(clean, 2), _averaged(restored, 2)
        luminance, contrast = _similarity_maps(clean, restored)
        measured = luminance * contrast if scale == scales - 1 else contrast
        # A negative mean has no real power; training starts far from it, so a floor costs nothing.
        similarity = similarity * ops.maximum(ops.mean(measured, axis=(1, 2, 3)), 1e-4) ** float(weight)
    return 1.0 - ops.mean(similarity)


def charbonnier_ms_ssim(clean: keras.KerasTensor, restored: keras.KerasTensor) -> keras.KerasTensor:
    """Returns 0.16 Charbonnier + 0.84 (1 - MS-SSIM).

    References:
        H. Zhao et al., "Loss Functions for Image Restoration With Neural Networks", 2017, equation 14.
    """
    return 0.16 * charbonnier(clean, restored) + 0.84 * ms_ssim(clean, restored)


def charbonnier_colour(clean: keras.KerasTensor, restored: keras.KerasTensor) -> keras.KerasTensor:
    """Returns Charbonnier plus a tenth of the angle between colours, so that hue is kept where light is missing."""
    return charbonnier(clean, restored) + 0.1 * colour_angle(clean, restored)


def colour_angle(clean: keras.KerasTensor, restored: keras.KerasTensor) -> keras.KerasTensor:
    """Returns the mean of 1 - cosine of the angle between RGB vectors, 0 for equal hue and saturation.

    References:
        R. Wang et al., "Underexposed Photo Enhancement Using Deep Illumination Estimation", CVPR 2019, equation 7.
    """
    dot = ops.sum(clean * restored, axis=-1)
    lengths = ops.sqrt((ops.sum(ops.square(clean), axis=-1) + 1e-6) * (ops.sum(ops.square(restored), axis=-1) + 1e-6))
    return ops.mean(1.0 - (dot + 1e-6) / lengths)


def colour_constancy(restored: keras.KerasTensor) -> keras.KerasTensor:
    """Returns how far the mean colours of pictures are from gray.

    References:
        C. Guo et al., "Zero-Reference Deep Curve Estimation", CVPR 2020, equation 6.
    """
    red, green, blue = ops.unstack(ops.mean(restored, axis=(1, 2)), 3, axis=-1)
    pairs = ((red, green), (red, blue), (green, blue))
    return ops.mean(sum(ops.square(one - other) for one, other in pairs))


def exposure_control(restored: keras.KerasTensor, level: float = 0.6, patch: int = 16) -> keras.KerasTensor:
    """Returns how far the mean gray of patches is from a well-exposed level.

    References:
        C. Guo et al., CVPR 2020, equation 5 (patches of 16 x 16, level 0.6).
    """
    gray = ops.mean(restored, axis=-1, keepdims=True)
    return ops.mean(ops.abs(_averaged(gray, patch) - level))


def illumination_smoothness(curves: keras.KerasTensor) -> keras.KerasTensor:
    """Returns how much curve maps change from pixel to pixel.

    References:
        C. Guo et al., CVPR 2020, equation 7.
    """
    down = ops.mean(ops.abs(curves[:, 1:] - curves[:, :-1]))
    across = ops.mean(ops.abs(curves[:, :, 1:] - curves[:, :, :-1]))
    return ops.square(down + across)


def spatial_consistency(degraded: keras.KerasTensor, restored: keras.KerasTensor) -> keras.KerasTensor:
    """Returns how far differences between neighbouring 4 x 4 regions have changed.

    References:
        C. Guo et al., CVPR 2020, equation 4.
    """
    means = [_averaged(ops.mean(picture, axis=-1, keepdims=True), 4) for picture in (degraded, restored)]
    change = means[1] - means[0]
    down = ops.mean(ops.square(change[:, 1:] - change[:, :-1]))
    across = ops.mean(ops.square(change[:, :, 1:] - change[:, :, :-1]))
    return 2.0 * (down + across)  # each region has two neighbours a direction, and each pair is met once here


def zero_reference(
    degraded: keras.KerasTensor, restored: keras.KerasTensor, curves: keras.KerasTensor
) -> keras.KerasTensor:
    """Returns the loss of Zero-DCE, which needs no clean picture.

    References:
        C. Guo et al., CVPR 2020, equation 8 and section 4 (weights 1, 10, 5, 200 in the published code).
    """
    return (
        spatial_consistency(degraded, restored)
        + 10.0 * exposure_control(restored)
        + 5.0 * colour_constancy(restored)
        + 200.0 * illumination_smoothness(curves)
    )


def rebalanced_cross_entropy(
    odds: keras.KerasTensor, scores: keras.KerasTensor, weights: keras.KerasTensor
) -> keras.KerasTensor:
    """Returns the cross-entropy of colour bins, where rare colours count more.

    Args:
        odds: NHWQ, the soft-encoded true colours; sums to 1 over Q.
        scores: NHWQ, the network's scores before the softmax.
        weights: Q, the weight of each bin; a pixel takes that of its likeliest bin.

    References:
        R. Zhang et al., "Colorful Image Colorization", ECCV 2016, equations 2 to 4.
    """
    entropy = -ops.sum(odds * ops.log_softmax(scores, axis=-1), axis=-1)
    return ops.mean(ops.take(ops.convert_to_tensor(weights), ops.argmax(odds, axis=-1), axis=0) * entropy)


def rebalancing_weights(frequency: np.ndarray, uniform_share: float = 0.5) -> np.ndarray:
    """Returns the weight of each colour bin, of mean 1 under `frequency`.

    References:
        R. Zhang et al., ECCV 2016, equation 4: proportional to 1 / ((1 - share) frequency + share / Q).
    """
    weights = 1 / ((1 - uniform_share) * frequency + uniform_share / len(frequency))
    return (weights / (frequency * weights).sum()).astype(np.float32)


def soft_encoded(colour: np.ndarray, bins: np.ndarray, neighbours: int = 5, sigma: float = 5.0) -> np.ndarray:
    """Returns HWQ float32: each pixel's colour as odds over its nearest bins, by a Gaussian of their distance.

    Args:
        colour: HW2, ab in CIE Lab units.
        bins: Q2, ab of the bins.
        neighbours: number of bins that share a pixel.
        sigma: of the Gaussian, in Lab units.

    References:
        R. Zhang et al., ECCV 2016, section 2.1.
    """
    flat = colour.reshape(-1, 2)
    distance = np.square(flat[:, None] - bins[None]).sum(axis=-1)
    nearest = np.argpartition(distance, neighbours, axis=1)[:, :neighbours]
    near = np.take_along_axis(distance, nearest, axis=1)
    shares = np.exp(-(near - near.min(axis=1, keepdims=True)) / (2 * sigma**2))
    odds = np.zeros(distance.shape, np.float32)
    np.put_along_axis(odds, nearest, shares / shares.sum(axis=1, keepdims=True), axis=1)
    return odds.reshape(*colour.shape[:2], len(bins))


def _similarity_maps(
    clean: keras.KerasTensor, restored: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Returns the luminance term and the contrast-structure term of SSIM, on luma."""
    x, y = _luma(clean), _luma(restored)
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = _blurred(x * x) - mean_x * mean_x
    variance_y = _blurred(y * y) - mean_y * mean_y
    covariance = _blurred(x * y) - mean_x * mean_y
    small, large = _SSIM_CONSTANTS
    luminance = (2 * mean_x * mean_y + small) / (mean_x * mean_x + mean_y * mean_y + small)
    return luminance, (2 * covariance + large) / (variance_x + variance_y + large)


def _averaged(picture: keras.KerasTensor, side: int) -> keras.KerasTensor:
    """Returns the means of side x side squares; both sizes are spelt out because Keras on JAX needs them so."""
    return ops.average_pool(picture, (side, side), strides=(side, side), padding="valid")


def _luma(picture: keras.KerasTensor) -> keras.KerasTensor:
    picture = ops.cast(picture, "float32")
    return ops.sum(picture * np.array(_LUMA, np.float32), axis=-1, keepdims=True)


def _blurred(picture: keras.KerasTensor) -> keras.KerasTensor:
    offsets = np.arange(_SSIM_WINDOW) - _SSIM_WINDOW // 2
    window = np.exp(-np.square(offsets) / (2 * _SSIM_SIGMA**2))
    window = (window / window.sum()).astype(np.float32)
    rows = ops.conv(picture, window.reshape(-1, 1, 1, 1), padding="valid")
    return ops.conv(rows, window.reshape(1, -1, 1, 1), padding="valid")


LOSSES: dict[str, Loss] = {
    "charbonnier": charbonnier,
    "squared": squared,
    "charbonnier-ms-ssim": charbonnier_ms_ssim,
    "charbonnier-colour": charbonnier_colour,
}
