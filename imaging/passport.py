"""Read what a file says about its picture, change what enhancement rightly changes, and find what was lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import tifffile
from PIL import Image as PillowImage
from PIL import JpegImagePlugin

from imaging import containers, tags
from imaging.header import Header, Source, content_of, stream
from imaging.picture import Passport
from imaging.tags import Directory

# Tags that describe how a TIFF lays its samples out; the encoder writes its own.
_CODING = """254 255 256 257 258 259 262 263 264 265 266 273 277 278 279 280 281 282 283 284 292 293 296 317 320 322 323
    324 325 330 338 339 340 341 347 512 513 514 515 517 518 519 520 521 529 530 531 532 559"""
CODING_TAGS = frozenset([*map(int, _CODING.split()), tags.ORIENTATION, *tags.POINTERS])
ICC_TAG, XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG = 34675, 700, 33723, 34377
# Camera raw: what of the first directory is about the picture rather than about the sensor's samples.
_RAW_TAGS = frozenset([270, 271, 272, 305, 306, 315, 33432, XMP_TAG, IPTC_TAG, *tags.POINTERS])


def read_passport(source: Source, header: Header) -> Passport:
    """Read everything but the pixels.

    Args:
        source: a path, or the content of a file.
        header: of that file.
    """
    modified = None if isinstance(source, bytes) else os.stat(source).st_mtime_ns
    found = _READERS[header.format](source)
    known = {
        "format": header.format,
        "mode": header.mode,
        "bit_depth": header.bit_depth,
        "pages": header.pages,
        "modified_ns": modified,
        "alpha": header.mode in ("LA", "RGBA", "PA"),
    }
    return Passport(**{**known, **found})


def _of_jpeg(source: Source) -> dict[str, Any]:
    content = content_of(source)
    carried = containers.jpeg_carried(content)
    photoshop = containers.starting(carried, b"\xed", containers.PHOTOSHOP_PREFIX)
    with PillowImage.open(stream(source)) as image:
        encoding = {
            "qtables": getattr(image, "quantization", None),
            "subsampling": JpegImagePlugin.get_sampling(image),
            "progressive": bool(image.info.get("progressive")),
        }
        common = _common(image)
    return {
        **common,
        "icc": containers.joined_icc(carried),
        "exif": containers.starting(carried, b"\xe1", containers.EXIF_PREFIX),
        "xmp": containers.starting(carried, b"\xe1", containers.XMP_PREFIX),
        "iptc": containers.photoshop_iptc(photoshop),
        "carried": tuple(carried),
        "encoding": encoding,
    }


def _of_png(source: Source) -> dict[str, Any]:
    carried = containers.png_carried(content_of(source))
    first = dict(reversed(carried))
    packets = [containers.png_xmp(data) for kind, data in carried if kind == b"iTXt"]
    with PillowImage.open(stream(source)) as image:
        common = _common(image)
    return {
        **common,
        "icc": containers.png_icc(first[b"iCCP"]) if b"iCCP" in first else None,
        "exif": first.get(b"eXIf"),
        "xmp": next(filter(None, packets), None),
        "carried": tuple(carried),
    }


def _of_pillow(source: Source) -> dict[str, Any]:
    with PillowImage.open(stream(source)) as image:
        exif, xmp = image.info.get("exif") or None, image.info.get("xmp") or None
        common = _common(image)
        icc = image.info.get("icc_profile") or None
    lossless = image.format == "WEBP" and b"VP8L" in content_of(source)[:4096]
    return {
        **common,
        "icc": icc,
        "exif": exif.removeprefix(containers.EXIF_PREFIX) if exif else None,
        "xmp": xmp,
        "encoding": {"lossless": lossless},
    }


def _of_jpeg2000(source: Source) -> dict[str, Any]:
    content = content_of(source)
    carried = containers.jp2_carried(content)
    profile = next((data for kind, data in carried if kind == b"colr" and data[:1] == b"\x02"), None)
    found = {data[:16]: data[16:] for kind, data in carried if kind == b"uuid"}
    return {
        "icc": profile[3:] if profile else None,
        "exif": found.get(containers.EXIF_UUID),
        "xmp": found.get(containers.XMP_UUID),
        "carried": tuple(carried),
        "encoding": {"boxed": not content.startswith(b"\xff\x4f")},
    }


def _common(image: PillowImage.Image) -> dict[str, Any]:
    """Return what Pillow knows in the same way for all its formats."""
    dpi = image.info.get("dpi")
    return {
        "dpi": (float(dpi[0]), float(dpi[1])) if dpi else None,
        "orientation": int(image.getexif().get(tags.ORIENTATION, 1)),
        "alpha": image.has_transparency_data,
    }


def _of_tiff(source: Source) -> dict[str, Any]:
    layout, directories = _directories(source)
    with tifffile.TiffFile(stream(source)) as tiff:
        pages = [tiff.pages[index].aspage() for index in range(len(tiff.pages))]
        first = pages[0]
        encoding = {"bigtiff": tiff.is_bigtiff, "pages": [_coding(page) for page in pages]}
        dpi = first.get_resolution(2) if 282 in first.tags and int(first.resolutionunit) > 1 else None
        tag = first.tags.get(tags.ORIENTATION)
    values = {entry.tag: entry.raw for entry in directories[0].entries}
    photoshop = values.get(PHOTOSHOP_TAG)
    return {
        "icc": values.get(ICC_TAG),
        "exif": tags.write_block(_meaning(directories[0]), tags.Layout(layout.endian)),
        "xmp": values.get(XMP_TAG),
        "iptc": values.get(IPTC_TAG) or containers.photoshop_iptc(photoshop),
        "dpi": dpi,
        "orientation": int(tag.value) if tag else 1,
        "alpha": bool(first.extrasamples),
        "directories": tuple(directories),
        "big_endian": layout.endian == ">",
        "encoding": encoding,
    }


def _coding(page: tifffile.TiffPage) -> dict[str, Any]:
    """Return how a page is stored, in the words of `tifffile.TiffWriter.write`."""
    return {
        "compression": int(page.compression),
        "tile": (page.tilelength, page.tilewidth) if page.is_tiled else None,
        "predictor": int(page.predictor) > 1,
        "extrasamples": tuple(int(extra) for extra in page.extrasamples),
        "subfiletype": int(page.subfiletype),
        "resolution": (page.resolution, int(page.resolutionunit)) if 282 in page.tags else None,
        "white_is_zero": int(page.photometric) == 0,
        "palette": int(page.photometric) == 3,
        "turned": int(page.tags[tags.ORIENTATION].value) if tags.ORIENTATION in page.tags else 1,
    }


def _meaning(directory: Directory) -> Directory:
    """Return the EXIF half of a TIFF page: its branches and the tags that the EXIF standard shares with TIFF."""
    apart = CODING_TAGS | {ICC_TAG, XMP_TAG, IPTC_TAG, PHOTOSHOP_TAG}
    return Directory(tuple(e for e in directory.entries if e.tag not in apart), directory.branches)


def _directories(source: Source) -> tuple[tags.Layout, list[Directory]]:
    if isinstance(source, bytes):
        return tags.read_directories(tags.reader(source))
    with open(source, "rb") as file:

        def read(offset: int, count: int) -> bytes:
            file.seek(offset)
            return file.read(count)

        return tags.read_directories(read)


def _of_raw(source: Source) -> dict[str, Any]:
    """Read a raw file's own directories where it is a TIFF inside, else the EXIF of the preview that it carries."""
    try:
        layout, directories = _directories(source)
    except ValueError:
        layout, directories = _preview_directories(source)
    if not directories:
        return {"mode": "RGB"}
    main = directories[0]
    kept = Directory(tuple(e for e in main.entries if e.tag in _RAW_TAGS), main.branches)
    values = {entry.tag: entry.raw for entry in kept.entries}
    return {
        "mode": "RGB",
        "exif": tags.write_block(_meaning(kept), tags.Layout(layout.endian)),
        "xmp": values.get(XMP_TAG),
        "iptc": values.get(IPTC_TAG),
        "directories": (kept,),
        "big_endian": layout.endian == ">",
    }


def _preview_directories(source: Source) -> tuple[tags.Layout, list[Directory]]:
    import rawpy

    with rawpy.imread(stream(source)) as raw:
        thumb = raw.extract_thumb()
    parts = containers.jpeg_segments(bytes(thumb.data))[0] if thumb.format == rawpy.ThumbFormat.JPEG else []
    exif = containers.starting(parts, b"\xe1", containers.EXIF_PREFIX)
    return tags.read_directories(tags.reader(exif)) if exif else (tags.Layout("<"), [])


_READERS: dict[str, Callable[[Source], dict[str, Any]]] = {
    "jpeg": _of_jpeg,
    "png": _of_png,
    "webp": _of_pillow,
    "avif": _of_pillow,
    "bmp": _of_pillow,
    "jpeg2000": _of_jpeg2000,
    "tiff": _of_tiff,
    "raw": _of_raw,
}


def differences(before: Passport, after: Passport) -> list[str]:
    """Name what a written file lost of the passport that it was to carry.

    More is never a loss: an XMP packet may have grown, a palette or a bit may have become eight bits.

    Examples:
        >>> differences(Passport("png", icc=b"a"), Passport("png"))
        ['icc']
    """
    return [name for name, kept in _CHECKS.items() if not kept(before, after)]


def _same_dpi(before: Passport, after: Passport) -> bool:
    if before.dpi is None or 0 in before.dpi:
        return True
    return after.dpi is not None and all(abs(a - b) < 0.02 for a, b in zip(before.dpi, after.dpi, strict=True))


def _same_exif(before: Passport, after: Passport) -> bool:
    was, now = tags.facts(before.exif), tags.facts(after.exif)
    return all(now.get(key) == value for key, value in was.items())


def _same_carried(before: Passport, after: Passport) -> bool:
    """Check every part that is neither EXIF nor XMP, which have checks of their own because they may change."""
    return {part for part in before.carried if not _changes(part)} <= set(after.carried)


def _changes(part: containers.Part) -> bool:
    kind, data = part
    prefixes = (containers.EXIF_PREFIX, containers.XMP_PREFIX, containers.PNG_XMP, containers.XMP_UUID)
    return kind == b"eXIf" or data.startswith((*prefixes, containers.EXIF_UUID))


_CHECKS: dict[str, Callable[[Passport, Passport], bool]] = {
    "format": lambda before, after: before.format == after.format,
    "bit depth": lambda before, after: before.bit_depth <= after.bit_depth,
    "alpha": lambda before, after: before.alpha <= after.alpha,
    "pages": lambda before, after: before.pages == after.pages,
    "icc": lambda before, after: before.icc == after.icc,
    "exif": _same_exif,
    "xmp": lambda before, after: before.xmp in (None, after.xmp),
    "iptc": lambda before, after: before.iptc == after.iptc,
    "dpi": _same_dpi,
    "orientation": lambda before, after: after.orientation == 1,
    "timestamps": lambda before, after: before.modified_ns in (None, after.modified_ns),
    "other metadata": _same_carried,
    "tags": lambda before, after: all(
        tags_of(was) <= tags_of(now) for was, now in zip(before.directories, after.directories, strict=False)
    ),
}


def tags_of(directory: Directory) -> frozenset[tuple[int, bytes]]:
    """Return a TIFF page's tags of meaning, comparable within one byte order; XMP and ICC have checks of their own."""
    apart = CODING_TAGS | {XMP_TAG, ICC_TAG}
    return frozenset((e.tag, e.raw) for e in directory.entries if e.tag not in apart)


def for_writing(passport: Passport, *, size: tuple[int, int] | None = None, xmp: bytes | None = None) -> Passport:
    """Return the passport that the enhanced file is to carry.

    Args:
        passport: of the original.
        size: new width and height when the picture was enlarged.
        xmp: the packet that replaces the original's; None keeps that.
    """
    exif = tags.upright_block(passport.exif, size) if passport.exif else None
    return replace(passport, exif=exif, xmp=xmp or passport.xmp, orientation=1)
