"""Noise that arises after the picture is encoded: what a denoiser is trained and measured on."""

from __future__ import annotations

import cv2
import numpy as np

from imaging.degradations.fields import diagonal
from imaging.degradations.parameters import Parameters, Span, chance, span
from imaging.degradations.randomness import normal
from imaging.degradations.registry import Image, degradation


def _clipped(image: Image, clip: bool) -> Image:
    return np.clip(image, 0.0, 1.0, out=image) if clip else image


def _normal(image: Image, rng: np.random.Generator, *, gray: bool) -> Image:
    """Return standard normal numbers, one per value or (gray) one per pixel for all three channels."""
    height, width = image.shape[:2]
    return normal((height, width, 1 if gray else 3), rng)


class GaussianNoise(Parameters):
    """`sigma` is a fraction of full scale (25/255 is the usual middle strength); `gray` shares it by channels."""

    sigma_range: Span = span(0.0, 55 / 255)
    gray_probability: float = chance(0.2)


@degradation(
    GaussianNoise,
    theme="noise",
    ladder={"sigma": [5 / 255, 15 / 255, 25 / 255, 40 / 255, 60 / 255]},
    weakest={"sigma": 0.0},
    additive=True,
)
def gaussian_noise(image: Image, *, sigma: float, gray: bool, rng: np.random.Generator, clip: bool = True) -> Image:
    """Return the picture with additive white Gaussian noise, the model behind nearly all published denoising figures.

    References: Zhang et al. 2017, "Beyond a Gaussian denoiser", section III.
    """
    noise = _normal(image, rng, gray=gray)
    noise *= np.float32(sigma)
    return _clipped(np.add(image, noise, out=None if gray else noise), clip)


class SaltAndPepper(Parameters):
    """`density` of pixels replaced, `salt` the share of them that turn white; `shared` strikes all channels at once."""

    density_range: Span = span(0.005, 0.3)
    salt_range: Span = span(0.4, 0.6)
    shared_probability: float = chance(0.8)


@degradation(
    SaltAndPepper,
    theme="noise",
    ladder={"density": [0.01, 0.03, 0.08, 0.18, 0.35]},
    weakest={"density": 0.0},
)
def salt_and_pepper(image: Image, *, density: float, salt: float, shared: bool, rng: np.random.Generator) -> Image:
    """Return the picture with impulses: dead and hot pixels, dropped bits.

    Each position is struck with probability `density`; 16 random bits decide it, so a density is met to 1/65536.

    References: Gonzalez and Woods, "Digital Image Processing", impulse noise; skimage.util.random_noise("s&p").
    """
    height, width = image.shape[:2]
    ticket = rng.integers(0, 65536, height * width * (1 if shared else 3), dtype=np.uint16)
    white, limit = round(65536 * density * salt), round(65536 * density)
    struck = np.flatnonzero(ticket < limit)
    degraded = image.copy()
    degraded.reshape(len(ticket), -1)[struck] = (ticket[struck] < white)[:, np.newaxis]
    return degraded


class Speckle(Parameters):
    """`sigma` is the relative standard deviation of the multiplicative noise."""

    sigma_range: Span = span(0.02, 0.35, within=(0.0, 2.0))
    gray_probability: float = chance(0.2)


@degradation(
    Speckle,
    theme="noise",
    ladder={"sigma": [0.03, 0.08, 0.15, 0.25, 0.4]},
    weakest={"sigma": 0.0},
    additive=True,
)
def speckle(image: Image, *, sigma: float, gray: bool, rng: np.random.Generator, clip: bool = True) -> Image:
    """Return the picture times (1 + noise): coherent light, radar, and worn emulsions seen in transmission.

    The variance at a pixel of value x is (sigma * x) ** 2, as in skimage.util.random_noise("speckle").
    """
    noise = _normal(image, rng, gray=gray)
    noise *= np.float32(sigma)
    noise += np.float32(1.0)
    return _clipped(np.multiply(image, noise, out=None if gray else noise), clip)


class PoissonGaussian(Parameters):
    """`shot` is the variance per unit of signal (1 / photons at white), `read` the standard deviation in the dark."""

    shot_range: Span = span(1e-4, 3e-2, within=(1e-8, 1.0), log=True)
    read_range: Span = span(0.0, 0.04)


@degradation(
    PoissonGaussian,
    theme="noise",
    ladder={"shot": [3e-4, 1.5e-3, 5e-3, 1.5e-2, 4e-2], "read": [0.002, 0.008, 0.015, 0.03, 0.05]},
    weakest={"shot": 1e-8, "read": 0.0},
    additive=True,
)
def poisson_gaussian(image: Image, *, shot: float, read: float, rng: np.random.Generator, clip: bool = True) -> Image:
    """Return the picture with sensor noise whose variance is `shot * value + read ** 2`.

    Photon counting in its Gaussian limit plus read-out noise; counts too few for that limit are the business of
    `low_photon`.

    References: Foi et al. 2008, "Practical Poissonian-Gaussian noise modeling", equation 3.
    """
    deviation = image * np.float32(shot)
    deviation += np.float32(read * read)
    np.sqrt(deviation, out=deviation)
    deviation *= _normal(image, rng, gray=False)
    deviation += image
    return _clipped(deviation, clip)


class FilmGrain(Parameters):
    """`strength` is the standard deviation in the midtones, `grain` the grain's size in thousandths of the diagonal."""

    strength_range: Span = span(0.01, 0.1)
    grain_range: Span = span(0.4, 2.0, within=(0.0, 20.0))
    colour_probability: float = chance(0.25)


@degradation(
    FilmGrain,
    theme="noise",
    ladder={"strength": [0.012, 0.025, 0.05, 0.08, 0.13], "grain": [0.6, 0.8, 1.0, 1.4, 2.0]},
    weakest={"strength": 0.0},
    additive=True,
)
def film_grain(
    image: Image,
    *,
    strength: float,
    grain: float,
    colour: bool,
    rng: np.random.Generator,
    clip: bool = True,
) -> Image:
    """Return the picture with photographic grain: clumped, strongest in the midtones, absent in black and white.

    A print's grain is the binomial coverage of silver clumps, so its deviation goes with sqrt(x (1 - x)); white noise
    blurred to the size of a clump gives the correlation.

    References: Newson et al. 2017, "A stochastic film grain model", section 2.
    """
    noise = _normal(image, rng, gray=not colour)
    radius = max(0.35, grain * diagonal(image) / 2000.0)
    # A Gaussian of this radius lowers the deviation of white noise by 1 / (2 sqrt(pi) radius) once radius is large.
    kernel = cv2.getGaussianKernel(2 * round(3 * radius) + 1, radius, cv2.CV_32F)
    noise = cv2.sepFilter2D(noise, -1, kernel, kernel).reshape(noise.shape).astype(np.float32, copy=False)
    noise *= np.float32(2.0 * strength / float((kernel**2).sum()))
    spread = image * (np.float32(1.0) - image)
    np.sqrt(spread, out=spread)
    spread *= noise
    spread += image
    return _clipped(spread, clip)
