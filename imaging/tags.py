"""Tag directories as TIFF 6.0 and EXIF 2.32 lay them out: read, written and compared without interpreting a value.

The same structure holds a TIFF file's pages, the EXIF block inside a JPEG, PNG, WebP or AVIF, and most camera raw
files. Values are carried as the bytes that they are, so that nothing is lost that this module does not know.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

Read = Callable[[int, int], bytes]

ORIENTATION, EXIF, GPS, INTEROP = 274, 34665, 34853, 40965
POINTERS = (EXIF, GPS, INTEROP)
PIXEL_SIZE = (40962, 40963)
THUMBNAIL = (513, 514)
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WORD_BYTES = {**_TYPE_BYTES, 5: 4, 10: 4}  # what is swapped: a rational is two words of four bytes
_DEEPEST = 3


@dataclass(frozen=True)
class Layout:
    """How a block spells its numbers: `endian` "<" or ">", and whether offsets have eight bytes (BigTIFF)."""

    endian: str
    big: bool = False

    @property
    def first(self) -> int:
        """Where the offset of the first directory stands."""
        return 8 if self.big else 4

    def number(self, kind: str) -> struct.Struct:
        """Return the packer of a "count" of entries, of one "entry" or of an "offset"."""
        formats = {"count": "Q", "entry": "HHQ8s", "offset": "Q"} if self.big else _CLASSIC
        return struct.Struct(self.endian + formats[kind])


_CLASSIC = {"count": "H", "entry": "HHI4s", "offset": "I"}


@dataclass(frozen=True)
class Entry:
    """One tag: its number, the type and count of its value, and the value's bytes in the block's own order."""

    tag: int
    kind: int
    count: int
    raw: bytes


@dataclass(frozen=True)
class Directory:
    """The tags of one directory, and the directories that its pointer tags lead to."""

    entries: tuple[Entry, ...]
    branches: dict[int, Directory] = field(default_factory=dict)

    def walk(self, name: str = "main") -> Iterator[tuple[str, Entry]]:
        """Yield every entry below, with the name of its directory; pointers are left out."""
        for entry in self.entries:
            if entry.tag not in POINTERS:
                yield name, entry
        for tag, branch in self.branches.items():
            yield from branch.walk(f"{name}/{tag}")


def read_layout(head: bytes) -> Layout | None:
    """Recognise the first four bytes of a block; None when they are none of the four known spellings."""
    return _LAYOUTS.get(head[:4])


def read_directories(read: Read) -> tuple[Layout, list[Directory]]:
    """Read the chain of directories of a block.

    Args:
        read: gives `count` bytes from an offset, fewer at the end.

    Raises:
        ValueError: when the block does not start as one. A directory that is cut off or points outside is read as far
            as it goes.
    """
    layout = read_layout(read(0, 4))
    if layout is None:
        raise ValueError("it does not start as a TIFF structure")
    found: list[Directory] = []
    seen: set[int] = set()
    at = _offset(read, layout.first, layout)
    while at and at not in seen and len(found) < 65536:
        seen.add(at)
        directory, at = _read_directory(read, at, layout, 0)
        found.append(directory)
    return layout, found


def _read_directory(read: Read, at: int, layout: Layout, depth: int) -> tuple[Directory, int]:
    counter, packer = layout.number("count"), layout.number("entry")
    start = read(at, counter.size)
    if len(start) < counter.size:
        return Directory(()), 0
    table = read(at + counter.size, min(counter.unpack(start)[0], 4096) * packer.size)
    entries, branches = [], {}
    for fields in packer.iter_unpack(table[: len(table) // packer.size * packer.size]):
        entry = _read_entry(read, fields, layout)
        if entry is None:
            continue
        entries.append(entry)
        if entry.tag in POINTERS and depth < _DEEPEST:
            branches[entry.tag] = _read_directory(read, _pointer(entry, layout), layout, depth + 1)[0]
    return Directory(tuple(entries), branches), _offset(read, at + counter.size + len(table), layout)


def _read_entry(read: Read, fields: tuple[int, int, int, bytes], layout: Layout) -> Entry | None:
    tag, kind, count, value = fields
    size = _TYPE_BYTES.get(kind, 0) * count
    if not size:
        return None
    raw = value[:size] if size <= len(value) else read(layout.number("offset").unpack(value)[0], size)
    return Entry(tag, kind, count, raw) if len(raw) == size else None


def _offset(read: Read, at: int, layout: Layout) -> int:
    packer = layout.number("offset")
    raw = read(at, packer.size)
    return int(packer.unpack(raw)[0]) if len(raw) == packer.size else 0


def _pointer(entry: Entry, layout: Layout) -> int:
    return int.from_bytes(entry.raw, "little" if layout.endian == "<" else "big")


def write_directory(directory: Directory, layout: Layout, base: int, follow: int = 0) -> bytes:
    """Lay out a directory and its branches as they stand at offset `base`; `follow` is the next one's offset."""
    counter, packer, offset = (layout.number(kind) for kind in ("count", "entry", "offset"))
    values = {entry.tag: entry for entry in directory.entries if entry.tag not in POINTERS}
    tags = sorted({*values, *directory.branches})
    behind = base + counter.size + len(tags) * packer.size + offset.size
    table, beyond = [], b""
    for tag in tags:
        here, entry = behind + len(beyond), values.get(tag)
        if entry is None:
            raw = write_directory(directory.branches[tag], layout, here)
            table.append(packer.pack(tag, 16 if layout.big else 4, 1, offset.pack(here)))
        elif len(entry.raw) <= offset.size:
            table.append(packer.pack(tag, entry.kind, entry.count, entry.raw))
            continue
        else:
            raw = entry.raw
            table.append(packer.pack(tag, entry.kind, entry.count, offset.pack(here)))
        beyond += raw + b"\0" * (len(raw) % 2)
    return counter.pack(len(tags)) + b"".join(table) + offset.pack(follow) + beyond


def write_block(directory: Directory, layout: Layout) -> bytes:
    """Return a whole block (an EXIF block without its "Exif" prefix) with one directory."""
    start = next(head for head, known in _LAYOUTS.items() if known == Layout(layout.endian))
    return start + struct.pack(layout.endian + "I", 8) + write_directory(directory, Layout(layout.endian), 8)


def facts(block: bytes | None, ignored: frozenset[int] = frozenset()) -> dict[tuple[str, int], bytes]:
    """Return what a block says, in a form that does not depend on its byte order or arrangement.

    Orientation, pixel sizes and the thumbnail are left out: enhancing changes them rightly.

    Examples:
        >>> facts(None)
        {}
    """
    if not block:
        return {}
    try:
        layout, directories = read_directories(reader(block))
    except ValueError:
        return {("unread", 0): block}
    skip = ignored | {ORIENTATION, *PIXEL_SIZE, *THUMBNAIL}
    walk = directories[0].walk() if directories else ()
    return {(name, entry.tag): _canonical(entry, layout) for name, entry in walk if entry.tag not in skip}


def _canonical(entry: Entry, layout: Layout) -> bytes:
    width = _WORD_BYTES[entry.kind]
    if entry.kind == 2:
        return entry.raw.rstrip(b"\0 ")
    return np.frombuffer(entry.raw, f"{layout.endian}u{width}").astype(f">u{width}").tobytes()


def reader(block: bytes) -> Read:
    """Return the reading function of a block in memory."""
    return lambda offset, count: block[offset : offset + count]


def upright_block(block: bytes, size: tuple[int, int] | None = None) -> bytes:
    """Return an EXIF block that says orientation 1, without the thumbnail of the picture as it was.

    Values are changed where they stand, so every other byte stays at its offset: maker notes point at offsets.

    Args:
        block: starts at its TIFF header. One that cannot be read is returned as it is.
        size: new width and height for the tags that state them.
    """
    layout = read_layout(block[:4])
    if layout is None or layout.big:
        return block
    patched, main = bytearray(block), _offset(reader(block), 4, layout)
    pointer = _patch(patched, main, layout, {ORIENTATION: 1})
    if size:
        _patch(patched, pointer, layout, dict(zip(PIXEL_SIZE, size, strict=True)))
    return bytes(patched)


def _patch(block: bytearray, at: int, layout: Layout, values: dict[int, int]) -> int:
    """Overwrite short and long values in place and cut the chain after this directory; return where EXIF stands."""
    count, packer = _number(block, at, "H", layout), layout.number("entry")
    exif = 0
    for start in range(at + 2, at + 2 + 12 * count, 12):
        if not 0 < start <= len(block) - 12:
            return exif
        tag, kind, _, value = packer.unpack_from(block, start)
        if tag in values and kind in (3, 4):
            code, largest = ("H", 65535) if kind == 3 else ("I", 2**32 - 1)
            struct.pack_into(layout.endian + code, block, start + 8, min(values[tag], largest))
        if tag == EXIF:
            exif = int(layout.number("offset").unpack(value)[0])
    if at and at + 2 + 12 * count + 4 <= len(block):
        struct.pack_into(layout.endian + "I", block, at + 2 + 12 * count, 0)
    return exif


def attach_branches(file: BinaryIO, pages: list[Directory]) -> None:
    """Append the branches of every page to a finished TIFF file, and point its placeholder tags at them.

    Args:
        file: open for reading and writing; each main directory has, for each branch of the same page in `pages`, a
            tag numbered one lower, because writers keep the pointers' own numbers to themselves.
        pages: in the file's order.
    """

    def read(offset: int, count: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    layout = read_layout(read(0, 4)) or Layout("<")
    counter, packer, offset = (layout.number(kind) for kind in ("count", "entry", "offset"))
    at = _offset(read, layout.first, layout)
    for page in pages:
        count = counter.unpack(read(at, counter.size))[0]
        for start in range(at + counter.size, at + counter.size + count * packer.size, packer.size):
            tag, kind, number, _ = packer.unpack(read(start, packer.size))
            if tag + 1 in page.branches:
                end = file.seek(0, os.SEEK_END)
                here = end + end % 2
                file.write(b"\0" * (end % 2) + write_directory(page.branches[tag + 1], layout, here))
                file.seek(start)
                file.write(packer.pack(tag + 1, kind, number, offset.pack(here)))
        at = _offset(read, at + counter.size + count * packer.size, layout)


def _number(block: bytearray, at: int, code: str, layout: Layout) -> int:
    if not 0 < at <= len(block) - 2:
        return 0
    return int(struct.unpack_from(layout.endian + code, block, at)[0])


_LAYOUTS = {
    b"II*\0": Layout("<"),
    b"MM\0*": Layout(">"),
    b"II+\0": Layout("<", big=True),
    b"MM\0+": Layout(">", big=True),
}
