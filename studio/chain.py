"""One picture through its stages: from its own colours into the working space, through every model, and home."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from imaging.blend import mix, put_texture_back, stretch
from imaging.colour import bring_home, space_of, to_rgb, to_working
from imaging.containers import Part
from imaging.passport import for_writing
from imaging.picture import Page, Passport, Picture
from imaging.pixels import Image
from imaging.provenance import COMPOSITE, ENHANCED, with_provenance
from studio.catalogue import Point, Restorer

Report = Callable[[float, str], None]
SOFTWARE = "IMagic"


@dataclass(frozen=True)
class Step:
    """One stage, ready to run.

    Attributes:
        name: as the command line names it.
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


@dataclass(frozen=True)
class Finish:
    """What is done after the stages: texture put back (0 to 1), and percent clipped by a histogram stretch."""

    detail: float = 0.0
    stretch: float = 0.0


def restore_picture(picture: Picture, steps: Sequence[Step], finish: Finish, content: str, report: Report) -> Picture:
    """Return the picture with every page restored, and in its passport what was done.

    Args:
        picture: as read.
        steps: in their order.
        finish: what follows them.
        content: SHA-256 of the original file, hexadecimal.
        report: told the share done and the stage at work.
    """
    pages, count = [], len(picture.pages)
    for number, page in enumerate(picture.pages):

        def in_page(share: float, note: str, number: int = number) -> None:
            report((number + share) / count, note)

        pages.append(restore_page(page, picture.passport.icc, steps, finish, in_page))
    return Picture(tuple(pages), _passport_after(picture, pages[0], steps, content))


def restore_page(page: Page, icc: bytes | None, steps: Sequence[Step], finish: Finish, report: Report) -> Page:
    """Apply all steps to one page; alpha is only enlarged with it."""
    space = space_of(page.samples, icc)
    before = work = to_working(page.samples, space)
    for place, step in enumerate(steps):
        report(place / len(steps), step.name)
        if step.strength > 0:
            work = run_step(work, step)
    work = stretch(put_texture_back(before, work, finish.detail), finish.stretch)
    return Page(bring_home(page.samples, work, space), _sized(page.alpha, work))


def run_step(image: Image, step: Step) -> Image:
    """Return the image after one stage, mixed with the image before it as the strength asks."""
    mask = _sized(step.mask, image)
    return mix(image, np.asarray(step.restorer.restore(image, mask=mask, points=step.points)), step.strength)


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


def as_png(picture: Picture) -> Picture:
    """Return the first page of a picture, to be written as PNG with profile, EXIF, XMP and resolution."""
    page, passport = picture.pages[0], picture.passport
    if passport.format == "png":
        return picture
    inks = page.samples.ndim == 3 and page.samples.shape[2] == 4
    samples = to_rgb(page.samples, passport.icc) if inks else page.samples
    if samples.ndim == 2 and page.alpha is not None and samples.dtype == np.uint16:
        samples = np.repeat(samples[:, :, None], 3, axis=2)  # deep gray with alpha has no encoder here
    icc = None if inks else passport.icc
    kept = Passport(
        "png",
        mode=("RGB" if samples.ndim == 3 else "L") + ("" if page.alpha is None else "A"),
        bit_depth=8 * samples.dtype.itemsize,
        alpha=page.alpha is not None,
        icc=icc,
        exif=passport.exif,
        xmp=passport.xmp,
        carried=_png_parts(icc, passport.dpi),
    )
    return Picture((Page(samples, page.alpha),), kept)


def _png_parts(icc: bytes | None, dpi: tuple[float, float] | None) -> tuple[Part, ...]:
    profile = [(b"iCCP", b"ICC\0\0" + zlib.compress(icc))] if icc else []
    metres = [(b"pHYs", struct.pack(">IIB", *(round(value / 0.0254) for value in dpi), 1))] if dpi else []
    return (*profile, *metres)


def _sized(plane: Image | None, image: Image) -> Image | None:
    height, width = image.shape[:2]
    if plane is None or plane.shape == (height, width):
        return plane
    return cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
