"""What a degradation may draw: ranges, choices and chances, validated when they are written down.

The last word of a field's name says how its value is drawn, so that one `draw` serves every degradation:
`sigma_range` gives `sigma`, `mode_choices` gives `mode`, `gray_probability` gives the truth value `gray`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from imaging.errors import MisuseError

Span: TypeAlias = tuple[float, float]
WholeSpan: TypeAlias = tuple[int, int]
Drawn: TypeAlias = dict[str, Any]


def span(low: float, high: float, *, within: Span = (0.0, 1.0), log: bool = False) -> Any:
    """Return a field drawn uniformly (or uniformly in its logarithm) from [low, high], both inside `within`."""
    return Field(default=(low, high), json_schema_extra={"within": list(within), "log": log})


def choices(*values: str) -> Any:
    """Return a field drawn from a subset of `values`, each alike."""
    return Field(default=values, json_schema_extra={"known": list(values)})


def chance(probability: float) -> Any:
    """Return a field drawn as True with this probability."""
    return Field(default=probability)


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _draw_span(value: Any, extra: dict[str, Any], rng: np.random.Generator) -> float | int:
    low, high = value
    if isinstance(low, int):
        return int(rng.integers(low, high, endpoint=True))
    if extra["log"]:
        return math.exp(rng.uniform(math.log(low), math.log(high)))
    return float(rng.uniform(low, high))


def _check_span(value: Any, extra: dict[str, Any]) -> bool:
    least, most = extra["within"]
    return bool(least <= value[0] <= value[1] <= most)


def _say_span(extra: dict[str, Any]) -> str:
    least, most = extra["within"]
    return f"is a pair [low, high] of finite numbers with {least:g} <= low <= high <= {most:g}"


class _Kind:
    """How a field of one suffix is drawn, checked and explained."""

    def __init__(
        self,
        draw: Callable[[Any, dict[str, Any], np.random.Generator], Any],
        check: Callable[[Any, dict[str, Any]], bool],
        say: Callable[[dict[str, Any]], str],
    ) -> None:
        self.draw, self.check, self.say = draw, check, say


_KINDS = {
    "range": _Kind(_draw_span, _check_span, _say_span),
    "choices": _Kind(
        lambda value, extra, rng: value[int(rng.integers(len(value)))],
        lambda value, extra: len(value) > 0 and set(value) <= set(extra["known"]),
        lambda extra: f"is a non-empty list out of {', '.join(extra['known'])}",
    ),
    "probability": _Kind(
        lambda value, extra, rng: bool(rng.random() < value),
        lambda value, extra: bool(0.0 <= value <= 1.0),
        lambda extra: "is a number from 0 to 1",
    ),
}


class Parameters(BaseModel):
    """Base of the parameter classes: frozen, refuses nonsense at birth, draws by the suffix of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise self._refusal(str(error.errors()[0]["loc"][0]), values) from None

    @field_validator("*")
    @classmethod
    def _stays_within(cls, value: Any, info: ValidationInfo) -> Any:
        name = str(info.field_name)
        if not _KINDS[name.rsplit("_", 1)[1]].check(value, _extra(cls.model_fields[name])):
            raise ValueError("outside its limits")
        return value

    @classmethod
    def _refusal(cls, name: str, values: dict[str, Any]) -> MisuseError:
        if name not in cls.model_fields:
            known = ", ".join(cls.model_fields) or "no parameters"
            return MisuseError(f"{cls.__name__} takes {known}", name, "Remove or rename this field")
        allowed = _KINDS[name.rsplit("_", 1)[1]].say(_extra(cls.model_fields[name]))
        return MisuseError(f"{name} of {cls.__name__} {allowed}", f"{name}: {values.get(name)}", "Correct this field")

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Return one value per field, named without its suffix; all of them survive JSON unchanged.

        Args:
            rng: the only source of chance; fields are drawn in the order in which they are declared.
        """
        drawn: Drawn = {}
        for name, field in type(self).model_fields.items():
            stem, kind = name.rsplit("_", 1)
            drawn[stem] = _KINDS[kind].draw(getattr(self, name), _extra(field), rng)
        return drawn
