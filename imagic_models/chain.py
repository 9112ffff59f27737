"""One picture through its stages: from its own colours into the working space, through every model, and home.

The bulk job and the studio both come through here, so that what was tried on one picture is what ten thousand get.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np

from imaging.blend import mix, put_texture_back, stretch
from imaging.colour import bring_home, space_of, to_working
from imaging.passport import for_writing
from imaging.picture import Page, Passport, Picture
from imaging.pixels import Image
from imaging.provenance import COMPOSITE, ENHANCED, with_provenance

SOFTWARE = "IMagic"


class Model(Protocol):
    """What a step needs of a model."""

    @property
    def version(self) -> str:
        """Digest of what decides its results."""

    def restore(self, image: Image) -> Image:
        """Return the restored picture in the type of the given one."""


@dataclass(frozen=True)
class Step:
    """A loaded stage: its name, its model and its strength."""

    name: str
    restorer: Model
    strength: float


@dataclass(frozen=True)
class Finish:
    """What is done after the stages: texture put back (0 to 1), and percent clipped by a histogram stretch."""

    detail: float = 0.0
    stretch: float = 0.0


def enhance_picture(picture: Picture, steps: Sequence[Step], finish: Finish, content: str) -> Picture:
    """Return the picture with all steps applied to every page, and in its passport what was done.

    Args:
        picture: as read.
        steps: in their order.
        finish: what follows them.
        content: SHA-256 of the original file, hexadecimal.
    """
    pages = tuple(enhance_page(page, picture.passport.icc, steps, finish) for page in picture.pages)
    return Picture(pages, _passport_after(picture, pages[0], steps, content))


def enhance_page(page: Page, icc: bytes | None, steps: Sequence[Step], finish: Finish) -> Page:
    """Return one page with all steps applied; alpha is only enlarged with it."""
    space = space_of(page.samples, icc)
    before = work = to_working(page.samples, space)
    for step in steps:
        if step.strength > 0:
            work = mix(work, np.asarray(step.restorer.restore(work)), step.strength)
    work = stretch(put_texture_back(before, work, finish.detail), finish.stretch)
    return Page(bring_home(page.samples, work, space), None if page.alpha is None else sized(page.alpha, work))


def _passport_after(picture: Picture, first: Page, steps: Sequence[Step], content: str) -> Passport:
    was, now = picture.pages[0].samples, first.samples
    coloured = now.ndim > was.ndim
    kind = COMPOSITE if coloured or any(step.name == "colorize" for step in steps) else ENHANCED
    size = (now.shape[1], now.shape[0]) if now.shape[:2] != was.shape[:2] else None
    told = picture.passport.format != "bmp"
    xmp = with_provenance(picture.passport.xmp, _facts(steps, content), kind) if told else None
    passport = for_writing(picture.passport, size=size, xmp=xmp)
    if not coloured:
        return passport
    gray = (b"iCCP", b"colr", b"gAMA", b"\xe2")  # what describes gray samples would misread coloured ones
    return replace(passport, mode="RGB", icc=None, carried=tuple(p for p in passport.carried if p[0] not in gray))


def _facts(steps: Sequence[Step], content: str) -> dict[str, str]:
    return {
        "software": SOFTWARE,
        "stages": ", ".join(f"{step.name} {step.strength:g}" for step in steps),
        "models": ", ".join(f"{step.name} sha256:{step.restorer.version}" for step in steps),
        "original": f"sha256:{content}",
    }


def sized(plane: Image, image: Image) -> Image:
    """Return a mask or an alpha plane in the size of a picture."""
    height, width = image.shape[:2]
    if plane.shape == (height, width):
        return plane
    return cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
