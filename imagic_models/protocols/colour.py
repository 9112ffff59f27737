"""Colourisation: the picture's own lightness in, its colours asked for."""

from __future__ import annotations

import numpy as np

from imagic_models.protocols.protocol import Case, Level, Protocol, Sample
from imaging.pixels import FloatImage


def _decoloured(sample: Sample, level: Level, rng: np.random.Generator) -> Case:
    assert sample.clean is not None
    return Case(sample.key, level, neutral(sample.clean), sample.clean)


def neutral(image: FloatImage) -> FloatImage:
    """Return the RGB picture with chroma 0 and the same L, so that an untouched L can be checked."""
    from skimage.color import lab2rgb, rgb2lab

    lab = rgb2lab(image.astype(np.float64))
    lab[..., 1:] = 0
    return np.clip(lab2rgb(lab), 0.0, 1.0).astype(np.float32)


COLORIZE = Protocol(
    "colorize",
    "Lab with chroma 0 in; colour error, colourfulness against the truth's, and the change of L.",
    (Level("gray"),),
    _decoloured,
    metrics=("ab_psnr", "ciede2000", "colourfulness_ratio", "lightness_shift", "psnr"),
)
