"""One picture through a chain of stages: every page, in the working space, and home to its own colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from imaging import blend
from imaging.colour import bring_home, space_of, to_rgb, to_working
from imaging.files import Page, Picture
from imaging.pixels import Image
from studio.catalogue import Point, Restorer

Report = Callable[[float, str], None]


@dataclass(frozen=True)
class Step:
    """One stage, ready to run.

    Attributes:
        name: for progress.
        restorer: does the work.
        strength: share of the restored picture that is taken.
        mask: HW, what is damaged; None lets the restorer judge.
        points: known colours.
    """

    name: str
    restorer: Restorer
    strength: float = 1.0
    mask: Image | None = None
    points: Sequence[Point] = ()


def restore_picture(
    picture: Picture, steps: Sequence[Step], *, detail: float = 0.0, stretch: float = 0.0, report: Report
) -> Picture:
    """Return the picture with every page restored.

    Args:
        picture: as `imaging.files.read_picture` gives it.
        steps: the chain, in order.
        detail: share of the texture lost in restoration that is put back where the picture has structure.
        stretch: percent that a final histogram stretch may clip at either end; 0 for no stretch.
        report: told the share done and the stage at work.
    """
    pages, total = [], len(picture.pages) * max(len(steps), 1)
    for number, page in enumerate(picture.pages):
        space = space_of(page.samples, picture.passport.icc)
        original = restored = to_working(page.samples, space)
        for place, step in enumerate(steps):
            report((number * len(steps) + place) / total, step.name)
            restored = run_step(restored, step)
        restored = blend.stretch(blend.put_texture_back(original, restored, detail), stretch)
        home = bring_home(page.samples, restored, space)
        pages.append(Page(home, None if page.alpha is None else _sized(page.alpha, home.shape[:2])))
    return Picture(tuple(pages), picture.passport)


def run_step(image: Image, step: Step) -> Image:
    """Return the image after one stage, mixed with the image before it as the strength asks."""
    mask = None if step.mask is None else _sized(step.mask, image.shape[:2])
    return blend.mix(image, step.restorer.restore(image, mask=mask, points=step.points), step.strength)


def as_png(picture: Picture) -> Picture:
    """Return the first page of a picture, to be written as PNG: inks become RGB, the profile goes along."""
    page, passport = picture.pages[0], picture.passport
    inks = page.samples.ndim == 3 and page.samples.shape[2] == 4
    samples = to_rgb(page.samples, passport.icc) if inks else page.samples
    mode = ("RGB" if samples.ndim == 3 else "L") + ("" if page.alpha is None else "A")
    if mode == "LA":  # deep gray with alpha is written as colour
        mode, samples = "RGBA", np.repeat(samples[:, :, None], 3, axis=2)
    depth = 8 * samples.dtype.itemsize
    kept = replace(passport, format="png", mode=mode, bit_depth=depth, alpha=page.alpha is not None, pages=1)
    kept = replace(kept, carried=(), directories=(), encoding={}, iptc=None, modified_ns=None, orientation=1)
    return Picture((Page(samples, page.alpha),), replace(kept, icc=None) if inks else kept)


def _sized(image: Image, size: tuple[int, ...]) -> Image:
    if image.shape[:2] == size:
        return image
    return cv2.resize(image, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
