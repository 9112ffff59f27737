"""JPEG segments, PNG chunks and JPEG 2000 boxes: the parts of a file that carry what is not pixels.

Parts are carried from the original into the result as the bytes that they are; only those that describe the pixels'
own coding come from the encoder. So a part that nobody here has heard of survives.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

Part = tuple[bytes, bytes]

EXIF_PREFIX = b"Exif\0\0"
XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
ICC_PREFIX = b"ICC_PROFILE\0"
PHOTOSHOP_PREFIX = b"Photoshop 3.0\0"
PNG_XMP = b"XML:com.adobe.xmp"
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
EXIF_UUID = b"JpgTiffExif->JP2"

_APPLICATION = frozenset(range(0xE0, 0xF0))
_COMMENT = 0xFE
_LARGEST_SEGMENT = 65533


# JPEG (ITU T.81, annex B): marker, length, payload, up to the first scan.


def jpeg_segments(content: bytes) -> tuple[list[Part], int]:
    """Return the segments before the first scan as (marker byte, payload), and where the scan's marker stands."""
    parts, at = [], 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xDA:
            break
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        parts.append((bytes([marker]), content[at + 4 : at + 2 + length]))
        at += 2 + max(length, 2)
    return parts, at


def jpeg_carried(content: bytes) -> list[Part]:
    """Return the application segments and comments that belong to the picture rather than to its coding.

    Adobe's APP14 says how the samples are coded; the index of a multi-picture file holds offsets that no longer hold.
    """
    parts = jpeg_segments(content)[0]
    return [(marker, data) for marker, data in parts if _is_carried(marker[0], data)]


def _is_carried(marker: int, data: bytes) -> bool:
    return (marker in _APPLICATION and marker != 0xEE and not data.startswith(b"MPF\0")) or marker == _COMMENT


def jpeg_with(encoded: bytes, carried: list[Part]) -> bytes:
    """Return an encoded JPEG with the carried segments in place of the encoder's own.

    Raises:
        ValueError: when a segment is over 64 KiB.
    """
    parts, scan = jpeg_segments(encoded)
    coding = [part for part in parts if not _is_carried(part[0][0], part[1])]
    return b"\xff\xd8" + b"".join(map(_segment, [*carried, *coding])) + encoded[scan:]


def _segment(part: Part) -> bytes:
    if len(part[1]) > _LARGEST_SEGMENT:
        raise ValueError(f"a JPEG segment holds at most {_LARGEST_SEGMENT} bytes, not {len(part[1])}")
    return b"\xff" + part[0] + struct.pack(">H", len(part[1]) + 2) + part[1]


def jpeg_icc(icc: bytes) -> list[Part]:
    """Return the numbered APP2 segments of a colour profile (ICC.1:2022, annex B.4)."""
    step = _LARGEST_SEGMENT - len(ICC_PREFIX) - 2
    slices = [icc[start : start + step] for start in range(0, len(icc), step)]
    return [(b"\xe2", ICC_PREFIX + bytes([i, len(slices)]) + data) for i, data in enumerate(slices, 1)]


def joined_icc(parts: list[Part]) -> bytes | None:
    """Return the colour profile from its segments in their numbered order; None where there is none."""
    slices = sorted(data[12:] for marker, data in parts if marker == b"\xe2" and data.startswith(ICC_PREFIX))
    return b"".join(data[2:] for data in slices) or None


def starting(parts: list[Part], marker: bytes, prefix: bytes) -> bytes | None:
    """Return what follows `prefix` in the first such segment; None where there is none."""
    return next((data[len(prefix) :] for kind, data in parts if kind == marker and data.startswith(prefix)), None)


def photoshop_iptc(block: bytes | None) -> bytes | None:
    """Return the IPTC records (resource 0x0404) inside a Photoshop resource block."""
    at = 0
    while block and block[at : at + 4] == b"8BIM" and at + 12 <= len(block):
        name = 6 + (block[at + 6] + 2) // 2 * 2
        size = int.from_bytes(block[at + name : at + name + 4], "big")
        if block[at + 4 : at + 6] == b"\x04\x04":
            return block[at + name + 4 : at + name + 4 + size]
        at += name + 4 + (size + 1) // 2 * 2
    return None


# PNG (W3C, third edition): length, type, data, CRC.

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_OF_THE_CODING = frozenset(
    [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"hIST", b"sBIT", b"sPLT", b"dSIG", b"iDOT", b"CgBI"]
)


def png_chunks(content: bytes) -> Iterator[Part]:
    """Yield the chunks of a PNG as (type, data), as far as they go."""
    at = len(_PNG_SIGNATURE)
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        yield content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        at += 12 + length


def png_carried(content: bytes) -> list[Part]:
    """Return the chunks that belong to the picture rather than to its coding."""
    return [(kind, data) for kind, data in png_chunks(content) if kind not in _PNG_OF_THE_CODING]


def png_with(encoded: bytes, carried: list[Part]) -> bytes:
    """Return an encoded PNG with the carried chunks in place of the encoder's own, right after its header."""
    coding = [part for part in png_chunks(encoded) if part[0] in _PNG_OF_THE_CODING]
    return _PNG_SIGNATURE + b"".join(map(_chunk, [coding[0], *carried, *coding[1:]]))


def _chunk(part: Part) -> bytes:
    kind, data = part
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_icc(data: bytes) -> bytes | None:
    """Return the profile in an iCCP chunk; None when it does not inflate."""
    _, _, packed = data.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(packed[1:], 1 << 25)
    except zlib.error:
        return None


def png_xmp(data: bytes) -> bytes | None:
    """Return the XMP packet in an iTXt chunk; None when it holds another text."""
    keyword, _, rest = data.partition(b"\0")
    if keyword != PNG_XMP or len(rest) < 2:
        return None
    text = rest[2:].split(b"\0", 2)[-1]
    return zlib.decompress(text) if rest[0] else text


def png_xmp_chunk(packet: bytes) -> Part:
    """Return the iTXt chunk of an XMP packet, uncompressed as XMP part 3 asks."""
    return b"iTXt", PNG_XMP + b"\0\0\0\0\0" + packet


# JPEG 2000 (ITU T.800, annex I): length, type, data; a codestream without boxes carries nothing.


def boxes(content: bytes) -> Iterator[Part]:
    """Yield the top boxes of a JP2 file or the boxes inside one, as (type, data)."""
    at = 0
    while at + 8 <= len(content):
        length, start = int.from_bytes(content[at : at + 4], "big"), at + 8
        if length == 1:
            length, start = int.from_bytes(content[at + 8 : at + 16], "big"), at + 16
        end = at + length if length else len(content)
        if end < start:
            return
        yield content[at + 4 : at + 8], content[start:end]
        at = end


def box(kind: bytes, data: bytes) -> bytes:
    """Return one box."""
    if len(data) + 8 < 1 << 32:
        return struct.pack(">I", len(data) + 8) + kind + data
    return struct.pack(">I", 1) + kind + struct.pack(">Q", len(data) + 16) + data


def jp2_carried(content: bytes) -> list[Part]:
    """Return colour specification and resolution from the header box, and all boxes of meaning behind it."""
    carried = []
    for kind, data in boxes(content):
        if kind == b"jp2h":
            carried += [part for part in boxes(data) if part[0] in (b"colr", b"res ")]
        elif kind not in (b"jP  ", b"ftyp", b"jp2c"):
            carried.append((kind, data))
    return carried


def jp2_with(encoded: bytes, carried: list[Part]) -> bytes:
    """Return an encoded JP2 with the carried boxes in place of the encoder's own."""
    inner = [part for part in carried if part[0] in (b"colr", b"res ")]
    replaced = {kind for kind, _ in inner}
    result = b""
    for kind, data in boxes(encoded):
        if kind == b"jp2h":
            kept = [part for part in boxes(data) if part[0] not in replaced]
            data = b"".join(box(*part) for part in [*kept, *inner])
        if kind == b"jp2c":
            result += b"".join(box(*part) for part in carried if part not in inner)
        result += box(kind, data)
    return result
