"""Noise on clean pictures: Gaussian (unclipped and as a file holds it), salt and pepper, speckle."""

from __future__ import annotations

import numpy as np

from imagic_models.protocols.protocol import Case, Level, Protocol, Sample, at_depth
from imaging.pixels import FloatImage

_SIGMAS = (15, 25, 50)


def _gaussian(sample: Sample, level: Level, rng: np.random.Generator) -> Case:
    clean = _truth(sample)
    noisy = clean + rng.standard_normal(clean.shape, dtype=np.float32) * np.float32(level.known["sigma"])
    return Case(sample.key, level, noisy, clean, level.known)


def _gaussian_clipped(sample: Sample, level: Level, rng: np.random.Generator) -> Case:
    case = _gaussian(sample, level, rng)
    return Case(sample.key, level, at_depth(case.degraded, sample.step), case.target, level.known)


def _salt_and_pepper(sample: Sample, level: Level, rng: np.random.Generator) -> Case:
    clean = _truth(sample)
    draw = rng.random(clean.shape[:2])
    density = level.known["density"]
    noisy = clean.copy()
    noisy[draw < density / 2] = 0.0
    noisy[draw > 1 - density / 2] = 1.0
    return Case(sample.key, level, noisy, clean, level.known)


def _speckle(sample: Sample, level: Level, rng: np.random.Generator) -> Case:
    clean = _truth(sample)
    factor = 1 + rng.standard_normal(clean.shape, dtype=np.float32) * np.float32(level.known["std"])
    return Case(sample.key, level, at_depth(clean * factor, sample.step), clean, level.known)


def _truth(sample: Sample) -> FloatImage:
    assert sample.clean is not None
    return sample.clean


def _sigma_levels(curve: str) -> tuple[Level, ...]:
    return tuple(Level(str(sigma), curve, sigma, {"sigma": sigma / 255}) for sigma in _SIGMAS)


GAUSSIAN = Protocol(
    "gaussian-noise",
    "Additive white Gaussian noise, sigma of 255, left unclipped in floating point as the denoising papers do.",
    _sigma_levels("Gaussian noise, sigma"),
    _gaussian,
)
GAUSSIAN_CLIPPED = Protocol(
    "gaussian-noise-clipped",
    "The same noise clipped and rounded to the file's depth: what a PNG of the noisy picture holds.",
    _sigma_levels("Gaussian noise (clipped), sigma"),
    _gaussian_clipped,
)
SALT_AND_PEPPER = Protocol(
    "salt-and-pepper",
    "A share of the pixels is black or white, all channels together.",
    tuple(Level(str(share), "salt and pepper, %", share, {"density": share / 100}) for share in (5, 10, 30, 50)),
    _salt_and_pepper,
)
SPECKLE = Protocol(
    "speckle",
    "Each value is multiplied by 1 + noise of the given deviation, then clipped and rounded.",
    tuple(Level(str(std), "speckle, deviation", std, {"std": std}) for std in (0.1, 0.2)),
    _speckle,
)
