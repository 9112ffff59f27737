"""Classical methods to stand beside the models: each the honest best of its kind, none given the truth."""

from __future__ import annotations

from PIL.Image import Resampling

from imagic_models.baselines.baseline import Baseline
from imagic_models.baselines.noise import median, median_of, non_local_means, switching_median
from imagic_models.baselines.repair import richardson_lucy, telea, wiener
from imagic_models.baselines.size import enlarged
from imagic_models.baselines.tone import clahe_chain, gamma, stretch, white_balance

__all__ = ["BASELINES", "PREFIX", "Baseline"]

PREFIX = "baseline:"

_ALL = (
    Baseline("identity", "The input, untouched.", lambda image, known: image, as_is=True),
    Baseline("nlm", "Non-local means of OpenCV, h = 0.8 sigma.", non_local_means),
    Baseline("median", "The median of 3, 5 or 7 pixels, as the share of impulses asks.", median),
    Baseline("median3", "The plain median of 3 x 3 pixels.", median_of(3)),
    Baseline("median5", "The plain median of 5 x 5 pixels.", median_of(5)),
    Baseline(
        "switching-median", "Only impulses are replaced, by the median of their sound neighbours.", switching_median
    ),
    Baseline("bicubic", "Pillow's bicubic enlargement.", enlarged(Resampling.BICUBIC), ("scale",), scales=True),
    Baseline("lanczos", "Pillow's Lanczos enlargement.", enlarged(Resampling.LANCZOS), ("scale",), scales=True),
    Baseline("gamma", "The power curve that brings the mean to middle gray.", gamma),
    Baseline("stretch", "Histogram stretched between the 1st and the 99th percentile.", stretch),
    Baseline("clahe-chain", "CLAHE, light denoising, gamma, mild sharpening.", clahe_chain),
    Baseline("white-balance", "Shades of gray: the illuminant made neutral.", white_balance),
    Baseline("telea", "Telea inpainting of scratches found by morphology.", telea),
    Baseline("wiener", "Wiener filter for the known blur.", wiener, ("psf",)),
    Baseline("richardson-lucy", "Thirty Richardson-Lucy steps for the known blur.", richardson_lucy, ("psf",)),
)
BASELINES: dict[str, Baseline] = {baseline.name: baseline for baseline in _ALL}
