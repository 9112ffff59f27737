"""Bytes to samples and back, one function per library, chosen from a table by format and depth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image as PillowImage

from imaging.header import Header, Source, UnreadableImage, stream
from imaging.pixels import Image


@dataclass(frozen=True)
class Decoded:
    """One page as stored: `pixels` (H, W) or (H, W, 3), `alpha` (H, W) or None, and its EXIF orientation."""

    pixels: Image
    alpha: Image | None
    orientation: int


def decode(source: Source, header: Header, pages: int | None = None) -> list[Decoded]:
    """Decode the pages of a file whose header has been read; `pages` limits their number."""
    wide = header.format == "png" and header.bit_depth == 16
    return (_decode_png16 if wide else _DECODERS.get(header.format, _decode_pillow))(source, pages)


def _decode_pillow(source: Source, pages: int | None) -> list[Decoded]:
    with PillowImage.open(stream(source)) as image:
        orientation = int(image.getexif().get(0x0112, 1))
        return [_from_pillow(image, orientation)]


def _from_pillow(image: PillowImage.Image, orientation: int) -> Decoded:
    image.load()
    alpha = None
    if image.mode.startswith("I"):
        return Decoded(np.asarray(image).astype(np.uint16), None, orientation)
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("L", "1", "LA") else "RGBA")
        alpha = np.asarray(image.getchannel("A"))
    gray = image.mode in ("L", "1", "LA")
    return Decoded(np.asarray(image.convert("L" if gray else "RGB")), alpha, orientation)


def _decode_png16(source: Source, pages: int | None) -> list[Decoded]:
    content = source if isinstance(source, bytes) else Path(source).read_bytes()
    samples = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None:
        raise UnreadableImage("unreadable", "", "the PNG does not decode")
    with PillowImage.open(stream(source)) as image:
        orientation = int(image.getexif().get(0x0112, 1))
    if samples.ndim == 2:
        return [Decoded(samples, None, orientation)]
    alpha = samples[:, :, 3] if samples.shape[2] == 4 else None
    return [Decoded(samples[:, :, 2::-1], alpha, orientation)]


def _decode_tiff(source: Source, pages: int | None) -> list[Decoded]:
    with tifffile.TiffFile(stream(source)) as tiff:
        count = len(tiff.pages) if pages is None else min(pages, len(tiff.pages))
        return [_from_tiff(tiff.pages[index].aspage()) for index in range(count)]


def _from_tiff(page: tifffile.TiffPage) -> Decoded:
    photometric = tifffile.PHOTOMETRIC
    samples = page.asarray()
    if samples.ndim == 3 and page.planarconfig == tifffile.PLANARCONFIG.SEPARATE:
        samples = np.moveaxis(samples, 0, -1)
    if samples.dtype == bool:
        samples = samples.astype(np.uint8) * 255
    if samples.dtype not in (np.uint8, np.uint16):
        raise UnreadableImage("unsupported", "", f"samples of type {samples.dtype}")
    if page.photometric == photometric.MINISWHITE:
        samples = np.iinfo(samples.dtype).max - samples
    tag = page.tags.get(274)
    orientation = int(tag.value) if tag else 1
    if page.photometric == photometric.PALETTE:
        return Decoded((page.colormap[:, samples].transpose(1, 2, 0) >> 8).astype(np.uint8), None, orientation)
    if page.photometric == photometric.SEPARATED:
        inks = PillowImage.fromarray((samples >> (8 * (samples.itemsize - 1))).astype(np.uint8), "CMYK")
        return Decoded(np.asarray(inks.convert("RGB")), None, orientation)
    if samples.ndim == 2:
        return Decoded(samples, None, orientation)
    colours = 3 if samples.shape[2] >= 3 else 1
    alpha = samples[:, :, colours] if samples.shape[2] > colours else None
    return Decoded(samples[:, :, :3] if colours == 3 else samples[:, :, 0], alpha, orientation)


def _decode_raw(source: Source, pages: int | None) -> list[Decoded]:
    import rawpy

    with rawpy.imread(stream(source)) as raw:
        return [Decoded(raw.postprocess(output_bps=16, use_camera_wb=True, no_auto_bright=True), None, 1)]


def encode(pixels: Image, kind: str) -> bytes:
    """Encode one page."""
    ok, content = cv2.imencode("." + kind, pixels[:, :, ::-1] if pixels.ndim == 3 else pixels)
    assert ok
    return bytes(content)


_DECODERS: dict[str, Callable[[Source, int | None], list[Decoded]]] = {"tiff": _decode_tiff, "raw": _decode_raw}
