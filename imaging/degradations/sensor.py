"""Pictures made of few photons."""

from __future__ import annotations

import numpy as np

from imaging.degradations.parameters import Parameters, Span, choices, span
from imaging.degradations.randomness import normal
from imaging.degradations.raw import CAMERAS, Development, Plane, demosaic, mosaic, process, unprocess
from imaging.degradations.registry import Image, degradation

_FEW = 100.0
"""Photons at white below which counts are drawn from Poisson's law itself; its Gaussian limit is 20 times faster."""


class LowPhoton(Parameters):
    """`photons` a white pixel collects, `read` noise in electrons, camera and white balance."""

    photons_range: Span = span(12.0, 1500.0, within=(1.0, 1e8), log=True)
    read_range: Span = span(0.5, 3.0, within=(0.0, 50.0))
    red_gain_range: Span = span(1.9, 2.4, within=(1.0, 4.0))
    blue_gain_range: Span = span(1.5, 1.9, within=(1.0, 4.0))
    camera_choices: tuple[str, ...] = choices(*CAMERAS)


@degradation(
    LowPhoton,
    theme="camera",
    ladder={"photons": [3000.0, 1000.0, 400.0, 150.0, 50.0], "read": [1.0, 1.5, 2.0, 2.5, 3.0]},
    weakest={"photons": 1e8, "read": 0.0},
)
def low_photon(
    image: Image,
    *,
    photons: float,
    read: float,
    red_gain: float,
    blue_gain: float,
    camera: str,
    rng: np.random.Generator,
) -> Image:
    """Return the picture that a camera makes of so few photons: counted on the raw mosaic, then developed.

    The display picture is taken back to the sensor (`unprocess`), photons are counted and read out with noise, and
    the result is demosaicked and developed. White balance and the colour matrix make the noise coloured, demosaicking
    makes it correlated, the tone curve makes it strongest in the shadows, as in real files at high ISO.

    References: Brooks et al. 2019, "Unprocessing images for learned raw denoising", sections 3.1 to 3.4.
    """
    development = Development(camera, red_gain, blue_gain)
    plane = counted(mosaic(unprocess(image, development)), photons, read, rng)
    return process(demosaic(plane), development)


def counted(plane: Plane, photons: float, read: float, rng: np.random.Generator) -> Plane:
    """Return the raw plane as measured: Poisson counts plus Gaussian read noise, scaled back to [0, 1] and clipped.

    Args:
        plane: expected values in [0, 1].
        photons: expected count at 1.
        read: standard deviation of the read noise in electrons.
        rng: draws counts and noise.
    """
    expected = plane * np.float32(photons)
    if photons < _FEW:
        measured = rng.poisson(expected).astype(np.float32)
    else:
        measured = np.sqrt(expected)
        measured *= normal(plane.shape, rng)
        measured += expected
    measured += normal(plane.shape, rng) * np.float32(read)
    measured *= np.float32(1.0 / photons)
    return np.clip(measured, 0.0, 1.0, out=measured)
