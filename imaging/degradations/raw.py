"""From a finished picture back to the sensor and forth again: the chain in which photon noise is true.

References: Brooks et al. 2019, "Unprocessing images for learned raw denoising", section 3.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from imaging.degradations.light import Curve, Table, display_of, linear_of, through_table, tone_table
from imaging.degradations.registry import Image

Plane = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

# XYZ to camera under D65: ColorMatrix2 of Adobe's DNG profiles, the four cameras that the paper chose.
_CAMERAS: dict[str, Matrix] = {
    "nexus-6p": np.array([[1.0234, -0.2969, -0.2266], [-0.5625, 1.6328, -0.0469], [-0.0703, 0.2188, 0.6406]]),
    "sony-a7r": np.array([[0.4913, -0.0541, -0.0202], [-0.6130, 1.3513, 0.2906], [-0.1564, 0.2151, 0.7183]]),
    "olympus-em10": np.array([[0.8380, -0.2630, -0.0639], [-0.2887, 1.0725, 0.2496], [-0.0627, 0.1427, 0.5438]]),
    "sony-rx100": np.array([[0.6596, -0.2079, -0.0562], [-0.4782, 1.3016, 0.1933], [-0.0970, 0.1581, 0.5181]]),
}
CAMERAS = tuple(_CAMERAS)

_RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Linear sRGB to XYZ (IEC 61966-2-1)."""


@dataclass(frozen=True)
class Development:
    """How a camera turns raw values into a picture.

    Attributes:
        camera: one of CAMERAS, whose colour matrix is used.
        red_gain: white balance gain of red relative to green.
        blue_gain: white balance gain of blue relative to green.
    """

    camera: str = CAMERAS[0]
    red_gain: float = 2.0
    blue_gain: float = 1.7

    @property
    def gains(self) -> Plane:
        """The three white balance gains."""
        return np.array([self.red_gain, 1.0, self.blue_gain], np.float32)


@functools.cache
def camera_matrix(camera: str) -> Matrix:
    """Return the matrix from linear sRGB to camera RGB, rows scaled so that white stays white."""
    matrix = _CAMERAS[camera] @ _RGB_TO_XYZ
    scaled: Matrix = matrix / matrix.sum(axis=1, keepdims=True)
    return scaled


@functools.cache
def _curves() -> tuple[Table, Table]:
    """Return display to scene-linear and back: the sRGB curve under a global S-shaped tone curve 3x^2 - 2x^3."""
    value: Curve = np.linspace(0.0, 1.0, 65536)
    untoned = 0.5 - np.sin(np.arcsin(1.0 - 2.0 * value) / 3.0)
    shown = display_of(value)
    return tone_table(linear_of(untoned)), tone_table(shown * shown * (3.0 - 2.0 * shown))


def _transformed(image: Image, matrix: Matrix) -> Image:
    mixed = cv2.transform(image, matrix.astype(np.float32))
    return mixed.reshape(image.shape).astype(np.float32, copy=False)


def unprocess(image: Image, development: Development) -> Image:
    """Return scene-linear camera RGB of a display picture, before white balance; values in [0, 1].

    Dividing by the gains would darken clipped highlights to a tint that no sensor shows, so that gains approach 1
    towards white (the paper's equation 4).
    """
    camera = _transformed(through_table(image, _curves()[0]), camera_matrix(development.camera))
    np.maximum(camera, np.float32(0.0), out=camera)
    bright = cv2.transform(camera, np.full((1, 3), 1 / 3, np.float32)).reshape(camera.shape[:2])
    highlight = np.clip((bright - np.float32(0.9)) / np.float32(0.1), 0.0, 1.0) ** 2
    for channel, gain in enumerate(development.gains):
        camera[:, :, channel] *= highlight * np.float32(1.0 - 1.0 / gain) + np.float32(1.0 / gain)
    return np.clip(camera, 0.0, 1.0, out=camera)


def process(camera: Image, development: Development) -> Image:
    """Return the display picture in [0, 1] of camera RGB: white balance, colour matrix, gamma, tone curve."""
    to_srgb: Matrix = np.linalg.inv(camera_matrix(development.camera)).astype(np.float64)
    # Saturation comes between balance and matrix: a sensor cannot be brighter than white.
    linear = _transformed(np.minimum(camera * development.gains, np.float32(1.0)), to_srgb)
    return through_table(linear, _curves()[1])


def mosaic(camera: Image) -> Plane:
    """Return the HW plane that an RGGB sensor records of an HWC picture."""
    plane = camera[:, :, 1].copy()
    plane[0::2, 0::2] = camera[0::2, 0::2, 0]
    plane[1::2, 1::2] = camera[1::2, 1::2, 2]
    return plane


_BILINEAR: Plane = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / np.float32(4)
_CROSS: Plane = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], np.float32) / np.float32(4)
_LAPLACIAN: Plane = np.array(
    [[0, 0, -1, 0, 0], [0, 0, 0, 0, 0], [-1, 0, 4, 0, -1], [0, 0, 0, 0, 0], [0, 0, -1, 0, 0]], np.float32
) / np.float32(8)


def demosaic(plane: Plane) -> Image:
    """Return the HWC picture of an RGGB plane: bilinear colour, green corrected by the Laplacian of red and blue.

    References: Malvar et al. 2004, "High-quality linear interpolation for demosaicing", equation 1.
    """
    height, width = plane.shape
    rgb = np.zeros((height, width, 3), np.float32)
    rgb[0::2, 0::2, 0] = plane[0::2, 0::2]
    rgb[1::2, 1::2, 2] = plane[1::2, 1::2]
    rgb[0::2, 1::2, 1] = plane[0::2, 1::2]
    rgb[1::2, 0::2, 1] = plane[1::2, 0::2]
    for channel, kernel in ((0, _BILINEAR), (1, _CROSS), (2, _BILINEAR)):
        rgb[:, :, channel] = _filled(np.ascontiguousarray(rgb[:, :, channel]), kernel)
    correction = _filled(plane, _LAPLACIAN)
    rgb[0::2, 0::2, 1] += correction[0::2, 0::2]
    rgb[1::2, 1::2, 1] += correction[1::2, 1::2]
    return rgb


def _filled(plane: Plane, kernel: Plane) -> Plane:
    """Return the plane filtered; mirroring about the edge pixel keeps the phase of the colour pattern."""
    filtered = cv2.filter2D(plane, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
    return filtered.reshape(plane.shape).astype(np.float32, copy=False)
