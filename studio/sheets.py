"""What recipes do to pictures, tile by tile: the live degradation sheet."""

from __future__ import annotations

from typing import Any

from imaging.degradations import DEGRADATIONS, degrade_at, find
from imaging.degradations.randomness import generator, philox_key
from imaging.pixels import FloatImage, from_float
from imaging.recipes import Recipe, get_recipe, list_recipes
from studio.forms import png_of
from studio.refusals import Refused

VARIANTS = 6


def recipe_cards() -> list[dict[str, Any]]:
    """Return every shipped recipe with its damages, for the page."""
    return [recipe_card(known_recipe(name)) for name in list_recipes()]


def recipe_card(recipe: Recipe) -> dict[str, Any]:
    """Return what the page shows of a recipe."""
    return {
        "name": recipe.name,
        "summary": recipe.summary,
        "scale": recipe.scale,
        "digest": recipe.digest,
        "damages": [
            {"name": name, "title": titled(name), "summary": _sentence(DEGRADATIONS[name].summary)}
            for name in damages(recipe)
        ],
    }


def known_recipe(name: str) -> Recipe:
    """Return a shipped recipe; names only, so that no path from a client is opened."""
    if name not in list_recipes():
        raise Refused("misuse", name, f"A recipe is one of {', '.join(list_recipes())}")
    return get_recipe(name)


def damages(recipe: Recipe) -> tuple[str, ...]:
    """Return the names of the degradations in a recipe, in order, each once."""
    return tuple(dict.fromkeys(option.name for step in recipe.steps for option in step.options))


def titled(name: str) -> str:
    """Return a degradation's name for people.

    Examples:
        >>> titled("salt_and_pepper")
        'Salt and pepper'
    """
    return name.replace("_", " ").capitalize()


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def degraded_tile(recipe_name: str, image: FloatImage, key: str, seed: int, variant: int) -> tuple[bytes, list[str]]:
    """Return one degraded version as PNG, and what was done to it."""
    degraded, trace = known_recipe(recipe_name).apply(image, key=key, seed=seed, variant=variant)
    return png_of(from_float(degraded, "uint8")), [titled(step["name"]) for step in trace["steps"]]


def severity_tile(name: str, image: FloatImage, severity: int, seed: int) -> bytes:
    """Return one damage at one severity as PNG."""
    find(name)
    rng = generator(philox_key("studio", seed, name))
    return png_of(from_float(degrade_at(name, image, severity, rng)[0], "uint8"))
