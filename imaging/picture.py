"""A picture with its passport: the pages as upright pixels, and all that the file said about them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from imaging.codecs import decode, encode
from imaging.header import MAX_PIXELS, Source, UnreadableImage, probe, reading, source_name
from imaging.pixels import Image


@dataclass(frozen=True)
class Passport:
    """What travels with the pixels.

    Attributes:
        format: how the file is encoded; see `imaging.header.Header`.
        mode: how its samples were stored ("CMYK", "P", "L" ...).
        bit_depth: bits of one stored sample.
        icc, exif, xmp, iptc: the blocks as bytes; None where there is none. EXIF starts at its TIFF header and says
            orientation 1 from the moment of reading, because the pixels have been turned.
        dpi: horizontal and vertical dots per inch.
        orientation: what the file said before (1 to 8).
        encoding: what the encoder needs to do it again the same way (quality tables, compression, tiles).
    """

    format: str
    mode: str = "RGB"
    bit_depth: int = 8
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None
    orientation: int = 1
    encoding: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """One upright picture: `pixels` (H, W) gray or (H, W, 3) RGB, `alpha` (H, W) or None; uint8 or uint16."""

    pixels: Image
    alpha: Image | None = None


@dataclass(frozen=True)
class Picture:
    """All pages of a file, and its passport."""

    pages: tuple[Page, ...]
    passport: Passport


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
        decoded = decode(source, header, pages)
    if not decoded:
        raise UnreadableImage("unreadable", source_name(source), "it has no pages")
    turned = tuple(Page(upright(d.pixels, d.orientation), _upright(d.alpha, d.orientation)) for d in decoded)
    return Picture(turned, Passport(header.format, header.mode, header.bit_depth, orientation=decoded[0].orientation))


def write_picture(path: Path, picture: Picture) -> None:
    """Write a picture in its passport's format."""
    path.write_bytes(encode(picture.pages[0].pixels, picture.passport.format))


def upright(image: Image, orientation: int) -> Image:
    """Turn and mirror an image as its EXIF orientation (1 to 8) asks, so that it stands upright.

    Examples:
        >>> upright(np.array([[1, 2]]), 6).tolist()
        [[1], [2]]
    """
    transposed, flip_rows, flip_columns = _TURNS.get(orientation, _TURNS[1])
    turned = np.swapaxes(image, 0, 1) if transposed else image
    return np.ascontiguousarray(turned[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1])


def _upright(image: Image | None, orientation: int) -> Image | None:
    return None if image is None else upright(image, orientation)


# EXIF 2.32, tag 0x0112: which stored edges are the visual top and left.
_TURNS: dict[int, tuple[bool, bool, bool]] = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}
