"""Small files of every format with a full passport, made in memory by Pillow and tifffile, for several test modules."""

from __future__ import annotations

import io
import struct
from functools import cache

import numpy as np
import tifffile
from PIL import Image, ImageCms

from imaging import containers, tags

XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="shelf 12"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
IPTC = b"\x1c\x02\x69\x00\x08Headline" + b"\x1c\x02\x50\x00\x06Author"


def picture(height=37, width=53, channels=3, dtype=np.uint8):
    """A smooth ramp, so that lossy codecs keep it nearly as it is."""
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [rows / max(height - 1, 1), columns / max(width - 1, 1), (rows + columns) / (height + width)]
    top = np.iinfo(dtype).max
    image = (np.stack(planes[:channels], axis=2) * top).astype(dtype)
    return image[:, :, 0] if channels == 1 else image


@cache
def srgb():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _xyz(values):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *[round(v * 65536) for v in values])


def adobe_rgb():
    """A matrix profile with the primaries of Adobe RGB (1998) at D50 and a power curve of 563/256."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, 563) + b"\0\0"
    parts = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Wide\0" + b"\0" * 79,
        b"wtpt": _xyz((0.9642, 1.0, 0.8249)),
        b"rXYZ": _xyz((0.60974, 0.31111, 0.01947)),
        b"gXYZ": _xyz((0.20528, 0.62567, 0.06087)),
        b"bXYZ": _xyz((0.14919, 0.06322, 0.74457)),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
        b"cprt": b"text\0\0\0\0CC0\0",
    }
    table, body, at = b"", b"", 132 + 12 * len(parts)
    for name, data in parts.items():
        data += b"\0" * (-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + b"\0" * 12
    head += b"acsp" + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061) + b"\0" * 48
    return head[:128] + struct.pack(">I", len(parts)) + table + body


def exif(orientation=6, endian="<"):
    """A camera's block: make, orientation, an exposure time, a maker note, and a position."""
    inner = tags.Directory(
        (
            tags.Entry(33434, 5, 1, struct.pack(endian + "II", 1, 250)),
            tags.Entry(37500, 7, 12, b"MAKER NOTE 1"),
            tags.Entry(40962, 4, 1, struct.pack(endian + "I", 53)),
            tags.Entry(40963, 4, 1, struct.pack(endian + "I", 37)),
        )
    )
    place = tags.Directory(
        (tags.Entry(1, 2, 2, b"N\0"), tags.Entry(2, 5, 3, struct.pack(endian + "6I", 50, 1, 6, 1, 0, 1)))
    )
    main = tags.Directory(
        (
            tags.Entry(271, 2, 8, b"Camera1\0"),
            tags.Entry(tags.ORIENTATION, 3, 1, struct.pack(endian + "H", orientation)),
            tags.Entry(36867, 2, 20, b"1931:05:01 12:00:00\0"),
        ),
        {tags.EXIF: inner, tags.GPS: place},
    )
    return tags.write_block(main, tags.Layout(endian))


def photoshop():
    return containers.PHOTOSHOP_PREFIX + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC


def _pillow(image, name, **options):
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def jpeg(orientation=6, mode="RGB", icc=None):
    image = Image.fromarray(picture()).convert(mode)
    coded = _pillow(image, "JPEG", quality=90, subsampling=0)
    parts = [
        (b"\xe0", b"JFIF\0\1\2\1" + struct.pack(">HH", 300, 300) + b"\0\0"),
        (b"\xe1", containers.EXIF_PREFIX + exif(orientation)),
        (b"\xe1", containers.XMP_PREFIX + XMP),
        *containers.jpeg_icc(icc or srgb()),
        (b"\xed", photoshop()),
        (b"\xec", b"Ducky of another program"),
        (b"\xfe", b"a comment"),
    ]
    return containers.jpeg_with(coded, parts)


def png(orientation=6, deep=False, mode="RGB", icc=None):
    if deep:
        import cv2

        coded = cv2.imencode(".png", picture(dtype=np.uint16)[:, :, ::-1])[1].tobytes()
    else:
        image = Image.fromarray(picture()).convert(mode)
        if mode.endswith("A"):
            image.putalpha(Image.fromarray(picture(channels=1)))
        coded = _pillow(image, "PNG")
    import zlib

    parts = [
        (b"iCCP", b"a\0\0" + zlib.compress(icc or srgb())),
        (b"pHYs", struct.pack(">IIB", 11811, 11811, 1)),
        (b"tIME", b"\x07\x8b\x05\x01\x0c\0\0"),
        (b"tEXt", b"Author\0unknown"),
        (b"eXIf", exif(orientation)),
        containers.png_xmp_chunk(XMP),
    ]
    return containers.png_with(coded, parts)


def modern(name, orientation=1, alpha=True):
    image = Image.fromarray(picture())
    if alpha:
        image.putalpha(Image.fromarray(picture(channels=1)))
    quality = {"lossless": True, "exact": True} if name == "WEBP" else {"quality": 95}
    block = containers.EXIF_PREFIX + exif(orientation)
    return _pillow(image, name, exif=block, icc_profile=srgb(), xmp=XMP, **quality)


def bmp():
    return _pillow(Image.fromarray(picture()), "BMP", dpi=(150, 150))


def jpeg2000(dtype=np.uint8):
    import imagecodecs

    coded = bytes(imagecodecs.jpeg2k_encode(picture(dtype=dtype), level=0, reversible=True))
    parts = [
        (b"colr", b"\2\0\0" + srgb()),
        (b"uuid", containers.EXIF_UUID + exif(1)),
        (b"uuid", containers.XMP_UUID + XMP),
        (b"uuid", b"0123456789abcdef" + b"someone's own box"),
    ]
    return containers.jp2_with(coded, parts)


def tiff(dtype=np.uint8, *, orientation=1, pages=1, mode="RGB", byteorder="<", icc=None, bigtiff=False, **coding):
    file = io.BytesIO()
    samples = {
        "RGB": lambda: picture(dtype=dtype),
        "L": lambda: picture(channels=1, dtype=dtype),
        "RGBA": lambda: np.dstack([picture(dtype=dtype), picture(channels=1, dtype=dtype)]),
        "CMYK": lambda: np.dstack([picture(dtype=dtype), picture(channels=1, dtype=dtype) // 2]),
        "1": lambda: picture(channels=1) > 127,
    }[mode]()
    kinds = {"CMYK": "separated", "L": "minisblack", "1": "minisblack"}
    order = byteorder
    extra = [
        (271, 2, 8, b"Scanner\0", True),
        (315, 2, 7, b"Artist\0", True),
        (700, 1, len(XMP), XMP, True),
        (33723, 7, len(IPTC), IPTC, True),
        (274, 3, 1, orientation, True),
        (tags.EXIF - 1, 16 if bigtiff else 4, 1, 0, True),
    ]
    with tifffile.TiffWriter(file, byteorder=order, bigtiff=bigtiff) as writer:
        for _ in range(pages):
            writer.write(
                samples,
                photometric=kinds.get(mode, "rgb"),
                resolution=(600, 600),
                resolutionunit=2,
                iccprofile=icc if icc is not None else (srgb() if mode in ("RGB", "RGBA") else None),
                extratags=extra,
                extrasamples=(2,) if mode == "RGBA" else None,
                metadata=None,
                **coding,
            )
    inner = tags.Directory((tags.Entry(33434, 5, 1, struct.pack(order + "II", 1, 250)),))
    tags.attach_branches(file, [tags.Directory((), {tags.EXIF: inner})] * pages)
    return file.getvalue()


EVERY = {
    "jpeg": ("a.jpg", jpeg),
    "jpeg gray": ("a.jpg", lambda: jpeg(mode="L")),
    "jpeg cmyk": ("a.jpg", lambda: jpeg(mode="CMYK")),
    "png": ("a.png", png),
    "png alpha": ("a.png", lambda: png(mode="RGBA")),
    "png gray": ("a.png", lambda: png(mode="L")),
    "png palette": ("a.png", lambda: png(mode="P")),
    "png 16": ("a.png", lambda: png(deep=True)),
    "webp": ("a.webp", lambda: modern("WEBP")),
    "avif": ("a.avif", lambda: modern("AVIF")),
    "bmp": ("a.bmp", bmp),
    "jpeg 2000": ("a.jp2", jpeg2000),
    "jpeg 2000 16": ("a.jp2", lambda: jpeg2000(np.uint16)),
    "tiff": ("a.tif", tiff),
    "tiff 16 lzw tiled": ("a.tif", lambda: tiff(np.uint16, compression="lzw", tile=(16, 32), predictor=True)),
    "tiff deflate": ("a.tif", lambda: tiff(compression="zlib", rowsperstrip=8)),
    "tiff big-endian": ("a.tif", lambda: tiff(np.uint16, byteorder=">")),
    "tiff bigtiff": ("a.tif", lambda: tiff(bigtiff=True)),
    "tiff pages": ("a.tif", lambda: tiff(pages=3, compression="lzw")),
    "tiff cmyk": ("a.tif", lambda: tiff(mode="CMYK")),
    "tiff gray 16": ("a.tif", lambda: tiff(np.uint16, mode="L")),
    "tiff alpha 16": ("a.tif", lambda: tiff(np.uint16, mode="RGBA")),
    "tiff bilevel": ("a.tif", lambda: tiff(mode="1")),
    "tiff turned": ("a.tif", lambda: tiff(orientation=8)),
}
