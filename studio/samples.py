"""Pictures to try things on before one's own is uploaded: photographs that come with scikit-image."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from imaging.files import read_rgb
from imaging.pixels import FloatImage, to_float
from studio.refusals import Refused

SIDE = 384
# Files of scikit-image's own package, public domain or CC0 by its data/README.txt; nothing is downloaded.
SAMPLES = {"astronaut": "astronaut.png", "cat": "chelsea.png", "coffee": "coffee.png", "rocket": "rocket.jpg"}


# What the restore page offers to begin with: title, recipe, sample, variant.
TRIES = (
    ("A noisy photograph", "denoise", "cat", 2),
    ("A damaged painting", "art-restoration", "coffee", 3),
    ("An old photograph", "old-photo", "astronaut", 1),
)


@lru_cache(maxsize=8)
def sample(name: str) -> FloatImage:
    """Return a sample picture, float32 HWC RGB, its longer side `SIDE`; Refused for an unknown name."""
    if name not in SAMPLES:
        raise Refused("misuse", name, f"A sample is one of {', '.join(SAMPLES)}")
    import skimage

    return small(read_rgb(Path(skimage.__file__).parent / "data" / SAMPLES[name]))


def small(image: np.ndarray) -> FloatImage:
    """Return a picture as float32 with its longer side at most `SIDE`."""
    height, width = image.shape[:2]
    ratio = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    return np.clip(cv2.resize(to_float(image), size, interpolation=cv2.INTER_AREA), 0.0, 1.0)
