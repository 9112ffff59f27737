"""The picture at the top of the README: a packaged photograph, damaged by a recipe and restored by a shipped preset.

python -m demo.figure docs/images/before-after.jpg
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from imaging.degradations import DEGRADATIONS
from imaging.pixels import FloatImage, from_float, to_float

CROP = (slice(0, 320), slice(96, 416))  # of Eileen Collins' portrait (NASA, public domain): the face
SIGMA = 45 / 255


def damaged_portrait() -> FloatImage:
    """The portrait's crop with strong Gaussian noise, (320, 320, 3) in [0, 1]."""
    import skimage.data

    entry, rng = DEGRADATIONS["gaussian_noise"], np.random.default_rng(0)
    drawn = entry.parameters(sigma_range=(SIGMA, SIGMA), gray_probability=0.0).draw(rng)
    return entry.apply(to_float(skimage.data.astronaut()[CROP]), drawn, rng)[0]


def side_by_side(before: FloatImage, after: FloatImage) -> np.ndarray:
    """Both pictures, uint8 BGR, with a white line between them."""
    line = np.ones((before.shape[0], 4, 3), np.float32)
    return from_float(np.concatenate([before, line, after], axis=1), np.uint8)[:, :, ::-1]


def main(target: Path) -> None:
    """Write the picture."""
    from imagic_models import load_restorer

    degraded = from_float(damaged_portrait(), np.uint8)
    restored = load_restorer("denoise").restore(degraded)
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), side_by_side(to_float(degraded), to_float(restored)), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
