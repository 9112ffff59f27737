"""Known blurs: the case for Wiener and Richardson-Lucy, and for a deblurring network without a paired set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from imagic_models.protocols.protocol import Case, Level, Protocol, Sample, at_depth
from imaging.pixels import Image

_NOISE = 1 / 255


def _blurred(sample: Sample, level: Level, rng: np.random.Generator) -> Case:
    assert sample.clean is not None
    soft = cv2.filter2D(sample.clean, -1, level.known["psf"][::-1, ::-1], borderType=cv2.BORDER_REFLECT)
    noisy = soft + rng.standard_normal(soft.shape, dtype=np.float32) * np.float32(_NOISE)
    return Case(sample.key, level, at_depth(noisy, sample.step), sample.clean, level.known)


def gaussian_psf(sigma: float) -> Image:
    """Return a Gaussian point spread, cut at four sigma, of sum 1."""
    line = cv2.getGaussianKernel(2 * int(np.ceil(4 * sigma)) + 1, sigma)
    return line @ line.T


def disk_psf(radius: int) -> Image:
    """Return the even disk of a lens out of focus, of sum 1."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (x**2 + y**2 <= (radius + 0.5) ** 2).astype(np.float64)
    return disk / disk.sum()


def motion_psf(length: int) -> Image:
    """Return a straight camera shake of that many pixels, at 30 degrees, of sum 1."""
    half = length / 2
    side = length | 1
    ends = [
        (int(256 * (side // 2 + sign * half * dx)), int(256 * (side // 2 - sign * half * dy)))
        for sign in (-1, 1)
        for dx, dy in [(np.cos(np.pi / 6), np.sin(np.pi / 6))]
    ]
    line = cv2.line(np.zeros((side, side), np.uint8), ends[0], ends[1], 255, 1, cv2.LINE_AA, 8)
    return line / float(line.sum())


def _levels() -> tuple[Level, ...]:
    kinds: tuple[tuple[str, str, Callable[[Any], np.ndarray], tuple[float, ...]], ...] = (
        ("gaussian", "Gaussian blur, sigma", gaussian_psf, (1.0, 1.6, 2.4)),
        ("disk", "out of focus, radius", disk_psf, (2, 4)),
        ("motion", "motion blur, pixels", motion_psf, (9, 17)),
    )
    return tuple(
        Level(f"{name}-{size}", curve, float(size), {"psf": psf(size), "sigma": _NOISE})
        for name, curve, psf, sizes in kinds
        for size in sizes
    )


DEBLUR = Protocol(
    "deblur",
    "A known Gaussian, disk or motion blur and noise of one grey level; with --targets, pairs as in GoPro.",
    _levels(),
    _blurred,
)
