"""The catalogue of picture damage: pure functions on float32 HWC RGB pictures in [0, 1], found by name."""

from imaging.degradations import blur, codec, exposure, fading, noise, resample, scratches, water
from imaging.degradations.parameters import Drawn, Parameters
from imaging.degradations.registry import (
    DEGRADATIONS,
    Degradation,
    Image,
    Mask,
    degrade_at,
    find,
    require_image,
)

__all__ = [
    "DEGRADATIONS",
    "Degradation",
    "Drawn",
    "Image",
    "Mask",
    "Parameters",
    "blur",
    "codec",
    "degrade_at",
    "exposure",
    "fading",
    "find",
    "noise",
    "require_image",
    "resample",
    "scratches",
    "water",
]
