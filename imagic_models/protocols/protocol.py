"""What a protocol is: how a test case is made from a clean picture, and how the answer to it is scored."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from imagic_models.metrics import METRICS, luma
from imaging.errors import ImagicError
from imaging.pixels import FloatImage, from_float, to_float


@dataclass(frozen=True)
class Level:
    """One strength of one damage.

    Attributes:
        name: short and unique in its protocol: "25", "x2", "q10"; what a user selects by.
        curve: the damage this level is a point of; levels of one curve are joined in the report.
        x: the strength, for the curve's axis.
        known: what the damage's own parameters are (sigma, scale, psf, quality, ...): baselines may use them.
    """

    name: str
    curve: str = ""
    x: float = 0.0
    known: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """One picture of the test set as it was read.

    Attributes:
        key: its path inside the folder, without the suffix.
        clean: the truth, float32 in [0, 1], HWC RGB, or HW for a gray file; None where no truth exists.
        degraded: the given input where a protocol does not make it.
        step: one grey level of the file's own depth, 1/255 or 1/65535; results are rounded to it.
    """

    key: str
    clean: FloatImage | None
    degraded: FloatImage | None = None
    step: float = 1 / 255


@dataclass(frozen=True)
class Case:
    """One question to a restorer: the degraded picture, the target, and what is known of the damage."""

    key: str
    level: Level
    degraded: FloatImage
    target: FloatImage | None
    known: Mapping[str, Any] = field(default_factory=dict)
    step: float = 1 / 255


MakeCase = Callable[[Sample, Level, np.random.Generator], Case]


@dataclass(frozen=True)
class Protocol:
    """A way of measuring that others can repeat.

    Attributes:
        name: as on the command line.
        summary: one sentence for tables and documents.
        levels: the strengths that the literature reports.
        make: builds one case from one sample; `rng` is derived from seed, protocol, key and level alone.
        metrics: names in `METRICS`, in column order; the first one ranks.
        plane: "rgb" or "luma", what is measured.
        border: pixels left out at each side, from the level.
        needs: "clean" (the protocol degrades), "pair" (inputs and targets are given) or "input" (no truth).
    """

    name: str
    summary: str
    levels: tuple[Level, ...]
    make: MakeCase
    metrics: tuple[str, ...] = ("psnr", "ssim")
    plane: str = "rgb"
    border: Callable[[Level], int] = lambda level: 0
    needs: str = "clean"

    def case(self, sample: Sample, level: Level, seed: int) -> Case:
        """Return the case of one sample at one level: the same bytes for the same arguments, on any machine."""
        made = self.make(sample, level, case_rng(seed, self.name, sample.key, level.name))
        return replace(made, step=sample.step)

    def score(self, case: Case, restored: FloatImage, *, as_is: bool = False) -> dict[str, float]:
        """Return the metrics of one answer; a metric that cannot be taken of so small a picture is NaN.

        Args:
            case: the question.
            restored: the answer, of the target's shape.
            as_is: measure the picture unclipped and unrounded, as the "input" rows of noise papers are.

        Raises:
            ImagicError: when the answer has another shape than the target; it is never resized.
        """
        assert case.target is not None, "a protocol without truth scores by statistics"
        if restored.shape != case.target.shape:
            raise ImagicError(
                "A restored picture has the size of its target", f"{restored.shape} for {case.target.shape}"
            )
        restored = restored if as_is else at_depth(restored, case.step)
        pair = [self._measured(one, case.level) for one in (restored, case.target)]
        return {name: _or_nan(name, *pair) for name in self.metrics}

    def _measured(self, image: FloatImage, level: Level) -> FloatImage:
        plane = luma(image) if self.plane == "luma" else image
        border = self.border(level)
        return plane[border:-border, border:-border] if border else plane


def case_rng(seed: int, *words: str) -> np.random.Generator:
    """Return a generator that depends on its arguments alone, not on the order of the work."""
    digest = hashlib.sha256("\0".join((str(seed), *words)).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


def at_depth(image: FloatImage, step: float) -> FloatImage:
    """Return the picture as a file of that depth would hold it: clipped to [0, 1] and rounded to whole grey levels."""
    return to_float(from_float(image, np.uint8 if step > 1 / 256 else np.uint16))


def _or_nan(name: str, restored: FloatImage, target: FloatImage) -> float:
    if restored.size == 0:
        return math.nan
    try:
        return METRICS[name](restored, target)
    except ImagicError as refusal:
        if refusal.exit_code == 2:  # the metric itself is not available: for all pictures, so it stops the run
            raise
        return math.nan
