"""What a preset is trained against: degradations and whole recipes, drawn with weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from imaging.degradations import DEGRADATIONS
from imaging.errors import MisuseError
from imaging.recipes import Recipe, get_recipe

Damaged = tuple[np.ndarray, np.ndarray | None]
"""A degraded HWC float32 picture and its HW float32 damage mask, or None where the damage leaves no mask."""


@dataclass(frozen=True)
class Ingredient:
    """One way to damage a training crop.

    Attributes:
        source: name of a degradation (`gaussian_noise`) or of a recipe (`denoise`).
        weight: how often it is drawn, relative to the others.
        clip: whether values are clipped to [0, 1] afterwards, as a file would; False trains for float noise.
        parameters: ranges of the degradation that differ from its own; none for a recipe.
    """

    source: str
    weight: float = 1.0
    clip: bool = True
    parameters: Mapping[str, Any] = field(default_factory=dict)


def degrade_crop(ingredient: Ingredient, clean: np.ndarray, rng: np.random.Generator) -> Damaged:
    """Returns the degraded crop and its mask; everything drawn comes from `rng`."""
    if ingredient.source in DEGRADATIONS:
        entry = DEGRADATIONS[ingredient.source]
        drawn = entry.parameters(**ingredient.parameters).draw(rng)
        return entry.apply(clean, drawn, rng, clip=ingredient.clip)
    key = f"{rng.integers(2**63):016x}"
    damaged = _recipe(ingredient.source).degrade(clean, key=key, clip=ingredient.clip)
    return damaged.image, damaged.mask


def mixture_digests(mixture: Sequence[Ingredient]) -> dict[str, str]:
    """Returns the digest of each recipe in a mixture, for the record of a run."""
    recipes = [ingredient.source for ingredient in mixture if ingredient.source not in DEGRADATIONS]
    return {name: _recipe(name).digest for name in recipes}


@lru_cache(maxsize=32)
def _recipe(name: str) -> Recipe:
    return get_recipe(name)


def draw_ingredient(mixture: Sequence[Ingredient], rng: np.random.Generator) -> Ingredient:
    """Returns one ingredient, drawn by weight."""
    weights = np.array([ingredient.weight for ingredient in mixture])
    return mixture[int(rng.choice(len(mixture), p=weights / weights.sum()))]


def parse_mixture(words: Sequence[str]) -> tuple[Ingredient, ...]:
    """Returns the mixture of `name` or `name=weight` words.

    Raises:
        MisuseError: for an unknown recipe, or a weight that is no positive number.
    """
    return tuple(_parsed(word) for word in words)


def _parsed(word: str) -> Ingredient:
    name, _, weight = word.partition("=")
    try:
        ingredient = Ingredient(name, float(weight or 1))
    except ValueError:
        ingredient = Ingredient(name, 0.0)
    if not 0 < ingredient.weight < float("inf"):
        raise MisuseError("A recipe of a training is NAME or NAME=WEIGHT with a weight above 0", word)
    if name not in DEGRADATIONS:
        _recipe(name)
    return ingredient
