"""Scratches: the emulsion scraped off (light) or dirt and ink dragged along (dark)."""

from __future__ import annotations

import math

import numpy as np

from imaging.degradations.fields import diagonal
from imaging.degradations.parameters import Parameters, Span, WholeSpan, span
from imaging.degradations.registry import Image, Mask, degradation
from imaging.degradations.strokes import broken, paint, settle, stroke, wander, waver


class Scratches(Parameters):
    """How many, how wide and long (thousandths of the diagonal), how deep, and which share is light or bundled."""

    count_range: WholeSpan = span(3, 30, within=(0, 1000))
    width_range: Span = span(0.7, 2.4, within=(0.0, 50.0))
    length_range: Span = span(80.0, 600.0, within=(1.0, 3000.0))
    depth_range: Span = span(0.35, 1.0)
    light_range: Span = span(0.6, 1.0)
    bundled_range: Span = span(0.0, 0.6)
    angle_range: Span = span(0.0, 180.0, within=(0.0, 180.0))


@degradation(
    Scratches,
    theme="surface",
    ladder={
        "count": [3, 7, 14, 26, 45],
        "width": [0.8, 1.1, 1.4, 1.8, 2.3],
        "depth": [0.5, 0.65, 0.8, 0.9, 1.0],
        "length": [200.0, 300.0, 400.0, 450.0, 500.0],
    },
    weakest={"count": 0},
    masks=True,
)
def scratches(
    image: Image,
    *,
    count: int,
    width: float,
    length: float,
    depth: float,
    light: float,
    bundled: float,
    angle: float,
    rng: np.random.Generator,
) -> tuple[Image, Mask]:
    """Return the picture with fine, slightly wobbly, broken scratches, and their mask.

    Most follow the direction `angle` in which the print was handled, some go anywhere. A bundle is one scrape by a
    rough edge: parallel lines of different depth.
    """
    unit = diagonal(image) / 1000.0
    masks = [np.zeros(image.shape[:2], np.float32) for _ in range(2)]
    for _ in range(count):
        mask = masks[0 if rng.random() < light else 1]
        stray = rng.normal(0.0, 0.25) if rng.random() < 0.7 else rng.uniform(0.0, math.pi)
        reach = length * unit * rng.lognormal(-0.4, 0.7)
        lines = int(rng.integers(2, 7)) if rng.random() < bundled / 2 else 1
        opacity = depth if mask is masks[0] else 0.7 * depth
        _scrape(mask, lines, math.radians(angle) + stray, reach, width * unit, opacity, rng)
    degraded = image.copy()
    ink = np.float32(rng.uniform(0.02, 0.2)) * np.array([1.0, 0.95, 0.88], np.float32)
    bare = np.float32(rng.uniform(0.82, 0.98)) * np.array([1.0, 0.985, 0.95], np.float32)
    for mask, colour in zip(masks, (bare, ink), strict=True):
        paint(degraded, settle(mask), colour)
    return degraded, np.maximum(masks[0], masks[1], out=masks[0])


def _scrape(
    mask: Mask, lines: int, heading: float, length: float, width: float, depth: float, rng: np.random.Generator
) -> None:
    """Add one scratch, or a bundle of nearly parallel ones, to the mask."""
    height, breadth = mask.shape
    start = np.array([rng.uniform(-0.1, 1.0) * breadth, rng.uniform(-0.1, 1.0) * height])
    bend = float(rng.exponential(0.15))
    spread = 6.0 * width * np.array([-math.sin(heading), math.cos(heading)])
    for _ in range(lines):
        begin = start + spread * rng.normal() + length * 0.1 * rng.normal(size=2) * (lines > 1)
        reach = length * rng.uniform(0.5, 1.0)
        path = wander((begin[0], begin[1]), heading, reach, rng, bend=bend, wave=max(6.0, 12.0 * width))
        thickness = width * rng.lognormal(-0.3, 0.4) * np.exp(0.3 * waver(len(path), reach / (20 * width + 4), rng))
        fade = broken(len(path), max(3.0, reach / (30.0 * width + 6)), rng.uniform(0.0, 0.5), rng)
        stroke(mask, path, np.maximum(thickness, 0.7), depth * rng.uniform(0.5, 1.0) * fade, rng)
