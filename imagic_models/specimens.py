"""Crops to look at: the worst, the median and the best picture of a set, with every contender's error beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from imagic_models.contenders import Contender
from imagic_models.protocols.protocol import Case, Protocol, at_depth
from imagic_models.scorecard import METRIC_LABELS, Scorecard, number
from imagic_models.testset import Source
from imaging.pixels import FloatImage, Image, from_float, to_float

SIDE = 176  # pixels of a crop
MOST = 4  # contenders shown beside input and truth
ERROR_GAIN = 5.0


@dataclass(frozen=True)
class Panel:
    """One picture of a specimen: a crop as uint8 RGB, its caption, and the map of its error where there is a truth."""

    title: str
    crop: Image
    caption: str = ""
    error: Image | None = None


@dataclass(frozen=True)
class Specimen:
    """One picture at one level, cropped where the leading contender errs most."""

    rank: str
    image: str
    level: str
    panels: tuple[Panel, ...]


def lead(card: Scorecard) -> str:
    """Return the contender that the crops are chosen by: the first one asked for."""
    return card.models[1] if len(card.models) > 1 else card.models[0]


def specimens(
    card: Scorecard, protocol: Protocol, contenders: Sequence[Contender], usable: Sequence[Source]
) -> tuple[Specimen, ...]:
    """Return the worst, the median and the best picture of the leading contender at its middle level.

    The answers are computed again rather than kept, so that memory does not grow with the set.
    """
    ranked, level_name = _ranked(card)
    chosen = dict.fromkeys((ranked[0], ranked[len(ranked) // 2], ranked[-1]))
    names = ("worst", "median", "best") if len(chosen) == 3 else ("worst", "best") if len(chosen) == 2 else ("only",)
    level = next(one for one in protocol.levels if one.name == level_name)
    shown = [one for one in contenders if one.takes(level)]
    found = []
    for rank, key in zip(names, chosen, strict=True):
        source = next(one for one in usable if one.key == key)
        case = protocol.case(source.read(needs=protocol.needs), level, card.seed)
        found.append(Specimen(rank, key, level_name, _panels(card, case, _leading_first(card, shown)[:MOST])))
    return tuple(found)


def _leading_first(card: Scorecard, shown: Sequence[Contender]) -> list[Contender]:
    untouched = [one for one in shown if one.as_is]
    others = [one for one in shown if not one.as_is]
    return sorted(others, key=lambda one: one.name != lead(card)) or untouched


def _ranked(card: Scorecard) -> tuple[list[str], str]:
    """Return the pictures from worst to best by the first metric, and the level that they were ranked at."""
    rows = [row for row in card.rows if row.model == lead(card)]
    levels = [name for name in card.level_names if any(row.level == name for row in rows)]
    level, metric = levels[len(levels) // 2], card.metrics[0]
    values = {row.image: row.metrics[metric] for row in rows if row.level == level}
    return sorted(values, key=lambda key: -math.inf if math.isnan(values[key]) else values[key]), level


def _panels(card: Scorecard, case: Case, shown: Sequence[Contender]) -> tuple[Panel, ...]:
    answers = [at_depth(contender.answer(case), case.step) for contender in shown]
    height, width = answers[0].shape[:2]
    degraded = _as_large(at_depth(case.degraded, case.step), height, width)
    window = _window(answers[0], case.target if case.target is not None else degraded)
    first = Panel("input", _pixels(degraded[window]), "", _error(degraded, case.target, window))
    middle = [
        Panel(one.name, _pixels(answer[window]), _caption(card, one.name, case), _error(answer, case.target, window))
        for one, answer in zip(shown, answers, strict=True)
    ]
    last = [] if case.target is None else [Panel("truth", _pixels(case.target[window]))]
    return (first, *middle, *last)


def _as_large(image: FloatImage, height: int, width: int) -> FloatImage:
    """Return a smaller input enlarged without smoothing, so that its pixels are seen."""
    same = image.shape[:2] == (height, width)
    return image if same else to_float(cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST))


def _window(answer: FloatImage, truth: FloatImage) -> tuple[slice, slice]:
    """Return the crop with the largest error."""
    difference = _mean_difference(answer, truth)
    height, width = (min(SIDE, side) for side in difference.shape)
    sums = cv2.boxFilter(difference, -1, (width, height), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    inside = sums[: difference.shape[0] - height + 1, : difference.shape[1] - width + 1]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return slice(int(top), int(top) + height), slice(int(left), int(left) + width)


def _error(image: FloatImage, truth: FloatImage | None, window: tuple[slice, slice]) -> Image | None:
    if truth is None:
        return None
    scaled = from_float(_mean_difference(image[window], truth[window]) * ERROR_GAIN, np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(scaled, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


def _mean_difference(image: FloatImage, truth: FloatImage) -> FloatImage:
    difference = np.abs(image - truth)
    return difference if difference.ndim == 2 else difference.mean(axis=2)


def _pixels(image: FloatImage) -> Image:
    pixels = from_float(image, np.uint8)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _caption(card: Scorecard, model: str, case: Case) -> str:
    row = next((r for r in card.rows if (r.model, r.image, r.level) == (model, case.key, case.level.name)), None)
    metric = card.metrics[0]
    return f"{number(metric, row.metrics[metric])} {METRIC_LABELS.get(metric, metric)}" if row else ""
