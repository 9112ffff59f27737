"""Lossless PNG at the speed of the disk, for pictures that are written once and read often.

Measured on one core for a 512 x 512 RGB photograph / the same with noise: OpenCV level 1 29 / 40 ms, OpenCV's default
11 / 11 ms, libdeflate level 1 7 / 8 ms, ISA-L 2.6 / 1.7 ms, all within 2 % of the same length. So the rows are filtered
here ("up", one NumPy subtraction) and compressed by ISA-L, which also lets go of the GIL.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from isal import isal_zlib

from imaging.pixels import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPE = {1: 0, 3: 2}  # channels -> gray, truecolour (PNG specification, table 11.1)
_LEVEL = 1  # of ISA-L's 0..3: 0 is a third larger, 2 and 3 gain nothing
_UP = 2  # the filter that stores each byte's difference to the one above it (section 9.2)


def encode_png(image: Image) -> bytes:
    """Returns a picture as a PNG file.

    Args:
        image: HW gray or HWC RGB, uint8.
    """
    pixels = image[:, :, None] if image.ndim == 2 else image
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPE[channels], 0, 0, 0)
    body = isal_zlib.compress(_filtered(pixels.reshape(height, width * channels)), _LEVEL)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _filtered(rows: Image) -> Image:
    filtered = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
