"""A picture as it lies in a file: the pages as upright samples, and the passport that travels with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imaging.containers import Part
from imaging.pixels import Image
from imaging.tags import Directory


@dataclass(frozen=True)
class Page:
    """One upright page.

    Attributes:
        samples: uint8 or uint16, in the file's own colours: (H, W) gray, (H, W, 3) RGB or (H, W, 4) CMYK inks, where 0
            is no ink.
        alpha: (H, W) of the same type, or None.
    """

    samples: Image
    alpha: Image | None = None


@dataclass(frozen=True)
class Passport:
    """What the file says about its pages.

    Attributes:
        format: how the file is encoded; see `imaging.header.Header`.
        mode: how its samples are stored ("CMYK", "P", "L" ...).
        bit_depth: bits of one stored sample.
        alpha: whether there is transparency.
        pages: how many pages.
        icc, exif, xmp, iptc: the blocks as bytes; None where there is none. EXIF starts at its TIFF header.
        dpi: horizontal and vertical dots per inch.
        orientation: how the file said it was to be turned (EXIF 1 to 8). The pages have been turned.
        modified_ns: when the file was last changed, nanoseconds since 1970; None for bytes.
        carried: parts of the container that are taken over as they are.
        directories: of a TIFF, the tags of each page; `big_endian` is their byte order.
        encoding: what the encoder needs to do it again the same way (quality tables, compression, tiles).
    """

    format: str
    mode: str = "RGB"
    bit_depth: int = 8
    alpha: bool = False
    pages: int = 1
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None
    orientation: int = 1
    modified_ns: int | None = None
    carried: tuple[Part, ...] = ()
    directories: tuple[Directory, ...] = ()
    big_endian: bool = False
    encoding: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """All pages of a file, and its passport."""

    pages: tuple[Page, ...]
    passport: Passport


def upright(image: Image, orientation: int) -> Image:
    """Turn and mirror an image as its EXIF orientation (1 to 8) asks, so that it stands upright.

    Examples:
        >>> upright(np.array([[1, 2]]), 6).tolist()
        [[1], [2]]
    """
    transposed, flip_rows, flip_columns = _TURNS.get(orientation, _TURNS[1])
    turned = np.swapaxes(image, 0, 1) if transposed else image
    return np.ascontiguousarray(turned[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1])


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
