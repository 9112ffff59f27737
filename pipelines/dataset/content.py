"""The bytes of a clean picture: read once, decoded once, and kept as they are where that loses nothing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from imaging.files import UnreadableImage, probe
from imaging.header import RAW_SUFFIXES
from imaging.pixels import Image, from_float, to_float
from pipelines.storage import place

_EXIF_ORIENTATION = 0x0112
_UPRIGHT = 1


def read_content(path: str) -> bytes:
    """Returns the bytes of a file.

    Raises:
        UnreadableImage: it is missing or may not be read.
    """
    try:
        return place(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UnreadableImage("missing", path) from error
    except OSError as error:
        raise UnreadableImage("unreadable", path, error.strerror or str(error)) from error


def decodable(path: str, content: bytes) -> Path | bytes:
    """Returns what the decoders take: the content, or for camera raw files the path, whose suffix they go by."""
    return Path(path) if Path(path).suffix.lower() in RAW_SUFFIXES else content


def as_uint8(image: Image) -> Image:
    """Returns a uint8 or uint16 picture as uint8, rounded."""
    return image if image.dtype == np.uint8 else from_float(to_float(image), np.uint8)


def keeps_its_bytes(content: bytes) -> bool:
    """Whether a file can be stored verbatim: what a TFDS reader decodes from it is the upright 8-bit RGB picture."""
    header = probe(content)
    if header.format not in ("jpeg", "png") or header.mode not in ("L", "RGB") or header.bit_depth != 8:
        return False
    with PillowImage.open(io.BytesIO(content)) as picture:
        return (
            bool(picture.getexif().get(_EXIF_ORIENTATION, _UPRIGHT) == _UPRIGHT) and "transparency" not in picture.info
        )
