"""The door to picture files: find them, look at their headers, read and write them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import numpy as np

from imaging.colour import to_rgb
from imaging.decoders import decode
from imaging.encoders import encode
from imaging.errors import ImagicError
from imaging.header import MAX_PIXELS, SUFFIXES, Header, Source, UnreadableImage, probe, reading, source_name
from imaging.passport import differences, read_passport
from imaging.picture import Page, Passport, Picture
from imaging.pixels import Image

__all__ = ["Header", "Page", "Passport", "Picture", "Source", "UnreadableImage"]
__all__ += ["LostPassport", "draft_of", "find_images", "is_draft", "probe", "publish"]
__all__ += ["read_picture", "read_rgb", "write_picture"]


class LostPassport(ImagicError):
    """A written file that does not carry all that it was to carry; nothing of it is left."""


def read_picture(source: Source, *, max_pixels: int = MAX_PIXELS, pages: int | None = None) -> Picture:
    """Read a picture file upright, with its passport.

    Args:
        source: a path, or the content of a file.
        max_pixels: the largest width x height taken in.
        pages: read only so many pages; all when None.

    Raises:
        UnreadableImage: with the reason.
    """
    header = probe(source, max_pixels=max_pixels)
    with reading(source):
        passport = read_passport(source, header)
        decoded = decode(source, header, pages)
    if not decoded:
        raise UnreadableImage("unreadable", source_name(source), "it has no pages")
    return Picture(decoded, passport)


def write_picture(path: Path, picture: Picture) -> None:
    """Write a picture in its passport's format, whole or not at all, and check that its passport arrived.

    The file appears under its name only when it is complete, on the disk, and carries what the passport says; until
    then it is a hidden file beside it, which is removed on failure.

    Raises:
        LostPassport: naming what did not arrive.
        OSError: when the disk does not take it.
    """
    draft = draft_of(path)
    try:
        encode(draft, picture)
        if picture.passport.modified_ns is not None:
            os.utime(draft, ns=(picture.passport.modified_ns, picture.passport.modified_ns))
        lost = differences(picture.passport, read_passport(draft, probe(draft)))
        if lost:
            raise LostPassport("A written picture carries its whole passport", f"{path}: lost {', '.join(lost)}")
        publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def draft_of(path: Path) -> Path:
    """Return a hidden name beside `path` that no other writer uses, with the same suffix."""
    return path.with_name(f".imagic-{secrets.token_hex(6)}.part{path.suffix}")


def is_draft(name: str) -> bool:
    """Say whether a file's name is one that `draft_of` gives.

    Examples:
        >>> is_draft(draft_of(Path("a.jpg")).name)
        True
    """
    return name.startswith(".imagic-") and Path(name).stem.endswith(".part")


def publish(draft: Path, path: Path) -> None:
    """Let a finished draft appear under its name: its bytes reach the disk first, then its name does."""
    with open(draft, "rb") as file:
        os.fsync(file.fileno())
    os.replace(draft, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def find_images(folder: Path, *, recursive: bool = True) -> list[Path]:
    """Return the picture files under a folder, by suffix, in sorted order.

    Hidden files and folders are left out. Links are followed, but no folder is entered twice, so a loop of links ends.

    Args:
        folder: where to look. A missing folder has no pictures.
        recursive: also look into the folders below.

    Examples:
        >>> find_images(Path("no such folder"))
        []
    """
    pictures: list[Path] = []
    entered: set[tuple[int, int]] = set()
    folders, links = [folder], list[Path]()
    while folders or links:  # links last, so that a picture is listed under its own name rather than under a link's
        here = folders.pop() if folders else links.pop()
        below, files = _entries(here, entered)
        pictures += [path for path in files if path.suffix.lower() in SUFFIXES]
        for path in below if recursive else ():
            (links if path.is_symlink() else folders).append(path)
    return sorted(pictures)


def _entries(folder: Path, entered: set[tuple[int, int]]) -> tuple[list[Path], list[Path]]:
    """Return the folders and the files in a folder that was not entered before, without the hidden ones."""
    try:
        stat = folder.stat()
        paths = [folder / name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError:
        return [], []
    if (stat.st_dev, stat.st_ino) in entered:
        return [], []
    entered.add((stat.st_dev, stat.st_ino))
    folders = [path for path in paths if os.path.isdir(path)]
    return folders, sorted(set(paths) - set(folders))


def read_rgb(source: Source, *, max_pixels: int = MAX_PIXELS) -> Image:
    """Read the first page of a picture as plain RGB.

    The orientation is applied, gray becomes three equal channels, alpha is dropped, CMYK becomes RGB through its
    profile. The values of an RGB picture stay in the colour space of its own profile.

    Args:
        source: a path, or the content of a file.
        max_pixels: the largest width x height taken in.

    Returns:
        A contiguous (height, width, 3) array, uint8, or uint16 where the file holds more than 8 bits a sample.

    Raises:
        UnreadableImage: with the reason.
    """
    picture = read_picture(source, max_pixels=max_pixels, pages=1)
    with reading(source):
        return np.ascontiguousarray(to_rgb(picture.pages[0].samples, picture.passport.icc))
