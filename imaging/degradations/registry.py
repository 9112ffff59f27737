"""The catalogue of degradations: one entry per function, found by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from imaging.degradations.parameters import Drawn, Parameters
from imaging.errors import MisuseError

Image: TypeAlias = npt.NDArray[np.float32]
"""HWC RGB, float32, display-encoded (sRGB), in [0, 1]."""
Mask: TypeAlias = npt.NDArray[np.float32]
"""HW float32 in [0, 1]: 0 where a picture is untouched, 1 where the damage hides it."""


@dataclass(frozen=True)
class Degradation:
    """One way in which pictures decay.

    Attributes:
        name: the function's name, as recipes write it.
        theme: noise, camera, blur, surface, tone, codec or resample.
        function: pure; takes an image, the drawn values by keyword and `rng`.
        parameters: the class whose `draw` yields the keywords of `function`.
        severities: five sets of drawn values, mildest first, that replace what `parameters` would draw.
        weakest: drawn values at which the function is close to identity; None where there is no such setting.
        masks: the function returns (image, mask).
        resizes: the degraded picture is smaller.
        additive: the function takes `clip`, and may leave [0, 1] without it.
    """

    name: str
    theme: str
    function: Callable[..., Any]
    parameters: type[Parameters]
    severities: tuple[Drawn, ...]
    weakest: Drawn | None
    masks: bool = False
    resizes: bool = False
    additive: bool = False

    @property
    def summary(self) -> str:
        """The first line of the function's docstring, without "Return" and the full stop."""
        first = (self.function.__doc__ or self.name).strip().splitlines()[0]
        return first.removeprefix("Return ").rstrip(".")

    def apply(
        self, image: Image, drawn: Drawn, rng: np.random.Generator, *, clip: bool = True
    ) -> tuple[Image, Mask | None]:
        """Return the degraded picture and, where this degradation leaves one, the mask of its damage."""
        options = {"clip": clip} if self.additive else {}
        result = self.function(image, **drawn, **options, rng=rng)
        return result if self.masks else (result, None)


DEGRADATIONS: dict[str, Degradation] = {}


def degradation(
    parameters: type[Parameters],
    *,
    theme: str,
    ladder: Mapping[str, Sequence[Any]],
    weakest: Drawn | None,
    **traits: bool,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that enters a function in the catalogue.

    Args:
        parameters: its parameters class.
        theme: the group it is listed under.
        ladder: five values per drawn name, mildest first.
        weakest: drawn values close to identity, or None.
        traits: masks, resizes, additive, as in `Degradation`.
    """

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        levels = tuple(dict(zip(ladder, values, strict=True)) for values in zip(*ladder.values(), strict=True))
        if len(levels) != 5:
            raise ValueError(f"{function.__name__} needs five severities, has {len(levels)}")
        name = function.__name__
        DEGRADATIONS[name] = Degradation(name, theme, function, parameters, levels, weakest, **traits)
        return function

    return enter


def find(name: str) -> Degradation:
    """Return the degradation of this name; MisuseError lists the known ones."""
    if name not in DEGRADATIONS:
        raise MisuseError(f"A degradation is one of {', '.join(sorted(DEGRADATIONS))}", name, "Correct the name")
    return DEGRADATIONS[name]


_ROUNDING = 1e-4
"""How far values may leave [0, 1] and still be a picture: resizing and filtering in float32 overshoot by rounding."""


def require_image(image: Image) -> Image:
    """Return a picture that degradations accept, clipped if rounding took it out of [0, 1]; else raise MisuseError.

    The extremes are enough to find NaN as well: a minimum over NaN is NaN, and no comparison with NaN holds.
    """
    rule = "A picture to degrade is a float32 array of height x width x 3 with values from 0 to 1"
    array = np.asarray(image)
    if array.dtype != np.float32 or array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise MisuseError(rule, f"{array.dtype} of shape {array.shape}", "Convert it with imaging.pixels.to_float")
    low, high = float(array.min()), float(array.max())
    if not (low >= -_ROUNDING and high <= 1.0 + _ROUNDING):
        raise MisuseError(rule, f"values from {low:.6g} to {high:.6g}", "Scale and clip it, and replace NaN")
    return np.clip(array, 0.0, 1.0) if low < 0.0 or high > 1.0 else array


def degrade_at(name: str, image: Image, severity: int, rng: np.random.Generator) -> tuple[Image, Mask | None, Drawn]:
    """Return a picture degraded at a severity, its damage mask (or None) and the drawn values.

    Args:
        name: a name in DEGRADATIONS.
        image: float32 HWC RGB in [0, 1].
        severity: 1 (barely visible) to 5 (about the worst that is still worth restoring).
        rng: draws the values that severity leaves open, and the pixels.
    """
    entry = find(name)
    if severity not in range(1, 6):
        raise MisuseError("A severity is a whole number from 1 to 5", severity)
    image = require_image(image)
    drawn = entry.parameters().draw(rng) | entry.severities[severity - 1]
    degraded, mask = entry.apply(image, drawn, rng)
    return degraded, mask, drawn
