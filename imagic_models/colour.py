"""CIE Lab in the units of the colour networks, and back without touching lightness."""

from __future__ import annotations

import numpy as np

LIGHTNESS_SCALE = 100.0  # L spans 0 to 100
COLOUR_SCALE = 110.0  # a and b of sRGB lie within -108 and 98
_ROUNDING = 1e-5  # of float32 conversions: so little outside sRGB still counts as inside
_HALVINGS = 10  # of the interval in which the largest chroma inside sRGB is sought: 1/1024 of it remains


def split_lab(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns lightness HW1 in [0, 1] and colour (a, b) HW2 in about [-1, 1] of an HWC sRGB picture in [0, 1]."""
    curved = np.asarray(rgb, np.float32)
    linear = np.where(curved > 0.04045, ((np.maximum(curved, 0.04045) + 0.055) / 1.055) ** 2.4, curved / 12.92)
    xyz = linear @ _RGB_TO_XYZ.T / _WHITE
    bent = np.where(xyz > _KNEE**3, np.cbrt(xyz), xyz / (3 * _KNEE**2) + 4 / 29)
    x, y, z = (bent[..., axis] for axis in range(3))
    lightness = (116 * y - 16) / LIGHTNESS_SCALE
    colour = np.stack([500 * (x - y), 200 * (y - z)], axis=-1) / COLOUR_SCALE
    return lightness[..., None].astype(np.float32), colour.astype(np.float32)


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
    """Returns sRGB, unclipped, so that colours out of its range can be told."""
    level = (lightness[..., 0] * LIGHTNESS_SCALE + 16) / 116
    a, b = (colour[..., axis] * COLOUR_SCALE for axis in range(2))
    bent = np.stack([level + a / 500, level, level - b / 200], axis=-1)
    xyz = np.where(bent > _KNEE, bent**3, (bent - 4 / 29) * (3 * _KNEE**2)) * _WHITE
    linear = xyz.astype(np.float32) @ _XYZ_TO_RGB.T
    curved = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear > 0.0031308, curved, 12.92 * linear).astype(np.float32)


def _is_outside(rgb: np.ndarray) -> np.ndarray:
    return np.any((rgb < -_ROUNDING) | (rgb > 1 + _ROUNDING), axis=-1)


# IEC 61966-2-1 (sRGB): primaries in CIE XYZ under D65, and that white; both directions are exact inverses.
_RGB_TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ],
    np.float32,
)
_XYZ_TO_RGB = np.linalg.inv(_RGB_TO_XYZ.astype(np.float64)).astype(np.float32)
_WHITE = np.array([0.95047, 1.0, 1.08883], np.float32)
_KNEE = np.float32(6 / 29)  # CIE 15: where the cube root of Lab turns into a line
