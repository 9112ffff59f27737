"""The forms in which a result is handed out: PNG for everyone, PNG for the eyes, and the format that came."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np

from imaging.colour import to_rgb
from imaging.containers import Part
from imaging.errors import ImagicError
from imaging.picture import Page, Passport, Picture
from imaging.pixels import Image, from_float, to_float

# Media type and suffix of each format that can be handed back.
MEDIA = {
    "jpeg": ("image/jpeg", ".jpg"),
    "png": ("image/png", ".png"),
    "tiff": ("image/tiff", ".tif"),
    "webp": ("image/webp", ".webp"),
    "bmp": ("image/bmp", ".bmp"),
    "jpeg2000": ("image/jp2", ".jp2"),
    "avif": ("image/avif", ".avif"),
}


def as_png(picture: Picture) -> Picture:
    """Return the first page of a picture, to be written as PNG with profile, EXIF, XMP and resolution."""
    page, passport = picture.pages[0], picture.passport
    if passport.format == "png":
        return picture
    inks = page.samples.ndim == 3 and page.samples.shape[2] == 4
    samples = to_rgb(page.samples, passport.icc) if inks else page.samples
    if samples.ndim == 2 and page.alpha is not None and samples.dtype == np.uint16:
        samples = np.repeat(samples[:, :, None], 3, axis=2)  # deep gray with alpha has no encoder here
    icc = None if inks else passport.icc
    kept = Passport(
        "png",
        mode=("RGB" if samples.ndim == 3 else "L") + ("" if page.alpha is None else "A"),
        bit_depth=8 * samples.dtype.itemsize,
        alpha=page.alpha is not None,
        icc=icc,
        exif=passport.exif,
        xmp=passport.xmp,
        carried=_png_parts(icc, passport.dpi),
    )
    return Picture((Page(samples, page.alpha),), kept)


def _png_parts(icc: bytes | None, dpi: tuple[float, float] | None) -> tuple[Part, ...]:
    profile = [(b"iCCP", b"ICC\0\0" + zlib.compress(icc))] if icc else []
    metres = [(b"pHYs", struct.pack(">IIB", *(round(value / 0.0254) for value in dpi), 1))] if dpi else []
    return (*profile, *metres)


def rgb_of(picture: Picture) -> Image:
    """Return the first page as HWC RGB, uint8 or uint16."""
    return np.ascontiguousarray(to_rgb(picture.pages[0].samples, picture.passport.icc))


def png_of(image: Image) -> bytes:
    """Return an 8-bit PNG of an RGB or gray picture, for the eyes."""
    narrow = image if image.dtype == np.uint8 else from_float(to_float(image), np.uint8)
    ordered = narrow if narrow.ndim == 2 else narrow[:, :, ::-1]
    done, content = cv2.imencode(".png", np.ascontiguousarray(ordered), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ImagicError("A picture can be shown as PNG", image.shape)
    return content.tobytes()
