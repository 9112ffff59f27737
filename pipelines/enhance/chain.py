"""One picture through its stages: from its own colours into the working space, through every model, and home."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import cv2
import numpy as np

from imaging.blend import mix, put_texture_back, stretch
from imaging.colour import bring_home, space_of, to_working
from imaging.passport import for_writing
from imaging.picture import Page, Passport, Picture
from imaging.pixels import Image
from imaging.provenance import COMPOSITE, ENHANCED, with_provenance


class Restorer(Protocol):
    """What a stage needs of a model; `imagic_models.load_restorer` gives one.

    Attributes:
        version: SHA-256 of the weights.
        scale: how many times larger its results are.
    """

    version: str
    scale: int

    def restore(self, image: Any) -> Any:
        """Return a picture (H, W) or (H, W, 3), uint8 or uint16, restored, in the same type."""
        ...


@dataclass(frozen=True)
class Step:
    """A loaded stage: its name, its model and the strength that is left of it after all factors."""

    name: str
    restorer: Restorer
    strength: float


@dataclass(frozen=True)
class Finish:
    """What is done after the stages: see `EnhanceOptions.detail` and `.stretch`."""

    detail: float = 0.0
    stretch: float = 0.0


def enhance_page(page: Page, icc: bytes | None, steps: list[Step], finish: Finish) -> Page:
    """Apply all steps to one page.

    Args:
        page: in its own colours.
        icc: its profile.
        steps: in their order. Steps of strength 0 are left out.
        finish: what follows.

    Returns:
        The page in its own colours; RGB where a step added colour to a gray one. Alpha is only enlarged with it.
    """
    space = space_of(page.samples, icc)
    before = work = to_working(page.samples, space)
    for step in steps:
        if step.strength > 0:
            work = mix(work, np.asarray(step.restorer.restore(work)), step.strength)
    work = stretch(put_texture_back(before, work, finish.detail), finish.stretch)
    return Page(bring_home(page.samples, work, space), _resized(page.alpha, work))


def _resized(alpha: Image | None, picture: Image) -> Image | None:
    height, width = picture.shape[:2]
    if alpha is None or alpha.shape == (height, width):
        return alpha
    return cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR)


def enhance_picture(picture: Picture, steps: list[Step], finish: Finish, facts: dict[str, str]) -> Picture:
    """Apply all steps to every page, and write into the passport what was done.

    Args:
        picture: as read.
        steps: in their order.
        finish: what follows them.
        facts: what the provenance says; see `imaging.provenance`.
    """
    pages = tuple(enhance_page(page, picture.passport.icc, steps, finish) for page in picture.pages)
    first, was = pages[0].samples, picture.pages[0].samples
    coloured = first.ndim > was.ndim
    kind = COMPOSITE if coloured or any(step.name == "colorize" for step in steps) else ENHANCED
    size = (first.shape[1], first.shape[0]) if first.shape[:2] != was.shape[:2] else None
    xmp = with_provenance(picture.passport.xmp, facts, kind) if picture.passport.format != "bmp" else None
    passport = for_writing(picture.passport, size=size, xmp=xmp)
    return Picture(pages, _without_gray(passport) if coloured else passport)


def _without_gray(passport: Passport) -> Passport:
    """Return the passport of a gray picture that has become RGB: a gray profile would misread it."""
    carried = tuple(part for part in passport.carried if part[0] not in (b"iCCP", b"colr", b"gAMA", b"\xe2"))
    return replace(passport, mode="RGB", icc=None, carried=carried)
