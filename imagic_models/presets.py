"""The table of presets: what each restores, with which network, trained against what.

A preset's name is the name of the recipe that makes its kind of damage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagic_models.mixtures import Ingredient
from imaging.errors import MisuseError


@dataclass(frozen=True)
class Preset:
    """One row of the table.

    Attributes:
        name: preset and recipe name.
        summary: what it does, as a clause.
        architecture: name in `imagic_models.architectures`.
        network: keyword arguments of the architecture.
        task: name in `imagic_models.tasks.TASKS`: what goes into the network and what comes out.
        scale: how many times larger the output is.
        mixture: what it is trained against.
        crop: side of a training crop in pixels of the clean picture.
        canvas: side of the piece that is degraded before crops are cut from it; 0 for the crop itself.
        cuts: crops cut from one canvas.
        loss: name in `imagic_models.losses.LOSSES`.
    """

    name: str
    summary: str
    architecture: str = "unet"
    network: Mapping[str, Any] = field(default_factory=dict)
    task: str = "restore"
    scale: int = 1
    mixture: tuple[Ingredient, ...] = ()
    crop: int = 64
    canvas: int = 0
    cuts: int = 1
    loss: str = "charbonnier"


_BLIND_NOISE = (
    Ingredient("gaussian_noise", 0.60, clip=False, parameters={"gray_probability": 0.0}),
    Ingredient("salt_and_pepper", 0.15),
    Ingredient("gaussian_noise", 0.08),
    Ingredient("poisson_gaussian", 0.08),
    Ingredient("speckle", 0.05),
    Ingredient("film_grain", 0.04),
)


def _recipe(name: str) -> tuple[Ingredient, ...]:
    return (Ingredient(name),)


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("denoise", "removes noise of unknown kind and strength", mixture=_BLIND_NOISE),
        Preset("deblur", "sharpens out-of-focus and shaken pictures", mixture=_recipe("deblur")),
        Preset("jpeg", "removes the blocks and rings of strong compression", mixture=_recipe("jpeg")),
        Preset(
            "super-resolution-x2",
            "enlarges two times",
            architecture="subpixel",
            network={"scale": 2},
            scale=2,
            mixture=_recipe("super-resolution-x2"),
            crop=96,
        ),
        Preset(
            "super-resolution-x4",
            "enlarges four times",
            architecture="subpixel",
            network={"scale": 4},
            scale=4,
            mixture=_recipe("super-resolution-x4"),
            crop=192,
        ),
        Preset("low-light", "brightens dark pictures", mixture=_recipe("low-light")),
        Preset("exposure", "corrects over- and underexposure", mixture=_recipe("exposure")),
        Preset("low-photon", "restores pictures taken with very little light", mixture=_recipe("low-photon")),
        Preset(
            "art-restoration",
            "repairs paintings: blur, noise, scratches, stains and fading",
            task="repair",
            mixture=_recipe("art-restoration"),
            canvas=384,
            cuts=4,
        ),
        Preset(
            "old-photo",
            "repairs old photographs: fading, grain, scratches and folds",
            task="repair",
            mixture=_recipe("old-photo"),
            canvas=384,
            cuts=4,
        ),
        Preset(
            "colorize",
            "adds colour to lightness, guided by points",
            task="colorize",
            mixture=_recipe("colorize"),
            crop=128,
        ),
    )
}


def get_preset(name: str) -> Preset:
    """Returns the preset; MisuseError lists the known names."""
    if name not in PRESETS:
        raise MisuseError(f"A preset is one of {', '.join(PRESETS)}", name, "See `models list`")
    return PRESETS[name]
