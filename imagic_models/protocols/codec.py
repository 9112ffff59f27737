"""JPEG compression with OpenCV's codec."""

from __future__ import annotations

import cv2
import numpy as np

from imagic_models.metrics import luma
from imagic_models.protocols.protocol import Case, Level, Protocol, Sample
from imaging.pixels import FloatImage, from_float, to_float

_QUALITIES = (10, 20, 30, 40)


def _luma_jpeg(sample: Sample, level: Level, rng: np.random.Generator) -> Case:
    """The papers' case: the luma plane alone is rounded, compressed as a gray file, and is its own target."""
    assert sample.clean is not None
    target = to_float(from_float(luma(sample.clean), np.uint8))
    return Case(sample.key, level, _compressed(target, level.known["quality"]), target, level.known)


def _colour_jpeg(sample: Sample, level: Level, rng: np.random.Generator) -> Case:
    assert sample.clean is not None
    return Case(sample.key, level, _compressed(sample.clean, level.known["quality"]), sample.clean, level.known)


def _compressed(image: FloatImage, quality: int) -> FloatImage:
    pixels = from_float(image, np.uint8)
    pixels = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "OpenCV always holds a JPEG encoder"
    decoded = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    assert decoded is not None, "what OpenCV has just written it can read"
    return to_float(decoded if decoded.ndim == 2 else cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB))


def _levels(curve: str) -> tuple[Level, ...]:
    return tuple(Level(f"q{quality}", curve, quality, {"quality": quality}) for quality in _QUALITIES)


JPEG = Protocol(
    "jpeg",
    "The MATLAB luma plane, compressed as a gray JPEG by OpenCV's codec: the protocol of ARCNN and DnCNN-3.",
    _levels("JPEG (luma), quality"),
    _luma_jpeg,
)
JPEG_COLOUR = Protocol(
    "jpeg-colour",
    "The colour picture as a JPEG of OpenCV's default subsampling, measured over RGB.",
    _levels("JPEG (colour), quality"),
    _colour_jpeg,
)
