"""Recipes: named, ordered, random sequences of degradations, written as YAML and replayed to the byte.

A recipe first *plans*: the key of a picture decides which steps run, in which order, with which drawn values. Then it
*runs* the plan on the pixels. The plan is the trace, so that a stored example says exactly what was done to it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
import yaml
from pydantic import Field, ValidationError, model_validator

from imaging.degradations.parameters import Drawn
from imaging.degradations.randomness import generator, philox_key
from imaging.degradations.registry import DEGRADATIONS, Image, Mask, find, require_image
from imaging.errors import ImagicError, MisuseError
from imaging.recipe_steps import Frozen, Operation, Place

FOLDER = Path(__file__).with_name("recipes")
TRACE_FORMAT = 1

Trace: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Degraded:
    """A degraded picture, the mask of its surface damage (None if the recipe leaves none) and how it came about."""

    image: Image
    mask: Mask | None
    trace: Trace


class Recipe(Frozen):
    """A named way of degrading pictures.

    Attributes:
        name: also the name of the dataset and of the preset that go with it.
        summary: one sentence for lists.
        order: fixed, or shuffled per picture (pinned steps keep their place).
        count: how many of the steps that are not pinned are taken, [least, most]; all of them without it.
        repeat: times the whole sequence is planned and run; 2 is a second-order recipe (Real-ESRGAN).
        steps: degradations and choices among them.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    summary: str = ""
    order: Literal["fixed", "shuffled"] = "fixed"
    count: tuple[int, int] | None = None
    repeat: int = Field(default=1, ge=1, le=4)
    steps: tuple[Place, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _counts_what_exists(self) -> Recipe:
        free = sum(not step.pinned for step in self.steps)
        if self.count is not None and not 0 <= self.count[0] <= self.count[1] <= free:
            raise MisuseError(
                f"count is a pair [least, most] with 0 <= least <= most <= {free}, the steps that are not pinned",
                list(self.count),
                "Correct count",
            )
        _ = self.scale
        return self

    @cached_property
    def scale(self) -> int:
        """How many times smaller the degraded picture is than the clean one, each way."""
        total = 1
        for step in self.steps:
            factors = {option.factor for option in step.options}
            sometimes = step.probability < 1 or self.count is not None or self.repeat > 1
            if factors != {1} and (len(factors) > 1 or 0 in factors or sometimes):
                raise MisuseError(
                    "A step that changes the size runs always and by one factor, so that a recipe has one scale",
                    ", ".join(option.name for option in step.options),
                    "Give it factor_range: [n, n] and probability 1, without count and repeat",
                )
            total *= factors.pop()
        return total

    @cached_property
    def digest(self) -> str:
        """The sha256 (hex) of what the recipe does: canonical JSON with all defaults, without the summary."""
        content = self.model_dump(mode="json", exclude={"summary", "steps"})
        content["steps"] = [step.settled() for step in self.steps]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()

    @property
    def masks(self) -> bool:
        """Whether some step of the recipe may leave a damage mask."""
        return any(DEGRADATIONS[option.name].masks for step in self.steps for option in step.options)

    def plan(self, *, key: str, seed: int = 0, variant: int = 0) -> Trace:
        """Return the trace of what would be done to the picture of this key, without touching pixels."""
        rng = generator(philox_key("plan", seed, self.name, key, variant))
        steps: list[dict[str, Any]] = []
        for _ in range(self.repeat):
            for step in self._sequence(rng):
                philox = philox_key("pixels", seed, self.name, key, variant, len(steps))
                steps.append({"name": step.name, "drawn": step.drawer.draw(rng), "philox": philox})
        return {
            "format": TRACE_FORMAT,
            "recipe": self.name,
            "digest": self.digest,
            "key": key,
            "seed": seed,
            "variant": variant,
            "steps": steps,
        }

    def degrade(self, image: Image, *, key: str, seed: int = 0, variant: int = 0, clip: bool = True) -> Degraded:
        """Return the picture degraded as its key decides, with mask and trace.

        Args:
            image: float32 HWC RGB in [0, 1]; not changed.
            key: names the picture; the same key, seed and variant give the same bytes anywhere.
            seed: a different seed is a different dataset.
            variant: numbers several degraded versions of one picture.
            clip: False lets additive noise in the last step leave [0, 1], as float-noise protocols need.

        Raises:
            MisuseError: if `image` is not such a picture.
        """
        image = require_image(image)
        trace = self.plan(key=key, seed=seed, variant=variant) | {"clip": clip}
        return Degraded(*_run(image, trace), trace)

    def apply(self, image: Image, *, key: str, seed: int = 0, variant: int = 0) -> tuple[Image, Trace]:
        """Return the degraded picture and its trace; see `degrade`."""
        degraded = self.degrade(image, key=key, seed=seed, variant=variant)
        return degraded.image, degraded.trace

    def _sequence(self, rng: np.random.Generator) -> list[Operation]:
        """Return the operations of one round, chosen and ordered."""
        free = [place for place, step in enumerate(self.steps) if not step.pinned]
        least, most = self.count or (len(free), len(free))
        taken = rng.permutation(free)[: int(rng.integers(least, most, endpoint=True))].tolist()
        line = iter(taken if self.order == "shuffled" else sorted(taken))
        places = [
            place if step.pinned else next(line)
            for place, step in enumerate(self.steps)
            if step.pinned or place in taken
        ]
        chosen = (self.steps[place] for place in places)
        return [step.pick(rng) for step in chosen if rng.random() < step.probability]


def _run(image: Image, trace: Mapping[str, Any]) -> tuple[Image, Mask | None]:
    """Run the steps of a trace and merge their masks."""
    mask: Mask | None = None
    last = len(trace["steps"]) - 1
    for place, step in enumerate(trace["steps"]):
        drawn: Drawn = step["drawn"]
        clip = trace["clip"] or place < last
        image, damage = find(step["name"]).apply(image, drawn, generator(step["philox"]), clip=clip)
        mask = _merged(mask, damage, (image.shape[0], image.shape[1]))
    return image, mask


def _merged(mask: Mask | None, damage: Mask | None, shape: tuple[int, int]) -> Mask | None:
    """Return the union of two masks, the older one brought to the picture's present size."""
    if mask is not None and mask.shape != shape:
        mask = cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_AREA).reshape(shape).astype(np.float32)
    if mask is None or damage is None:
        return damage if mask is None else mask
    return np.maximum(mask, damage)


def replay(image: Image, trace: Mapping[str, Any]) -> Image:
    """Return the degraded picture of a trace, byte for byte.

    Args:
        image: the clean picture that was degraded, float32 HWC RGB in [0, 1].
        trace: as returned by `Recipe.apply`, or read back from its JSON.

    Raises:
        MisuseError: if the picture or the trace is not such.
    """
    image = require_image(image)
    if trace.get("format") != TRACE_FORMAT or not isinstance(trace.get("steps"), list):
        raise MisuseError(f"A trace is what Recipe.apply returned, of format {TRACE_FORMAT}", trace.get("format"))
    degraded, _ = _run(image, {"clip": True} | dict(trace))
    return degraded


def list_recipes() -> tuple[str, ...]:
    """Return the names of the shipped recipes, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def get_recipe(name: str | Path) -> Recipe:
    """Return a shipped recipe by name, or a recipe of one's own by the path of its YAML file.

    Raises:
        MisuseError: for an unknown name, an unreadable file, or content that is not a recipe; the message names the
            field, what was received and what is allowed.
    """
    if str(name) in list_recipes():
        return _shipped(str(name))
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return read_recipe(path)
    raise MisuseError(
        f"A recipe is one of {', '.join(list_recipes())}, or the path of a .yaml file", name, "Correct the name"
    )


@cache
def _shipped(name: str) -> Recipe:
    return read_recipe(FOLDER / f"{name}.yaml")


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a YAML file; MisuseError names what is wrong with it."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MisuseError("A recipe file can be read", f"{path}: {error.strerror}", "Correct the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MisuseError("A recipe file is YAML", f"{path}: {error}", "Correct the file") from None
    if not isinstance(content, dict):
        raise MisuseError("A recipe file holds a mapping with name and steps", f"{path}: {type(content).__name__}")
    return parse_recipe(content, where=str(path))


def parse_recipe(content: Mapping[str, Any], *, where: str = "recipe") -> Recipe:
    """Return the recipe of a mapping, as read from YAML; `where` opens the message of an error."""
    try:
        return Recipe.model_validate(dict(content))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in ("step", "choice")) or "recipe"
        raise MisuseError(f"{where}: {place}: {first['msg']}", repr(first["input"]), "Correct this field") from None
    except ImagicError as error:
        raise MisuseError(f"{where}: {error.rule}", error.received, error.remedy) from None
