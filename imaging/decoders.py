"""Bytes to samples, one function per library, chosen from a table by format and depth."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import tifffile
from PIL import Image as PillowImage

from imaging import containers
from imaging.header import Header, Source, UnreadableImage, content_of, stream
from imaging.picture import Page, upright
from imaging.pixels import Image

ORIENTATION = 274
_DEPTHS = (1, 8, 16)

# TIFF 6.0, tag 262, and how many samples make a colour; 1 where not listed.
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _INKS, _YCBCR = 0, 1, 2, 3, 5, 6
_COLOURS: dict[int, int] = {_RGB: 3, _INKS: 4, _YCBCR: 3}


def decode(source: Source, header: Header, pages: int | None = None) -> tuple[Page, ...]:
    """Decode the pages of a file whose header has been read, upright; `pages` limits their number.

    Raises:
        UnreadableImage: "unsupported" for what would be lost if it were taken in (animations, float samples).
        Exception: whatever a decoder raises on corrupt content; see `imaging.header.reading`.
    """
    deep_png = header.format == "png" and header.bit_depth == 16
    decoder = _decode_png16 if deep_png else _DECODERS.get(header.format, _decode_pillow)
    if header.pages > 1 and header.format != "tiff":
        raise UnreadableImage("unsupported", "", f"an animation of {header.pages} frames")
    return decoder(source, header, pages)


def _decode_pillow(source: Source, header: Header, pages: int | None) -> tuple[Page, ...]:
    if header.bit_depth not in _DEPTHS and header.format in ("avif", "jpeg2000"):
        raise UnreadableImage("unsupported", "", f"{header.bit_depth} bits a sample in {header.format}")
    with PillowImage.open(stream(source)) as image:
        orientation = int(image.getexif().get(ORIENTATION, 1))
        image.load()
        return (_turned(*_samples_of(image), orientation),)


def _samples_of(image: PillowImage.Image) -> tuple[Image, Image | None]:
    if image.mode.startswith(("I", "F")):
        return np.asarray(image).astype(np.uint16), None
    if image.mode == "CMYK":
        return np.asarray(image), None
    alpha = None
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("L", "1", "LA") else "RGBA")
        alpha = np.asarray(image.getchannel("A"))
    gray = image.mode in ("L", "1", "LA") or (image.mode == "P" and _is_gray_palette(image))
    return np.asarray(image.convert("L" if gray else "RGB")), alpha


def _is_gray_palette(image: PillowImage.Image) -> bool:
    colours = np.asarray(image.getpalette("RGB")).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _turned(samples: Image, alpha: Image | None, orientation: int) -> Page:
    return Page(upright(samples, orientation), None if alpha is None else upright(alpha, orientation))


def _decode_png16(source: Source, header: Header, pages: int | None) -> tuple[Page, ...]:
    """Decode by OpenCV: Pillow cuts colour to 8 bits."""
    samples = cv2.imdecode(np.frombuffer(content_of(source), np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None:
        raise UnreadableImage("unreadable", "", "the PNG does not decode")
    with PillowImage.open(stream(source)) as image:
        orientation = int(image.getexif().get(ORIENTATION, 1))
    if samples.ndim == 2:
        return (_turned(samples, None, orientation),)
    alpha = samples[:, :, 3] if samples.shape[2] == 4 else None
    colours = samples[:, :, 2] if header.mode in ("L", "LA") else samples[:, :, 2::-1]
    return (_turned(colours, alpha, orientation),)


def _decode_jpeg2000(source: Source, header: Header, pages: int | None) -> tuple[Page, ...]:
    """Decode deep samples by imagecodecs (OpenJPEG): Pillow cuts colour to 8 bits."""
    if header.bit_depth == 8:
        return _decode_pillow(source, header, pages)
    import imagecodecs

    content = content_of(source)
    codestream = next((data for kind, data in containers.boxes(content) if kind == b"jp2c"), content)
    samples = imagecodecs.jpeg2k_decode(codestream)  # without its boxes, or the profile would be applied
    if samples.dtype != np.uint16 or header.bit_depth != 16:
        raise UnreadableImage("unsupported", "", f"{header.bit_depth} bits a sample in JPEG 2000")
    return (_split(samples, colours=3 if samples.ndim == 3 and samples.shape[2] >= 3 else 1, orientation=1),)


def _decode_tiff(source: Source, header: Header, pages: int | None) -> tuple[Page, ...]:
    with tifffile.TiffFile(stream(source)) as tiff:
        count = len(tiff.pages) if pages is None else min(pages, len(tiff.pages))
        return tuple(_from_tiff(tiff.pages[index].aspage(), source, index) for index in range(count))


def _from_tiff(page: tifffile.TiffPage, source: Source, index: int) -> Page:
    photometric = int(page.photometric)
    tag = page.tags.get(ORIENTATION)
    orientation = int(tag.value) if tag else 1
    if photometric == _YCBCR and page.compression != tifffile.COMPRESSION.JPEG:
        return _ycbcr(source, index)
    _check_tiff(page)
    samples = page.asarray()
    if samples.ndim == 3 and page.planarconfig == tifffile.PLANARCONFIG.SEPARATE:
        samples = np.moveaxis(samples, 0, -1)
    if samples.dtype == bool:
        samples = samples.astype(np.uint8) * 255
    if photometric == _PALETTE:
        palette = np.asarray(page.colormap) >> 8
        return _turned(palette[:, samples].transpose(1, 2, 0).astype(np.uint8), None, orientation)
    if photometric == _WHITE_IS_ZERO:
        samples = np.iinfo(samples.dtype).max - samples
    return _split(samples, _COLOURS.get(photometric, 1), orientation)


def _check_tiff(page: tifffile.TiffPage) -> None:
    """Refuse what would be lost or misread."""
    photometric = int(page.photometric)
    known = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _PALETTE, *_COLOURS)
    colours = _COLOURS.get(photometric, 1)
    for wrong, detail in (
        (photometric not in known, f"photometric interpretation {photometric}"),
        (page.bitspersample not in _DEPTHS, f"{page.bitspersample} bits a sample"),
        (page.sampleformat not in (1, 4), f"sample format {page.sampleformat!r}"),
        (not 0 <= page.samplesperpixel - colours <= 1, f"{page.samplesperpixel} samples a pixel"),
        (page.imagedepth != 1, "a volume"),
    ):
        if wrong:
            raise UnreadableImage("unsupported", "", detail)


def _ycbcr(source: Source, index: int) -> Page:
    """Decode subsampled colour differences by Pillow (libtiff), which turns TIFF pages upright by itself."""
    with PillowImage.open(stream(source)) as image:
        image.seek(index)
        return Page(np.asarray(image.convert("RGB")))


def _split(samples: Image, colours: int, orientation: int) -> Page:
    """Part colours and alpha of stored samples (H, W) or (H, W, colours + 0 or 1)."""
    if samples.ndim == 2:
        return _turned(samples, None, orientation)
    alpha = samples[:, :, colours] if samples.shape[2] > colours else None
    return _turned(samples[:, :, 0] if colours == 1 else samples[:, :, :colours], alpha, orientation)


def _decode_raw(source: Source, header: Header, pages: int | None) -> tuple[Page, ...]:
    """Develop camera raw by LibRaw: camera white balance, sRGB, 16 bits, no automatic brightening."""
    import rawpy

    with rawpy.imread(stream(source)) as raw:
        developed = raw.postprocess(output_bps=16, use_camera_wb=True, no_auto_bright=True)
    return (Page(developed),)


Decoder = Callable[[Source, Header, int | None], tuple[Page, ...]]
_DECODERS: dict[str, Decoder] = {"tiff": _decode_tiff, "raw": _decode_raw, "jpeg2000": _decode_jpeg2000}
