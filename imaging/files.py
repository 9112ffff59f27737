"""The door to picture files: find them, look at their headers, read and write them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from imaging.header import MAX_PIXELS, SUFFIXES, Header, Source, UnreadableImage, probe
from imaging.picture import Picture, read_picture, write_picture
from imaging.pixels import Image

__all__ = ["Header", "Picture", "Source", "UnreadableImage"]
__all__ += ["find_images", "probe", "read_picture", "read_rgb", "write_picture"]


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
    folders, links = [folder], []
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

    The orientation is applied, gray becomes three equal channels, alpha is dropped, CMYK and Lab become RGB through
    their profile. The values of an RGB picture stay in the colour space of its own profile.

    Args:
        source: a path, or the content of a file.
        max_pixels: the largest width x height taken in.

    Returns:
        A contiguous (height, width, 3) array, uint8, or uint16 where the file holds more than 8 bits a sample.

    Raises:
        UnreadableImage: with the reason.
    """
    page = read_picture(source, max_pixels=max_pixels, pages=1).pages[0]
    pixels = page.pixels if page.pixels.ndim == 3 else np.repeat(page.pixels[:, :, None], 3, axis=2)
    return np.ascontiguousarray(pixels)
