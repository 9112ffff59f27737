"""Creases, folds and tears: paper bent until its picture layer broke, and then the paper itself."""

from __future__ import annotations

import math

import numpy as np

from imaging.degradations.fields import diagonal
from imaging.degradations.parameters import Parameters, Span, WholeSpan, span
from imaging.degradations.registry import Image, Mask, degradation
from imaging.degradations.strokes import Path, paint, settle, stroke, taper, wander, waver
from imaging.degradations.water import shore

_PAPER = np.array([0.93, 0.91, 0.86], np.float32)


class Creases(Parameters):
    """`count` of folds, `width` of the line (thousandths of the diagonal), how `worn`, and how much it branches."""

    count_range: WholeSpan = span(1, 4, within=(0, 100))
    width_range: Span = span(1.2, 4.0, within=(0.0, 50.0))
    worn_range: Span = span(0.3, 1.0)
    branching_range: Span = span(0.0, 1.0)


@degradation(
    Creases,
    theme="surface",
    ladder={
        "count": [1, 1, 2, 3, 5],
        "width": [1.2, 1.8, 2.4, 3.2, 4.0],
        "worn": [0.25, 0.45, 0.65, 0.85, 1.0],
        "branching": [0.0, 0.2, 0.5, 0.8, 1.0],
    },
    weakest={"count": 0},
    masks=True,
)
def creases(
    image: Image, *, count: int, width: float, worn: float, branching: float, rng: np.random.Generator
) -> tuple[Image, Mask]:
    """Return the picture folded and flattened again, and the mask of the folds.

    Along a fold the layer flakes off in chips and shows white paper; beside it, one flank catches the light and the
    other lies in shadow; short cracks branch off at steep angles.
    """
    unit = width * diagonal(image) / 1000.0
    shade, light, bare = (np.zeros(image.shape[:2], np.float32) for _ in range(3))
    lines = [line for _ in range(count) for line in _fold((image.shape[1], image.shape[0]), unit, branching, rng)]
    for path, scale in lines:
        _relief(shade, light, path, unit * scale, worn, rng)
        _flake(bare, path, unit * scale, worn, rng)
    degraded = image.copy()
    paint(degraded, settle(shade), np.array([0.12, 0.1, 0.08], np.float32))
    paint(degraded, settle(light), _PAPER)
    paint(degraded, settle(bare), np.float32(rng.uniform(0.88, 1.04)) * _PAPER)
    np.maximum(bare, shade, out=bare)
    return degraded, np.maximum(bare, light, out=bare)


def _fold(size: tuple[int, int], unit: float, branching: float, rng: np.random.Generator) -> list[tuple[Path, float]]:
    """Return one fold as lines with relative widths: the fold itself and, recursively, its branches."""
    width, height = size
    across = math.hypot(width, height)
    upright = rng.random() < 0.5
    # Letters and prints are folded parallel to a side, seldom aslant.
    heading = (math.pi / 2 if upright else 0.0) + rng.normal(0.0, 0.12 if rng.random() < 0.6 else 0.6)
    through = np.array([rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height])
    # Most folds cross the whole sheet, some end within it.
    length = across * (1.5 if rng.random() < 0.7 else rng.uniform(0.3, 0.7))
    begin = through - length * rng.uniform(0.4, 0.6) * np.array([math.cos(heading), math.sin(heading)])
    path = wander((begin[0], begin[1]), heading, length, rng, bend=0.05, wobble=0.10, wave=max(5.0, across / 70))
    lines = [(path, 1.0)]
    _branch(lines, path, 1.0, across, branching, rng)
    return lines


def _branch(
    lines: list[tuple[Path, float]],
    parent: Path,
    scale: float,
    reach: float,
    branching: float,
    rng: np.random.Generator,
) -> None:
    """Append cracks that leave a line at steep angles, and cracks that leave those."""
    for _ in range(int(rng.poisson(4.5 * branching * scale))):
        place = int(rng.integers(1, len(parent)))
        along = parent[place] - parent[place - 1]
        heading = math.atan2(along[1], along[0]) + rng.choice([-1.0, 1.0]) * rng.uniform(0.6, 1.5)
        length = reach * scale * rng.lognormal(-2.1, 0.5)
        start = (float(parent[place][0]), float(parent[place][1]))
        path = wander(start, heading, length, rng, bend=0.2, wobble=0.22, wave=max(5.0, length / 9))
        lines.append((path, 0.5 * scale))
        if scale > 0.4:
            _branch(lines, path, 0.5 * scale, reach, branching, rng)


def _relief(shade: Mask, light: Mask, path: Path, unit: float, worn: float, rng: np.random.Generator) -> None:
    """Add the shadowed and the lit flank of a fold."""
    away = np.array([0.55, 0.8]) * max(unit, 0.8)
    fade = np.clip(0.4 + 0.45 * waver(len(path), 14, rng), 0.0, 1.0) * taper(len(path))
    wide = np.full(len(path), 2.0 * unit + 1.0)
    stroke(shade, path + away, wide, (0.18 + 0.22 * worn) * fade, rng, ragged=0.6)
    stroke(light, path - away, wide, (0.06 + 0.10 * worn) * fade, rng, ragged=0.6)


def _flake(bare: Mask, path: Path, unit: float, worn: float, rng: np.random.Generator) -> None:
    """Add the white line of a fold: a hairline nearly everywhere, wide chips where the layer flaked off."""
    count = len(path)
    wear = 0.7 * waver(count, max(4, count / 250), rng) + 0.7 * waver(count, max(8, count / (6 * unit + 10)), rng)
    chips = np.clip(wear + 1.6 * worn - 0.9, 0.0, 2.2)
    width = np.maximum((0.35 * unit + 0.75 * unit * chips) * taper(count, 0.1), 0.5)
    depth = np.clip(0.45 * worn + 0.6 * chips, 0.05, 1.5) * taper(count)
    sideways = unit * 0.25 * waver(count, count / (4 * unit + 6), rng)
    stroke(bare, path + sideways[:, np.newaxis], width, depth, rng, ragged=0.45)


class Tears(Parameters):
    """`count` of tears from the edge, their `length` in thousandths of the diagonal, `corners` lost."""

    count_range: WholeSpan = span(1, 4, within=(0, 50))
    length_range: Span = span(60.0, 250.0, within=(1.0, 1000.0))
    corners_range: WholeSpan = span(0, 3, within=(0, 4))
    corner_range: Span = span(30.0, 120.0, within=(1.0, 500.0))


@degradation(
    Tears,
    theme="surface",
    ladder={"count": [1, 1, 2, 3, 5], "length": [60.0, 110.0, 160.0, 210.0, 280.0], "corners": [0, 1, 2, 3, 4]},
    weakest={"count": 0, "corners": 0},
    masks=True,
)
def tears(
    image: Image, *, count: int, length: float, corners: int, corner: float, rng: np.random.Generator
) -> tuple[Image, Mask]:
    """Return the picture torn from its edges and without some corners, and the mask of what is lost.

    A tear splits paper: the picture layer breaks first, so that a rim of white core lies along the gap, through
    which the scanner's lid shows.
    """
    unit = diagonal(image) / 1000.0
    rim, gap = (np.zeros(image.shape[:2], np.float32) for _ in range(2))
    for _ in range(count):
        _tear(rim, gap, length * unit * rng.lognormal(-0.1, 0.4), unit, rng)
    for place in rng.permutation(4)[:corners]:
        _lose_corner(rim, gap, int(place), corner * unit * rng.lognormal(-0.1, 0.3), unit, rng)
    degraded = image.copy()
    lid = np.float32(rng.choice([0.06, 0.3, 0.97])) * np.array([1.0, 1.0, 0.99], np.float32)
    paint(degraded, settle(rim), _PAPER)
    paint(degraded, settle(gap), lid)
    return degraded, np.maximum(rim, gap, out=rim)


def _tear(rim: Mask, gap: Mask, length: float, unit: float, rng: np.random.Generator) -> None:
    """Add one tear that starts at a random place of the edge and runs inward."""
    height, width = rim.shape
    side, place = int(rng.integers(4)), rng.uniform(0.05, 0.95)
    starts = [
        (place * width, -1.0),
        (width + 1.0, place * height),
        (place * width, height + 1.0),
        (-1.0, place * height),
    ]
    heading = (0.5, 1.0, 1.5, 0.0)[side] * math.pi + rng.normal(0.0, 0.35)
    path = wander(starts[side], heading, length, rng, bend=0.4, wobble=0.45, wave=max(4.0, 9.0 * unit))
    taper = np.linspace(1.0, 0.0, len(path)) ** 0.8
    opening = unit * rng.lognormal(1.0, 0.6) * taper
    ragged = np.exp(0.4 * waver(len(path), len(path) / (6.0 * unit + 4.0), rng))
    solid = np.ones(len(path))
    stroke(
        rim, path, np.maximum(opening + 4.0 * unit * ragged * (0.4 + 0.6 * taper), 0.8), 1.4 * solid, rng, ragged=0.3
    )
    stroke(gap, path, np.maximum(opening, 0.01), 1.6 * solid, rng, ragged=0.05)


def _lose_corner(rim: Mask, gap: Mask, place: int, radius: float, unit: float, rng: np.random.Generator) -> None:
    """Tear one corner off: 0 and 1 at the top, 2 and 3 at the bottom."""
    height, width = rim.shape
    level, (top, left) = shore((height, width), ((place % 2) * width, (place // 2) * height), radius, rng)
    if level.size == 0:
        return
    box = (slice(top, top + level.shape[0]), slice(left, left + level.shape[1]))
    level *= np.float32(radius)
    gap[box] = np.maximum(gap[box], np.clip(level, 0.0, 1.0))
    rim[box] = np.maximum(rim[box], np.clip(level + np.float32(4.5 * unit), 0.0, 1.0))
