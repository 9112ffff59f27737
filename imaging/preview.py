"""Contact sheets: what a recipe does to one's own pictures, before a million of them are degraded."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as pillow
from PIL import ImageDraw, ImageFont

from imaging.degradations.randomness import generator, philox_key
from imaging.degradations.registry import DEGRADATIONS, Image, degrade_at
from imaging.errors import MisuseError
from imaging.files import UnreadableImage, find_images, read_rgb
from imaging.pixels import from_float, to_float
from imaging.recipes import Recipe, get_recipe, list_recipes

Panel: TypeAlias = npt.NDArray[np.uint8]
"""HWC RGB."""

_GAP, _TEXT_WIDTH, _FONT_SIZE = 6, 330, 12
_PAPER, _INK = 24, (225, 225, 225)


@dataclass(frozen=True)
class PreviewOptions:
    """What to show of what.

    Attributes:
        recipe: a recipe's name or the path of its YAML; with --ladder also a degradation's name, or "all" of them.
        images: folder of clean pictures.
        out: the sheet to write, a .png or .jpg file.
        ladder: show each degradation of the recipe at its five severities instead of pictures degraded at random.
        limit: the number of pictures shown, taken evenly from the folder.
        side: pixels of the longer side to which pictures are shrunk before they are degraded.
        seed: another seed draws other damage.
    """

    recipe: str
    images: Path
    out: Path
    ladder: bool = False
    limit: int = 6
    side: int = 320
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what could not be shown or written."""
        if self.limit < 1:
            raise MisuseError("limit is at least 1", self.limit)
        if not 16 <= self.side <= 4096:
            raise MisuseError("side is from 16 to 4096 pixels", self.side)
        if Path(self.out).suffix.lower() not in (".png", ".jpg", ".jpeg"):
            raise MisuseError("A contact sheet is a .png or .jpg file", self.out, "Give --out such a name")
        if not Path(self.images).is_dir():
            raise MisuseError("images is a folder of pictures", self.images, "Correct the path")


@dataclass(frozen=True)
class PreviewReport:
    """What was drawn.

    Attributes:
        out: the sheet that was written.
        rows: how many rows it has.
        failed: pictures that could not be read, with the reason.
    """

    out: Path
    rows: int
    failed: tuple[tuple[Path, str], ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 when every chosen picture is shown, 3 when some could not be read, 1 when none could."""
        return 1 if not self.rows else 3 if self.failed else 0

    def lines(self) -> list[str]:
        """Returns the report as lines for a terminal."""
        unread = [f"  not read: {path}: {reason}" for path, reason in self.failed]
        return [f"{self.out}: {self.rows} rows" if self.rows else "No picture could be read", *unread]


def preview(options: PreviewOptions) -> PreviewReport:
    """Write a contact sheet and return what is on it.

    Each row of a sheet is a picture: clean, degraded, damage mask where the recipe leaves one, and the drawn values.
    Each row of a ladder is a degradation: clean, then severities 1 to 5.

    Raises:
        MisuseError: for an unknown recipe, or a folder without pictures.
    """
    names = _ladder_names(options.recipe) if options.ladder else ()
    recipe = None if options.ladder else get_recipe(options.recipe)
    pictures, failed = _pictures(options)
    if not pictures:
        return PreviewReport(options.out, 0, tuple(failed))
    if recipe is not None:
        rows = [_recipe_row(recipe, key, image, options.seed) for key, image in pictures]
    else:
        rows = [_ladder_row(name, *pictures[place % len(pictures)], options.seed) for place, name in enumerate(names)]
    _write(options.out, rows)
    return PreviewReport(options.out, len(rows), tuple(failed))


def _ladder_names(name: str) -> tuple[str, ...]:
    """Return the degradations that a name stands for: itself, all, or those in a recipe."""
    if name == "all":
        return tuple(sorted(DEGRADATIONS, key=lambda known: (DEGRADATIONS[known].theme, known)))
    if name in DEGRADATIONS and name not in list_recipes():
        return (name,)
    steps = get_recipe(name).steps
    return tuple(dict.fromkeys(option.name for step in steps for option in step.options))


def _pictures(options: PreviewOptions) -> tuple[list[tuple[str, Image]], list[tuple[Path, str]]]:
    """Return the chosen pictures by name, and those that could not be read."""
    paths = find_images(Path(options.images))
    if not paths:
        raise MisuseError("The folder holds pictures", options.images, "Give a folder with JPEG, PNG or TIFF files")
    count = min(options.limit, len(paths))
    chosen = [paths[place * len(paths) // count] for place in range(count)]
    pictures, failed = [], []
    for path in chosen:
        try:
            pictures.append((path.name, _shrunk(to_float(read_rgb(path)), options.side)))
        except UnreadableImage as error:
            failed.append((path, str(error)))
    return pictures, failed


def _shrunk(image: Image, side: int) -> Image:
    """Return the picture no larger than `side` each way."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrunk = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return shrunk.reshape(size[1], size[0], 3).astype(np.float32, copy=False)


def _recipe_row(recipe: Recipe, key: str, image: Image, seed: int) -> list[Panel]:
    result = recipe.degrade(image, key=key, seed=seed)
    panels = [_panel(image), _panel(result.image, like=image)]
    if recipe.masks:
        mask = np.zeros(image.shape[:2], np.float32) if result.mask is None else result.mask
        panels.append(_panel(np.repeat(mask[:, :, np.newaxis], 3, axis=2), like=image))
    lines = [key, ""]
    for step in result.trace["steps"]:
        lines += textwrap.wrap(f"{step['name']}: {_settings(step['drawn'])}", 50, subsequent_indent="    ")
    return [*panels, _text(lines, image.shape[0])]


def _ladder_row(name: str, key: str, image: Image, seed: int) -> list[Panel]:
    panels = [_panel(image)]
    for severity in range(1, 6):
        rng = generator(philox_key("ladder", seed, name, key))  # what severity leaves open stays the same
        panels.append(_panel(degrade_at(name, image, severity, rng)[0], like=image))
    entry = DEGRADATIONS[name]
    lines = [f"{name} ({entry.theme})", ""]
    for severity, drawn in enumerate(entry.severities, start=1):
        lines += textwrap.wrap(f"{severity}: {_settings(drawn)}", 50, subsequent_indent="    ")
    return [*panels, _text(lines, image.shape[0])]


def _settings(drawn: dict[str, object]) -> str:
    short = {name: f"{value:.3g}" if isinstance(value, float) else str(value) for name, value in drawn.items()}
    return ", ".join(f"{name} {value}" for name, value in short.items())


def _panel(image: Image, like: Image | None = None) -> Panel:
    """Return a picture in 8 bits, enlarged to the size of another by whole pixels."""
    if like is not None and image.shape != like.shape:
        enlarged = cv2.resize(image, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_NEAREST)
        image = enlarged.astype(np.float32, copy=False)
    return from_float(image, np.uint8)


def _text(lines: Sequence[str], height: int) -> Panel:
    """Return a panel of text, cut where it does not fit."""
    canvas = pillow.new("RGB", (_TEXT_WIDTH, max(height, _FONT_SIZE + 4)), (_PAPER,) * 3)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(_FONT_SIZE)
    step = min(_FONT_SIZE + 3, max(9, height // max(1, len(lines))))
    for place, line in enumerate(lines):
        draw.text((4, place * step), line, fill=_INK, font=font)
    return np.asarray(canvas)


def _write(path: Path, rows: list[list[Panel]]) -> None:
    """Lay the panels out in rows and write the sheet."""
    heights = [max(panel.shape[0] for panel in row) + _GAP for row in rows]
    widths = [sum(panel.shape[1] + _GAP for panel in row) for row in rows]
    sheet = np.full((sum(heights) + _GAP, max(widths) + _GAP, 3), _PAPER, np.uint8)
    top = _GAP
    for row, height in zip(rows, heights, strict=True):
        left = _GAP
        for panel in row:
            sheet[top : top + panel.shape[0], left : left + panel.shape[1]] = panel
            left += panel.shape[1] + _GAP
        top += height
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    pillow.fromarray(sheet).save(path)
