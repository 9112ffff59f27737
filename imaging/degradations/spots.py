"""Spots that grow or spread on paper: foxing, mould, stains."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from imaging.degradations.fields import Field, diagonal, smooth_field, smooth_step
from imaging.degradations.parameters import Parameters, Span, WholeSpan, span
from imaging.degradations.registry import Image, Mask, degradation
from imaging.degradations.strokes import FAINTEST, absorb, paint, settle
from imaging.degradations.water import shore


class Foxing(Parameters):
    """`count` of spots, their `size` in thousandths of the diagonal, and their `strength`."""

    count_range: WholeSpan = span(10, 90, within=(0, 5000))
    size_range: Span = span(3.0, 9.0, within=(0.1, 200.0))
    strength_range: Span = span(0.3, 0.9)


@degradation(
    Foxing,
    theme="surface",
    ladder={
        "count": [8, 20, 45, 90, 160],
        "size": [4.0, 5.0, 6.0, 7.0, 9.0],
        "strength": [0.3, 0.45, 0.6, 0.75, 0.95],
    },
    weakest={"count": 0},
    masks=True,
)
def foxing(image: Image, *, count: int, size: float, strength: float, rng: np.random.Generator) -> tuple[Image, Mask]:
    """Return the picture with rusty spots in clusters, and their mask: iron and fungi browning the paper.

    References: Choi 2007, "Foxing on paper: a literature review".
    """
    mask = np.zeros(image.shape[:2], np.float32)
    unit = size * diagonal(image) / 1000.0
    stamps = [_spot(rng) for _ in range(6)]
    clusters = rng.random((max(1, count // 12), 2))
    for _ in range(count):
        home = clusters[int(rng.integers(len(clusters)))] + rng.normal(0.0, 0.12, 2)
        place = home if rng.random() < 0.6 else rng.random(2)
        radius = max(0.8, unit * rng.lognormal(-0.7, 0.7))
        depth = strength * rng.uniform(0.3, 1.0)
        _stamp(mask, stamps[int(rng.integers(6))], place, radius, rng.uniform(0.0, 360.0), depth)
    degraded = image.copy()
    absorb(degraded, settle(mask), np.array([0.62, 0.40, 0.20], np.float32))
    return degraded, mask


def _spot(rng: np.random.Generator) -> Field:
    """Return a 48 x 48 spot: a dark core with a soft, irregular halo."""
    level, _ = shore((48, 48), (23.5, 23.5), 15.0, rng)
    halo = smooth_step(level.copy(), -0.3, 0.7)
    halo *= np.float32(0.55)
    halo += smooth_step(level, 0.35, 1.0) * np.float32(0.45)
    return np.pad(halo[1:-1, 1:-1], 1)


def _stamp(mask: Mask, spot: Field, place: npt.NDArray[np.float64], radius: float, angle: float, depth: float) -> None:
    """Lay a turned spot on the mask, in place; overlapping spots take the darker value."""
    height, width = mask.shape
    x, y = place[0] * width, place[1] * height
    reach = math.ceil(1.5 * radius) + 1
    left, top = max(0, math.floor(x) - reach), max(0, math.floor(y) - reach)
    right, bottom = min(width, math.floor(x) + reach + 1), min(height, math.floor(y) + reach + 1)
    if right <= left or bottom <= top:
        return
    turn = cv2.getRotationMatrix2D((23.5, 23.5), angle, 15.0 / radius)
    # From box pixels to stamp pixels: move the spot's centre to the middle of the stamp, then turn and scale.
    turn[:, 2] = 23.5 - turn[:, :2] @ np.array([x - left, y - top])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(spot, turn, (right - left, bottom - top), flags=flags).reshape(bottom - top, right - left)
    region = mask[top:bottom, left:right]
    np.maximum(region, laid.astype(np.float32, copy=False) * np.float32(depth), out=region)


class Mould(Parameters):
    """`count` of colonies, their `size` in thousandths of the diagonal, and their `strength`."""

    count_range: WholeSpan = span(2, 8, within=(0, 200))
    size_range: Span = span(40.0, 140.0, within=(1.0, 1000.0))
    strength_range: Span = span(0.3, 0.9)


@degradation(
    Mould,
    theme="surface",
    ladder={
        "count": [2, 3, 5, 7, 10],
        "size": [50.0, 70.0, 90.0, 110.0, 140.0],
        "strength": [0.3, 0.45, 0.6, 0.75, 0.95],
    },
    weakest={"count": 0},
    masks=True,
)
def mould(image: Image, *, count: int, size: float, strength: float, rng: np.random.Generator) -> tuple[Image, Mask]:
    """Return the picture with colonies of mould, and their mask: specks crowding towards a middle, a pale bloom.

    References: Florian 1997, "Heritage Eaters: Insects and Fungi in Heritage Collections".
    """
    dark, bloom = (np.zeros(image.shape[:2], np.float32) for _ in range(2))
    stamps = [_spot(rng) for _ in range(6)]
    for _ in range(count):
        radius = size * diagonal(image) / 1000.0 * rng.lognormal(-0.3, 0.4)
        _colony(dark, bloom, stamps, radius, strength, rng)
    degraded = image.copy()
    paint(degraded, settle(bloom), np.array([0.74, 0.75, 0.68], np.float32))
    absorb(degraded, settle(dark), np.array([0.16, 0.17, 0.13], np.float32))
    return degraded, np.maximum(dark, bloom, out=dark)


def _colony(
    dark: Mask, bloom: Mask, stamps: list[Field], radius: float, strength: float, rng: np.random.Generator
) -> None:
    """Let one colony grow at a random place, in place: a pale bloom, and specks that thin out from its middle."""
    height, width = dark.shape
    middle = np.array([rng.uniform(0, width), rng.uniform(0, height)])
    level, (top, left) = shore((height, width), (middle[0], middle[1]), radius, rng)
    if level.size:
        region = bloom[top : top + level.shape[0], left : left + level.shape[1]]
        haze = smooth_step(level, 0.0, 1.0)
        haze *= np.float32(0.3 * strength)
        np.maximum(region, haze, out=region)
    for _ in range(int(rng.integers(25, 70))):
        place = (middle + rng.normal(0.0, 0.5 * radius, 2) * rng.uniform(0.2, 1.0)) / [width, height]
        size = max(0.6, radius * 0.035 * rng.lognormal(0.0, 0.55))
        depth = strength * rng.uniform(0.35, 1.0)
        _stamp(dark, stamps[int(rng.integers(len(stamps)))], place, size, rng.uniform(0.0, 360.0), depth)


class Stain(Parameters):
    """`count` of stains, their `size` as a share of the diagonal, their `strength`, and the texture of the paper."""

    count_range: WholeSpan = span(1, 3, within=(0, 50))
    size_range: Span = span(0.08, 0.3, within=(0.005, 1.0))
    strength_range: Span = span(0.25, 0.85)
    fibre_range: Span = span(0.1, 0.6)


@degradation(
    Stain,
    theme="surface",
    ladder={
        "count": [1, 1, 2, 3, 4],
        "size": [0.1, 0.15, 0.2, 0.25, 0.3],
        "strength": [0.3, 0.5, 0.65, 0.8, 0.95],
    },
    weakest={"count": 0},
    masks=True,
)
def stain(
    image: Image, *, count: int, size: float, strength: float, fibre: float, rng: np.random.Generator
) -> tuple[Image, Mask]:
    """Return the picture with stains of oil, glue or coffee soaked into the paper's fibres, and their mask."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.float32)
    for _ in range(count):
        radius = size * diagonal(image) * rng.lognormal(-0.2, 0.35)
        level, (top, left) = shore((height, width), (rng.uniform(0, width), rng.uniform(0, height)), radius, rng)
        if level.size:
            box = (slice(top, top + level.shape[0]), slice(left, left + level.shape[1]))
            mask[box] = np.maximum(mask[box], _soaked(level, radius, strength * rng.uniform(0.7, 1.0), fibre, rng))
    degraded = image.copy()
    hue = rng.uniform(-0.06, 0.06)
    absorb(degraded, settle(mask), np.array([0.70 + hue, 0.54, 0.34 - hue], np.float32))
    return degraded, mask


def _soaked(level: Field, radius: float, strength: float, fibre: float, rng: np.random.Generator) -> Mask:
    """Return how much of the stain each pixel took up: more in the middle, along fibres, with a soft coast."""
    shape = (level.shape[0], level.shape[1])
    texture = smooth_field(shape, rng, cells=max(shape) / max(2.0, radius / 50), octaves=2, rough=0.9)
    soak = smooth_step(level, -0.12, 0.3)
    texture *= np.float32(0.28 * fibre)
    texture += np.float32(0.85)
    soak *= np.clip(texture, 0.0, 1.0)
    soak *= np.float32(strength)
    soak[soak < 2 * FAINTEST] = 0.0
    return soak
