"""What a file says it is, read from its first bytes: format, size, depth, pages. No pixel is decoded here."""

from __future__ import annotations

import io
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tifffile
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from imaging.errors import ImagicError

Source = Path | str | bytes

# Sizes are checked here, from the header, before anything is allocated; Pillow's own limit is one for the whole
# process and refuses the large scans that archives are made of.
PillowImage.MAX_IMAGE_PIXELS = None
MAX_PIXELS = 1 << 30

_RAW = """.3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .rw2 .rwl .sr2 .srf
    .srw .x3f"""
RAW_SUFFIXES = frozenset(_RAW.split())
SUFFIXES: dict[str, str] = {
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".jpe": "jpeg",
    ".jfif": "jpeg",
    ".png": "png",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".webp": "webp",
    ".bmp": "bmp",
    ".dib": "bmp",
    ".jp2": "jpeg2000",
    ".j2k": "jpeg2000",
    ".j2c": "jpeg2000",
    ".jpx": "jpeg2000",
    ".avif": "avif",
    **dict.fromkeys(RAW_SUFFIXES, "raw"),
}
REASONS = ("truncated", "not-an-image", "too-large", "empty", "unsupported", "missing", "unreadable")


class UnreadableImage(ImagicError):
    """A file that cannot be taken in, with one word that says why.

    Args:
        reason: one of `REASONS`.
        received: the path, or what of the file was refused.
        detail: the decoder's own words, if it had any.
    """

    def __init__(self, reason: str, received: object = "", detail: str = "") -> None:
        assert reason in REASONS, reason
        self.reason, self.detail = reason, " ".join(detail.split())[:300]
        super().__init__(f"A picture must be readable, and this one is not ({reason})", received, self.detail)

    def __reduce__(self) -> tuple[type[UnreadableImage], tuple[str, str, str]]:
        return type(self), (self.reason, self.received, self.detail)


@dataclass(frozen=True)
class Header:
    """What a picture file declares.

    Attributes:
        format: "jpeg", "png", "tiff", "webp", "bmp", "jpeg2000", "avif" or "raw".
        width, height: of the first page as stored, before any orientation is applied.
        mode: "1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB" or "raw".
        bit_depth: bits of one sample.
        pages: pictures in the file.
        bytes: the file's size.
    """

    format: str
    width: int
    height: int
    mode: str
    bit_depth: int
    pages: int
    bytes: int

    @property
    def megapixels(self) -> float:
        """Millions of pixels on the first page."""
        return self.width * self.height / 1e6


def probe(source: Source, *, max_pixels: int = MAX_PIXELS) -> Header:
    """Read a file's header.

    Args:
        source: a path, or the file's whole content.
        max_pixels: the largest width x height taken in.

    Raises:
        UnreadableImage: when it is missing, empty, no picture, of an unknown kind or too large.
    """
    with reading(source):
        kind = sniff(source)
        header = _READERS.get(kind, _probe_pillow)(source, kind)
    if header.width < 1 or header.height < 1:
        raise UnreadableImage("unreadable", source_name(source), f"it says {header.width} x {header.height} pixels")
    if header.width * header.height > max_pixels:
        size = f"{header.width} x {header.height} is over {max_pixels:,} pixels"
        raise UnreadableImage("too-large", source_name(source), size)
    return header


def sniff(source: Source) -> str:
    """Return the format that the content shows, whatever the file is called.

    Camera raw files are TIFFs to the eye of a machine, so there alone the suffix decides.
    """
    head = first_bytes(source, 32)
    if not head:
        raise UnreadableImage("empty", source_name(source))
    suffix = "" if isinstance(source, bytes) else Path(source).suffix.lower()
    if suffix in RAW_SUFFIXES:
        return "raw"
    for kind, start, signature in _SIGNATURES:
        if head[start : start + len(signature)] == signature:
            return kind
    raise UnreadableImage("not-an-image", source_name(source), f"it starts with {head[:8].hex(' ')}")


def first_bytes(source: Source, count: int) -> bytes:
    """Return up to `count` bytes from the start of a path or of a content."""
    if isinstance(source, bytes):
        return source[:count]
    with open(source, "rb") as file:
        return file.read(count)


def content_of(source: Source) -> bytes:
    """Return the whole content of a path or a content."""
    return source if isinstance(source, bytes) else Path(source).read_bytes()


def stream(source: Source) -> io.BytesIO | str:
    """Return what the decoding libraries open: a path as text, or the content as a file."""
    return io.BytesIO(source) if isinstance(source, bytes) else os.fspath(source)


def source_name(source: Source) -> str:
    """Return how an error calls the source."""
    return f"{len(source)} bytes" if isinstance(source, bytes) else os.fspath(source)


@contextmanager
def reading(source: Source) -> Iterator[None]:
    """Turn whatever a decoder raises into an `UnreadableImage` with its reason.

    Corrupt files make decoders raise almost anything (struct.error, IndexError, zlib.error, RecursionError ...), hence
    the wide net; the original stays chained.
    """
    try:
        yield
    except UnreadableImage:
        raise
    except Exception as error:
        # Libraries print objects with their address, which would make equal runs differ in their records.
        told = re.sub(r" at 0x[0-9a-f]+", "", str(error))
        raise UnreadableImage(_reason(error), source_name(source), f"{type(error).__name__}: {told}") from error


def _reason(error: Exception) -> str:
    for kinds, reason in _REASON_OF:
        if isinstance(error, kinds):
            return reason
    text = str(error).lower()
    return "truncated" if any(word in text for word in _SIGNS_OF_TRUNCATION) else "unreadable"


_REASON_OF: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((FileNotFoundError, NotADirectoryError), "missing"),
    ((PermissionError, IsADirectoryError), "unreadable"),
    ((PillowImage.DecompressionBombError, MemoryError), "too-large"),
    ((UnidentifiedImageError, tifffile.TiffFileError), "unreadable"),
    ((NotImplementedError,), "unsupported"),
)
_SIGNS_OF_TRUNCATION = ("truncat", "not enough", "unexpected end", "premature", "too small", "end of file", "eof")
_SIGNATURES: tuple[tuple[str, int, bytes], ...] = (
    ("jpeg", 0, b"\xff\xd8\xff"),
    ("png", 0, b"\x89PNG\r\n\x1a\n"),
    ("tiff", 0, b"II*\0"),
    ("tiff", 0, b"MM\0*"),
    ("tiff", 0, b"II+\0"),
    ("tiff", 0, b"MM\0+"),
    ("webp", 8, b"WEBP"),
    ("bmp", 0, b"BM"),
    ("jpeg2000", 0, b"\0\0\0\x0cjP  \r\n\x87\n"),
    ("jpeg2000", 0, b"\xff\x4f\xff\x51"),
    ("avif", 4, b"ftypavif"),
    ("avif", 4, b"ftypavis"),
    ("raw", 4, b"ftypcrx "),
    ("raw", 0, b"FUJIFILM"),
)


def _probe_pillow(source: Source, kind: str) -> Header:
    with PillowImage.open(stream(source)) as image:
        mode, depth = image.mode, 1 if image.mode == "1" else 8
        if kind == "png":
            depth, mode = _png_depth(source, mode)
        elif kind == "jpeg2000":
            depth, mode = jpeg2000_depth(source), "L" if mode.startswith("I") else mode
        elif kind == "avif":
            depth = avif_depth(source)
        pages = getattr(image, "n_frames", 1) if kind in ("webp", "avif", "png") else 1
        return Header(kind, image.width, image.height, mode, depth, pages, _size(source))


def _png_depth(source: Source, mode: str) -> tuple[int, str]:
    depth, colour = struct.unpack_from("BB", first_bytes(source, 26), 24)
    return depth, {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}.get(colour, mode) if depth == 16 else mode


def jpeg2000_depth(source: Source) -> int:
    """Return the bits of a sample from a JPEG 2000 file's SIZ marker, 8 when none is found."""
    head = first_bytes(source, 65536)
    at = head.find(b"\xff\x4f\xff\x51")
    return (head[at + 42] & 0x7F) + 1 if 0 <= at < len(head) - 42 else 8


def avif_depth(source: Source) -> int:
    """Return the bits of a sample from an AVIF file's codec configuration (av1C), 8 when none is found."""
    head = first_bytes(source, 65536)
    at = head.find(b"av1C")
    if not 0 <= at < len(head) - 7:
        return 8
    high, twelve = head[at + 6] & 0x40, head[at + 6] & 0x20
    return (12 if twelve else 10) if high else 8


def _probe_tiff(source: Source, kind: str) -> Header:
    with tifffile.TiffFile(stream(source)) as tiff:
        page = tiff.pages.first.aspage()
        return Header(
            kind, page.imagewidth, page.imagelength, tiff_mode(page), page.bitspersample, len(tiff.pages), _size(source)
        )


def tiff_mode(page: tifffile.TiffPage) -> str:
    """Return the mode that a TIFF page amounts to."""
    alpha = "A" if page.extrasamples else ""
    known = {3: "P", 5: "CMYK", 8: "LAB", 9: "LAB"}.get(int(page.photometric))  # TIFF 6.0, tag 262
    if known:
        return known
    if page.samplesperpixel >= 3:
        return "RGB" + alpha
    return "1" if page.bitspersample == 1 else "L" + alpha


def _probe_raw(source: Source, kind: str) -> Header:
    import rawpy

    with rawpy.imread(stream(source)) as raw:
        sizes = raw.sizes
        return Header(kind, sizes.width, sizes.height, "raw", 16, 1, _size(source))


def _size(source: Source) -> int:
    return len(source) if isinstance(source, bytes) else os.stat(source).st_size


_READERS = {"tiff": _probe_tiff, "raw": _probe_raw}
