"""Damage by our own recipes: the whole recipe, and each kind of damage at each severity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagic_models.protocols.protocol import Case, Level, Protocol, Sample, at_depth
from imaging.degradations import DEGRADATIONS, degrade_at
from imaging.errors import MisuseError
from imaging.pixels import FloatImage
from imaging.recipes import Recipe, get_recipe

SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class _ByRecipe:
    """Makes the cases of one recipe: by the recipe itself, or by one of its damages at a given severity."""

    recipe: Recipe
    seed: int

    def __call__(self, sample: Sample, level: Level, rng: np.random.Generator) -> Case:
        target = _whole_multiple(_as_rgb(sample), int(level.known.get("scale", 1)))
        if "damage" in level.known:
            degraded = degrade_at(level.known["damage"], target, int(level.x), rng)[0]
        else:
            degraded = self.recipe.degrade(target, key=sample.key, seed=self.seed).image
        return Case(sample.key, level, at_depth(degraded, sample.step), target, level.known)


def recipe_protocol(
    name: str, *, damages: tuple[str, ...] = (), severities: tuple[int, ...] = SEVERITIES, seed: int = 0
) -> Protocol:
    """Return the protocol of one recipe.

    Args:
        name: a recipe's name or YAML file.
        damages: kinds of damage to measure one by one besides the whole recipe; by default those of the recipe.
        severities: of 1 (mild) to 5.
        seed: of the recipe's draws.

    Raises:
        MisuseError: for an unknown recipe or damage.
    """
    recipe = get_recipe(name)
    _check_damages(damages)
    whole = Level(recipe.name, known={"scale": recipe.scale} if recipe.scale > 1 else {})
    singles = tuple(
        Level(f"{damage}-{severity}", f"{damage}, severity", float(severity), {"damage": damage})
        for damage in damages or _damages_of(recipe)
        for severity in severities
    )
    summary = f"The recipe {recipe.name} ({recipe.digest[:12]}) as a whole, and single damages at severities 1 to 5."
    return Protocol("recipe", summary, (whole, *singles), _ByRecipe(recipe, seed), ("psnr", "ssim", "ciede2000"))


def _damages_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the recipe's kinds of damage, each once; none for recipes that shrink, which no single damage does."""
    if recipe.scale > 1:
        return ()
    names = [one.name for step in recipe.steps for one in step.options]
    return tuple(name for name in dict.fromkeys(names) if not DEGRADATIONS[name].resizes)


def _check_damages(damages: tuple[str, ...]) -> None:
    usable = {name for name, damage in DEGRADATIONS.items() if not damage.resizes}
    unknown = [name for name in damages if name not in usable]
    if unknown:
        raise MisuseError(f"A damage is one of {', '.join(sorted(usable))}", unknown[0], "Choose from these")


def _as_rgb(sample: Sample) -> FloatImage:
    assert sample.clean is not None
    return np.repeat(sample.clean[..., None], 3, axis=2) if sample.clean.ndim == 2 else sample.clean


def _whole_multiple(image: FloatImage, scale: int) -> FloatImage:
    height, width = (side // scale * scale for side in image.shape[:2])
    return np.ascontiguousarray(image[:height, :width])
