"""What stands in a recipe: operations, steps that run them, and choices among them."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from imaging.degradations.parameters import Parameters
from imaging.degradations.registry import DEGRADATIONS, find


class Frozen(BaseModel):
    """Base of all that is read from a recipe file: unknown fields and infinite numbers are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Operation(Frozen):
    """A degradation and how it is parameterised.

    Attributes:
        name: a name in the catalogue.
        parameters: fields of the degradation's parameters class that differ from its defaults.
    """

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_in_the_catalogue(self) -> Operation:
        _ = self.drawer
        return self

    @cached_property
    def drawer(self) -> Parameters:
        """The validated parameters, defaults filled in."""
        return find(self.name).parameters(**self.parameters)

    @property
    def options(self) -> tuple[Operation, ...]:
        """The operations of which one is run: this one."""
        return (self,)

    @property
    def factor(self) -> int:
        """How many times smaller the picture becomes; 0 if that varies."""
        if not DEGRADATIONS[self.name].resizes:
            return 1
        low, high = self.drawer.model_dump()["factor_range"]
        return int(low) if low == high else 0

    def pick(self, rng: np.random.Generator) -> Operation:
        """Return the operation to run; `rng` is for those that have a choice."""
        return self

    def settled(self) -> dict[str, Any]:
        """Return the operation with every default written out, for the digest."""
        return self.model_dump(mode="json") | {"parameters": self.drawer.model_dump(mode="json")}


class Alternative(Operation):
    """An operation inside `one_of`, taken in proportion to its weight."""

    weight: float = Field(default=1.0, gt=0.0)


class Step(Operation):
    """A place in a recipe.

    Attributes:
        probability: of being run at all.
        pinned: keeps its place, and is always among the chosen, when a recipe shuffles or counts its steps.
    """

    probability: float = Field(default=1.0, ge=0.0, le=1.0)
    pinned: bool = False


class Choice(Frozen):
    """A place in a recipe at which exactly one of several operations is run; otherwise as `Step`."""

    one_of: tuple[Alternative, ...] = Field(min_length=1)
    probability: float = Field(default=1.0, ge=0.0, le=1.0)
    pinned: bool = False

    @property
    def options(self) -> tuple[Operation, ...]:
        """The operations of which one is run."""
        return self.one_of

    def pick(self, rng: np.random.Generator) -> Operation:
        """Return one of the alternatives."""
        weights = np.array([option.weight for option in self.one_of])
        return self.one_of[int(rng.choice(len(weights), p=weights / weights.sum()))]

    def settled(self) -> dict[str, Any]:
        """Return the choice with every default written out, for the digest."""
        return self.model_dump(mode="json") | {"one_of": [option.settled() for option in self.one_of]}


def _tag(place: object) -> str:
    """Return which of the two a mapping in `steps` wants to be, so that an error speaks of that one only."""
    return "choice" if isinstance(place, Choice) or (isinstance(place, dict) and "one_of" in place) else "step"


Place: TypeAlias = Annotated[Annotated[Step, Tag("step")] | Annotated[Choice, Tag("choice")], Discriminator(_tag)]
