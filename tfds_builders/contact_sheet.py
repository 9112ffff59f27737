"""A sheet of clean and degraded details side by side, at full size, because reduced pictures hide noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from imaging.pixels import Image
from imaging.recipes import Recipe
from pipelines.dataset.examples import ImageFailed, Pair, Work, image_pairs
from pipelines.dataset.options import BuildOptions
from pipelines.dataset.plan import PlannedImage

_CELL, _GAP, _PAIRS, _PAIRS_A_ROW = 224, 6, 8, 2
_PAPER = 255


def work_of(recipe: Recipe, options: BuildOptions) -> Work:
    """Returns what a build does with every picture."""
    return Work(recipe, options.seed, options.variants, options.view_size, options.max_pixels)


def evenly(images: Sequence[PlannedImage], count: int) -> list[PlannedImage]:
    """Returns up to `count` pictures from all over the list."""
    step = max(len(images) / count, 1)
    return [images[int(index * step)] for index in range(min(count, len(images)))]


def sheet_of(images: Sequence[PlannedImage], recipe: Recipe, options: BuildOptions) -> Image:
    """Returns the sheet as HWC RGB uint8."""
    cells: list[Image] = []
    for image in evenly(images, _PAIRS):
        try:
            cells.append(_cell(next(image_pairs(image, work_of(recipe, options)))))
        except (ImageFailed, StopIteration):
            continue
    return _stacked(cells)


def write_sheet(sheet: Image, path: Path) -> None:
    """Writes a sheet as JPEG."""
    encoded = cv2.imencode(".jpg", sheet[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    path.write_bytes(encoded.tobytes())


def _cell(pair: Pair) -> Image:
    scale = round(pair.clean.shape[0] / pair.degraded.shape[0])
    left = _detail(pair.clean, _CELL)
    small = _detail(pair.degraded, max(_CELL // scale, 1))
    right = np.repeat(np.repeat(small, scale, axis=0), scale, axis=1)
    cell = np.full((_CELL + _GAP, 2 * _CELL + 2 * _GAP, 3), _PAPER, np.uint8)
    for start, detail in ((0, left), (_CELL, right)):
        part = detail[:_CELL, :_CELL]
        cell[: part.shape[0], start : start + part.shape[1]] = part
    return cell


def _detail(image: Image, side: int) -> Image:
    """Returns the middle of a picture."""
    top, left = (max(length - side, 0) // 2 for length in image.shape[:2])
    return image[top : top + side, left : left + side]


def _stacked(cells: Iterable[Image]) -> Image:
    row = [*cells] or [np.full((_CELL, _CELL, 3), _PAPER, np.uint8)]
    blank = np.full_like(row[0], _PAPER)
    row += [blank] * (-len(row) % _PAIRS_A_ROW)
    rows = [np.hstack(row[index : index + _PAIRS_A_ROW]) for index in range(0, len(row), _PAIRS_A_ROW)]
    return np.vstack(rows)
