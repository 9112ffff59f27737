"""Dust and hairs: what lay on the glass, the negative or the print when it was copied."""

from __future__ import annotations

import math

import numpy as np

from imaging.degradations.fields import diagonal
from imaging.degradations.parameters import Parameters, Span, WholeSpan, span
from imaging.degradations.registry import Image, Mask, degradation
from imaging.degradations.strokes import paint, settle, stroke, wander, waver


class DustAndHairs(Parameters):
    """`specks` and `hairs` by number, their `size` in thousandths of the diagonal, and the share that is `light`."""

    specks_range: WholeSpan = span(20, 200, within=(0, 20000))
    hairs_range: WholeSpan = span(0, 6, within=(0, 500))
    size_range: Span = span(0.5, 1.6, within=(0.0, 30.0))
    light_range: Span = span(0.4, 1.0)


@degradation(
    DustAndHairs,
    theme="surface",
    ladder={"specks": [15, 50, 120, 250, 500], "hairs": [0, 2, 4, 7, 12], "size": [0.6, 0.7, 0.9, 1.1, 1.4]},
    weakest={"specks": 0, "hairs": 0},
    masks=True,
)
def dust_and_hairs(
    image: Image, *, specks: int, hairs: int, size: float, light: float, rng: np.random.Generator
) -> tuple[Image, Mask]:
    """Return the picture strewn with specks and curled hairs, and their mask.

    Dust on a negative prints white, dust on a print copies dark; `light` says how much of either.
    """
    unit = size * diagonal(image) / 1000.0
    pale, dark = (np.zeros(image.shape[:2], np.float32) for _ in range(2))
    pale_specks = int(rng.binomial(specks, light))
    _strew(pale, pale_specks, unit, rng)
    _strew(dark, specks - pale_specks, unit, rng)
    for _ in range(hairs):
        _hair(pale if rng.random() < light else dark, unit, rng)
    degraded = image.copy()
    paint(degraded, settle(pale), np.float32(rng.uniform(0.85, 0.98)) * np.array([1.0, 0.99, 0.96], np.float32))
    paint(degraded, settle(dark), np.float32(rng.uniform(0.02, 0.2)) * np.array([1.0, 0.95, 0.9], np.float32))
    return degraded, np.maximum(pale, dark, out=pale)


def _strew(mask: Mask, count: int, unit: float, rng: np.random.Generator) -> None:
    """Add specks to the mask, in place: each a cloud of grains, oblong and ragged, mostly tiny."""
    height, width = mask.shape
    radius = np.minimum(0.5 * unit * rng.lognormal(0.0, 0.6, count), 6.0 * unit)
    centre = rng.random((count, 2)) * [width, height]
    turn, flat = rng.uniform(0.0, math.pi, count), rng.uniform(0.35, 1.0, count)
    depth = rng.uniform(0.35, 1.0, count)
    grains = np.maximum(8, (16.0 * radius**2).astype(int))
    speck = np.repeat(np.arange(count), grains)
    # Sunflower seeds fill a disk evenly; a wave along the rim makes it a crumb.
    seed = np.arange(len(speck)) - np.repeat(np.cumsum(grains) - grains, grains)
    around = seed * (math.pi * (3.0 - math.sqrt(5.0))) + rng.random(count)[speck]
    lobes = 1.0 + 0.3 * np.cos(rng.integers(2, 5, count)[speck] * around + 6.0 * rng.random(count)[speck])
    away = np.sqrt((seed + 0.5) / grains[speck]) * lobes
    along, across = radius[speck] * away * np.cos(around), radius[speck] * away * np.sin(around) * flat[speck]
    cosine, sine = np.cos(turn)[speck], np.sin(turn)[speck]
    x = np.floor(centre[speck, 0] + along * cosine - across * sine).astype(np.int64)
    y = np.floor(centre[speck, 1] + along * sine + across * cosine).astype(np.int64)
    area = (math.pi * radius**2 * flat * depth / grains)[speck] * 1.3
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    np.add.at(mask.reshape(-1), (y * width + x)[inside], area[inside].astype(np.float32))


def _hair(mask: Mask, unit: float, rng: np.random.Generator) -> None:
    """Add one curled hair or fibre to the mask, in place."""
    height, width = mask.shape
    length = unit * rng.lognormal(3.6, 0.5)
    start = (rng.uniform(0, width), rng.uniform(0, height))
    path = wander(
        start, rng.uniform(0, 2 * math.pi), length, rng, bend=rng.uniform(0.5, 2.5), wobble=0.12, wave=length / 6
    )
    thickness = np.maximum(unit * rng.uniform(0.35, 0.8), 0.4) * (1.0 + 0.15 * waver(len(path), 12, rng))
    depth = np.clip(rng.uniform(0.5, 0.95) + 0.12 * waver(len(path), 8, rng), 0.0, 1.0)
    stroke(mask, path, np.maximum(thickness, 0.3), depth, rng, ragged=0.1)
