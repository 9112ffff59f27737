"""What a classical baseline is: a function of the degraded picture and of what is known about its damage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from imaging.pixels import FloatImage, Image, from_float, to_float

Known = Mapping[str, Any]
Restore = Callable[[FloatImage, Known], FloatImage]


@dataclass(frozen=True)
class Baseline:
    """One classical method.

    Attributes:
        name: selected as `baseline:NAME`.
        summary: one sentence for tables and documents.
        restore: (degraded, known) -> restored; float32 HWC RGB or HW gray.
        needs: keys of a level's `known` without which the method cannot be asked ("scale", "psf").
        scales: whether its result is `known["scale"]` times larger.
        as_is: whether its result is measured unclipped and unrounded (only the untouched input is).
    """

    name: str
    summary: str
    restore: Restore
    needs: tuple[str, ...] = ()
    scales: bool = False
    as_is: bool = False


def on_bytes(restore: Callable[[Image], Image], image: FloatImage) -> FloatImage:
    """Apply a function of 8-bit pictures to a float picture."""
    return to_float(restore(from_float(image, np.uint8)))


def on_planes(restore: Callable[[Image], Image], image: FloatImage) -> FloatImage:
    """Apply a function of one plane to each channel of a picture."""
    if image.ndim == 2:
        return np.asarray(restore(image), np.float32)
    planes = [restore(np.ascontiguousarray(image[..., index])) for index in range(image.shape[2])]
    return np.stack(planes, axis=2).astype(np.float32)
