"""Samples to files, in the format and coding that the passport names, with everything it carries."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import tifffile
from PIL import Image as PillowImage

from imaging import containers, tags
from imaging.errors import ImagicError
from imaging.passport import CODING_TAGS
from imaging.picture import Page, Passport, Picture
from imaging.pixels import Image
from imaging.tags import Directory

# What is kept of a TIFF's compression; fax and JPEG coding become deflate, which loses nothing.
_COMPRESSIONS = {1: None, 5: "lzw", 8: "zlib", 32946: "zlib", 32773: "packbits", 34925: "lzma", 50000: "zstd"}
# A JPEG is written as finely as it was and no coarser than this: to code a restored picture as coarsely as a bad
# original was would put back the blocks that have just been removed.
_JPEG_QUALITY = 92
_BIG_TIFF = 3_900_000_000
_PNG_SPEED = _DEFLATE_SPEED = 4  # zlib level: about half the time of the default for a few per cent more bytes


def encode(path: Path, picture: Picture) -> None:
    """Write a picture to `path`, in place of what is there; see `imaging.files.write_picture` for the safe door.

    Raises:
        ImagicError: when its samples do not fit its format.
        OSError: when the disk does not take it.
    """
    _ENCODERS[picture.passport.format](path, picture)


def _encode_jpeg(path: Path, picture: Picture) -> None:
    passport, coding = picture.passport, picture.passport.encoding
    image = _as_pillow(picture.pages[0], passport)
    options: dict[str, Any] = {"progressive": coding.get("progressive", False)}
    tables: dict[int, list[int]] = coding.get("qtables") or {}
    fine = bool(tables) and sum(tables[0]) <= sum(_jpeg_tables(_JPEG_QUALITY)[0])
    if fine:
        options["qtables"] = {i: list(table) for i, table in tables.items() if i == 0 or image.mode != "L"}
    else:
        options["quality"] = _JPEG_QUALITY
    if image.mode == "RGB":
        options["subsampling"] = max(coding.get("subsampling", 0), 0) if fine else 0
    content = _saved(image, "JPEG", **options)
    path.write_bytes(containers.jpeg_with(content, _jpeg_parts(passport)))


@lru_cache
def _jpeg_tables(quality: int) -> dict[int, list[int]]:
    """Return the encoder's quantisation tables at a quality."""
    content = _saved(PillowImage.new("RGB", (8, 8)), "JPEG", quality=quality)
    with PillowImage.open(io.BytesIO(content)) as image:
        tables: dict[int, list[int]] = getattr(image, "quantization", {})
        return tables


def _jpeg_parts(passport: Passport) -> list[containers.Part]:
    """Return the carried segments with EXIF and XMP as they are now."""
    apart = (containers.EXIF_PREFIX, containers.XMP_PREFIX)
    kept = [part for part in passport.carried if not part[1].startswith(apart)]
    jfif = [part for part in kept if part[0] == b"\xe0"]
    rest = [part for part in kept if part[0] != b"\xe0"]
    new = [(containers.EXIF_PREFIX, passport.exif), (containers.XMP_PREFIX, passport.xmp)]
    return [*jfif, *[(b"\xe1", prefix + block) for prefix, block in new if block], *rest]


def _encode_png(path: Path, picture: Picture) -> None:
    page, passport = picture.pages[0], picture.passport
    if page.samples.dtype == np.uint16:
        coded = cv2.imencode(".png", _for_opencv(page), [cv2.IMWRITE_PNG_COMPRESSION, _PNG_SPEED])[1].tobytes()
    else:
        coded = _saved(_as_pillow(page, passport), "PNG", compress_level=_PNG_SPEED)
    path.write_bytes(containers.png_with(coded, _png_parts(passport)))


def _for_opencv(page: Page) -> Image:
    """Return samples in OpenCV's order; it has no gray with alpha, which becomes colour."""
    if page.alpha is None:
        return page.samples if page.samples.ndim == 2 else page.samples[:, :, ::-1]
    colours = page.samples[:, :, ::-1] if page.samples.ndim == 3 else np.stack([page.samples] * 3, axis=2)
    return np.dstack([colours, page.alpha])


def _png_parts(passport: Passport) -> list[containers.Part]:
    """Return the carried chunks with EXIF and XMP as they are now."""
    kept = [part for part in passport.carried if part[0] != b"eXIf" and not part[1].startswith(containers.PNG_XMP)]
    new = [(b"eXIf", passport.exif)] if passport.exif else []
    packet = [containers.png_xmp_chunk(passport.xmp)] if passport.xmp else []
    return [*kept, *new, *packet]


def _encode_webp(path: Path, picture: Picture) -> None:
    _encode_modern(path, picture, "WEBP", method=4, exact=True, **_lossless_or(picture, quality=95))


def _encode_avif(path: Path, picture: Picture) -> None:
    _encode_modern(path, picture, "AVIF", quality=92, subsampling="4:4:4")


def _lossless_or(picture: Picture, quality: int) -> dict[str, Any]:
    return {"lossless": True} if picture.passport.encoding.get("lossless", True) else {"quality": quality}


def _encode_modern(path: Path, picture: Picture, name: str, **options: Any) -> None:
    passport = picture.passport
    blocks = {
        "exif": containers.EXIF_PREFIX + passport.exif if passport.exif else b"",
        "icc_profile": passport.icc,
        "xmp": passport.xmp or b"",
    }
    given = {key: block for key, block in blocks.items() if block}
    path.write_bytes(_saved(_as_pillow(picture.pages[0], passport), name, **options, **given))


def _encode_bmp(path: Path, picture: Picture) -> None:
    options = {"dpi": picture.passport.dpi} if picture.passport.dpi else {}
    path.write_bytes(_saved(_as_pillow(picture.pages[0], picture.passport), "BMP", **options))


def _encode_jpeg2000(path: Path, picture: Picture) -> None:
    """Write without loss (the reversible 5-3 transform)."""
    page, passport = picture.pages[0], picture.passport
    if page.samples.dtype == np.uint16:
        import imagecodecs

        content = bytes(imagecodecs.jpeg2k_encode(_joined(page), level=0, reversible=True))
    else:
        content = _saved(_as_pillow(page, passport), "JPEG2000")
    apart = (containers.EXIF_UUID, containers.XMP_UUID)
    carried = [part for part in passport.carried if not part[1].startswith(apart)]
    for key, block in ((containers.EXIF_UUID, passport.exif), (containers.XMP_UUID, passport.xmp)):
        carried += [(b"uuid", key + block)] if block else []
    path.write_bytes(containers.jp2_with(content, carried))


def _encode_tiff(path: Path, picture: Picture) -> None:
    passport = picture.passport
    size = sum(page.samples.nbytes for page in picture.pages)
    big = bool(passport.encoding.get("bigtiff")) or size > _BIG_TIFF
    order: Literal["<", ">"] = ">" if passport.big_endian else "<"
    directories = [_tiff_tags(passport, index) for index in range(len(picture.pages))]
    with tifffile.TiffWriter(path, bigtiff=big, byteorder=order) as tiff:
        for index, page in enumerate(picture.pages):
            coding = _coding_of(passport, index)
            extra: list[Any] = [(e.tag, e.kind, e.count, e.raw, True) for e in directories[index].entries]
            extra += [(tag - 1, 16 if big else 4, 1, 0, True) for tag in directories[index].branches]
            tiff.write(**_tiff_page(page, passport, coding), extratags=extra)
    if any(directory.branches for directory in directories):
        with path.open("r+b") as file:
            tags.attach_branches(file, directories)


def _coding_of(passport: Passport, index: int) -> dict[str, Any]:
    pages: list[dict[str, Any]] = passport.encoding.get("pages", [])
    return pages[index] if index < len(pages) else {"compression": 8, "predictor": True}


def _tiff_page(page: Page, passport: Passport, coding: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `tifffile.TiffWriter.write` for one page."""
    bilevel = passport.mode == "1"
    samples = _joined(page) > 127 if bilevel else _joined(page)
    inks = page.samples.ndim == 3 and page.samples.shape[2] == 4
    compression = _COMPRESSIONS.get(coding["compression"], "zlib")
    if coding.get("white_is_zero") and not bilevel:
        samples = np.iinfo(samples.dtype).max - samples
    gray = "miniswhite" if coding.get("white_is_zero") and not bilevel else "minisblack"
    resolution, unit = coding.get("resolution") or (passport.dpi, 2)
    return {
        "data": samples,
        "photometric": "separated" if inks else "rgb" if page.samples.ndim == 3 else gray,
        "planarconfig": "contig" if samples.ndim == 3 else None,
        "extrasamples": (coding.get("extrasamples") or (2,)) if page.alpha is not None else None,
        "compression": "packbits" if bilevel and compression else compression,
        "compressionargs": {"level": _DEFLATE_SPEED} if compression == "zlib" and not bilevel else None,
        "predictor": bool(coding.get("predictor")) and compression in ("lzw", "zlib", "zstd") and not bilevel,
        "tile": coding.get("tile") if not bilevel else None,
        "rowsperstrip": None if coding.get("tile") else 64,
        "subfiletype": coding.get("subfiletype", 0),
        "resolution": resolution,
        "resolutionunit": unit if resolution else None,
        "metadata": None,
        "software": False,
    }


def _tiff_tags(passport: Passport, index: int) -> Directory:
    """Return the tags of meaning for one page, with the XMP as it is now on the first."""
    source = passport.directories[index] if index < len(passport.directories) else Directory(())
    kept = {e.tag: e for e in source.entries if e.tag not in CODING_TAGS}
    if index == 0 and passport.xmp:
        kept[700] = tags.Entry(700, 1, len(passport.xmp), passport.xmp)
    if index == 0 and passport.icc:
        kept[34675] = tags.Entry(34675, 7, len(passport.icc), passport.icc)
    elif index == 0:
        kept.pop(34675, None)
    return Directory(tuple(kept.values()), source.branches)


def _joined(page: Page) -> Image:
    return page.samples if page.alpha is None else np.dstack([page.samples, page.alpha])


def _as_pillow(page: Page, passport: Passport) -> PillowImage.Image:
    if page.samples.dtype != np.uint8:
        rule = f"A {passport.format.upper()} file holds 8 bits a sample"
        raise ImagicError(rule, page.samples.dtype, "Write a PNG or a TIFF")
    inks = page.samples.ndim == 3 and page.samples.shape[2] == 4
    image = PillowImage.fromarray(np.ascontiguousarray(page.samples), "CMYK" if inks else None)
    if page.alpha is not None:
        image.putalpha(PillowImage.fromarray(np.ascontiguousarray(page.alpha)))
    if passport.mode == "1" and image.mode == "L":
        return image.point(lambda value: 255 if value > 127 else 0).convert("1")
    return image


def _saved(image: PillowImage.Image, name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


_ENCODERS: dict[str, Callable[[Path, Picture], None]] = {
    "jpeg": _encode_jpeg,
    "png": _encode_png,
    "webp": _encode_webp,
    "avif": _encode_avif,
    "bmp": _encode_bmp,
    "jpeg2000": _encode_jpeg2000,
    "tiff": _encode_tiff,
}
