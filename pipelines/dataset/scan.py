"""The first look at each picture: header, digest and perceptual hash, before anything is planned."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from imaging.errors import ImagicError
from imaging.files import Header, UnreadableImage, probe, read_rgb
from imaging.phash import phash
from imaging.pixels import Image
from pipelines.dataset.content import as_uint8, decodable, read_content
from pipelines.dataset.sources import Listed

_REDUCED = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
_ENOUGH = 64  # pixels a side: twice the grid that the perceptual hash averages down to


@dataclass(frozen=True)
class Scanned:
    """A listed picture that was looked at.

    Attributes:
        listed: what the input said.
        width, height: pixels as stored, 0 when unreadable.
        num_bytes: size of the file.
        sha256: of its content, "" when unreadable.
        phash: perceptual hash, "" when unreadable.
        reason, detail: why it cannot be used; "" when it can.
    """

    listed: Listed
    width: int = 0
    height: int = 0
    num_bytes: int = 0
    sha256: str = ""
    phash: str = ""
    reason: str = ""
    detail: str = ""


def scan(listed: Sequence[Listed], *, max_pixels: int, workers: int) -> Iterator[Scanned]:
    """Looks at each picture, in order; what cannot be read comes back with its reason.

    Args:
        listed: the pictures.
        max_pixels: what promises more in its header is not decoded.
        workers: threads; as many pictures are in memory at a time.
    """
    cv2.setNumThreads(1)
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(lambda one: look(one, max_pixels), listed)


def look(listed: Listed, max_pixels: int) -> Scanned:
    """Returns what one picture is, or why it cannot be read."""
    try:
        content = read_content(listed.path)
        header = probe(decodable(listed.path, content), max_pixels=max_pixels)
        looks = listed.phash or phash(_small(content, header, listed.path, max_pixels))
    except UnreadableImage as error:
        return Scanned(listed, reason=error.reason, detail=error.detail)
    except (ImagicError, MemoryError) as error:
        return Scanned(listed, reason="unreadable", detail=str(error))
    digest = hashlib.sha256(content).hexdigest()
    return Scanned(listed, header.width, header.height, len(content), digest, looks)


def _small(content: bytes, header: Header, path: str, max_pixels: int) -> Image:
    """Returns the picture as 8-bit RGB, of a JPEG only as large as the hash needs: the codec reduces it for free."""
    shorter = min(header.width, header.height)
    factor = next((factor for factor in _REDUCED if shorter // factor >= _ENOUGH), 0)
    if header.format == "jpeg" and factor:
        reduced = cv2.imdecode(np.frombuffer(content, np.uint8), _REDUCED[factor])
        if reduced is not None:
            return np.asarray(reduced[:, :, ::-1])
    image = read_rgb(decodable(path, content), max_pixels=max_pixels)
    return as_uint8(image)
