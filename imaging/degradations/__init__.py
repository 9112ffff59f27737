"""The catalogue of picture damage: pure functions on float32 HWC RGB pictures in [0, 1], found by name."""

from imaging.degradations import (
    blur,
    codec,
    cracks,
    creases,
    dust,
    exposure,
    fading,
    noise,
    printing,
    resample,
    scratches,
    sensor,
    spots,
    water,
)
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
    "cracks",
    "creases",
    "degrade_at",
    "dust",
    "exposure",
    "fading",
    "find",
    "noise",
    "printing",
    "require_image",
    "resample",
    "scratches",
    "sensor",
    "spots",
    "water",
]
