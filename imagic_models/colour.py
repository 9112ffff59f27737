"""CIE Lab in the units of the colour networks, and back without touching lightness."""

from __future__ import annotations

import cv2
import numpy as np

LIGHTNESS_SCALE = 100.0  # L spans 0 to 100
COLOUR_SCALE = 110.0  # a and b of sRGB lie within -108 and 98
_HALVINGS = 10  # of the interval in which the largest chroma inside sRGB is sought: 1/1024 of it remains


def split_lab(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns lightness HW1 in [0, 1] and colour (a, b) HW2 in about [-1, 1] of an HWC sRGB picture in [0, 1]."""
    lab = cv2.cvtColor(np.ascontiguousarray(rgb, np.float32), cv2.COLOR_RGB2Lab)
    return lab[..., :1] / np.float32(LIGHTNESS_SCALE), lab[..., 1:] / np.float32(COLOUR_SCALE)


def join_lab(lightness: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Returns the HWC sRGB picture in [0, 1] of exactly this lightness.

    Where lightness and colour together lie outside sRGB, the colour's chroma is reduced at its hue until they fit:
    clipping the channels instead would change the lightness.

    Args:
        lightness: HW1 float32 in [0, 1].
        colour: HW2 float32, (a, b) in units of `COLOUR_SCALE`.
    """
    rgb = _to_rgb(lightness, colour)
    outside = _is_outside(rgb)
    if outside.any():
        rgb[outside] = _fitted(lightness[outside], colour[outside])
    return np.clip(rgb, 0, 1)


def _fitted(lightness: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Returns sRGB values of N pixels with the largest share of their chroma that fits, by bisection."""
    inside, beyond = np.zeros_like(lightness), np.ones_like(lightness)
    for _ in range(_HALVINGS):
        middle = (inside + beyond) / 2
        fits = ~_is_outside(_to_rgb(lightness[None], (colour * middle)[None])[0])[:, None]
        inside, beyond = np.where(fits, middle, inside), np.where(fits, beyond, middle)
    return _to_rgb(lightness[None], (colour * inside)[None])[0]


def _to_rgb(lightness: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Returns sRGB, unclipped: cv2's own conversion from Lab clips, so out-of-range colours could not be told."""
    lab = np.concatenate([lightness * LIGHTNESS_SCALE, colour * COLOUR_SCALE], axis=-1).astype(np.float32)
    level = (lab[..., 0] + 16) / 116
    bent = np.stack([level + lab[..., 1] / 500, level, level - lab[..., 2] / 200], axis=-1)
    xyz = np.where(bent > 6 / 29, bent**3, (bent - 16 / 116) * (3 * (6 / 29) ** 2)) * _WHITE
    linear = xyz.astype(np.float32) @ _XYZ_TO_RGB.T
    curved = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear > 0.0031308, curved, 12.92 * linear).astype(np.float32)


def _is_outside(rgb: np.ndarray) -> np.ndarray:
    return ((rgb < -1e-3) | (rgb > 1 + 1e-3)).any(axis=-1)


# IEC 61966-2-1 (sRGB), white point D65, as in OpenCV's conversion.
_WHITE = np.array([0.950456, 1.0, 1.088754], np.float32)
_XYZ_TO_RGB = np.array(
    [
        [3.240479, -1.53715, -0.498535],
        [-0.969256, 1.875991, 0.041556],
        [0.055648, -0.204043, 1.057311],
    ],
    np.float32,
)
