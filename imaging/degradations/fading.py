"""What light, air and time do to dyes, silver, paper and varnish."""

from __future__ import annotations

import math

import numpy as np

from imaging.degradations.fields import Field, smooth_field
from imaging.degradations.light import Curve, display_of, linear_of, luminance, through_table, tone_table
from imaging.degradations.parameters import Parameters, Span, choices, span
from imaging.degradations.registry import Image, degradation

_DARKEST = 0.01
"""Linear reflectance of a print's black: density 2."""

_DYES = {"cyan": (1.0, 0.35, 0.25), "magenta": (0.3, 1.0, 0.35), "yellow": (0.2, 0.3, 1.0), "all": (0.8, 0.8, 0.8)}
"""How fast red-, green- and blue-absorbing dyes fade, by the dye that goes first."""


def _density_curve(keep: float, stain: float) -> Curve:
    """Return the curve of display value against display value when density shrinks to `keep` and rises by `stain`.

    Density D = -log10(reflectance), so scaling it is a power of the reflectance. Black turns gray, white stays
    white but for the stain.
    """
    linear = linear_of(np.linspace(0.0, 1.0, 1024))
    reflectance = (linear + _DARKEST) / (1.0 + _DARKEST)
    faded = reflectance**keep - (reflectance - linear)
    return display_of(np.clip(faded, 0.0, 1.0) * 10.0**-stain)


class Fading(Parameters):
    """`strength` overall; `dye` that fades first: cyan (the print turns red), magenta (green), yellow (blue) or all."""

    strength_range: Span = span(0.15, 0.7)
    stain_range: Span = span(0.0, 0.12, within=(0.0, 1.0))
    dye_choices: tuple[str, ...] = choices("cyan", "magenta", "yellow", "all")


@degradation(
    Fading,
    theme="tone",
    ladder={"strength": [0.12, 0.28, 0.45, 0.62, 0.8], "stain": [0.0, 0.02, 0.04, 0.07, 0.1]},
    weakest={"strength": 0.0, "stain": 0.0},
)
def fading(image: Image, *, strength: float, stain: float, dye: str, rng: np.random.Generator) -> Image:
    """Return the picture with its dyes faded, each at its own rate, and the paper stained yellow.

    References: Wilhelm and Brower 1993, "The Permanence and Care of Color Photographs", chapter 5.
    """
    rates = _DYES[dye]
    stains = (0.15 * stain, 0.4 * stain, stain)
    curves = [_density_curve(1 - strength * rate, s) for rate, s in zip(rates, stains, strict=True)]
    return through_table(image, tone_table(*curves))


class UnevenFading(Parameters):
    """`strength` where the light struck; `direction` in degrees it came from; `patchiness` of the border."""

    strength_range: Span = span(0.2, 0.75)
    direction_range: Span = span(0.0, 360.0, within=(0.0, 360.0))
    patchiness_range: Span = span(0.1, 0.8)
    dye_choices: tuple[str, ...] = choices("cyan", "magenta", "yellow", "all")


@degradation(
    UnevenFading,
    theme="tone",
    ladder={"strength": [0.15, 0.3, 0.48, 0.65, 0.8]},
    weakest={"strength": 0.0},
)
def uneven_fading(
    image: Image, *, strength: float, direction: float, patchiness: float, dye: str, rng: np.random.Generator
) -> Image:
    """Return the picture faded where light fell on it for years: one side, a corner, or around what covered it."""
    faded = fading(image, strength=strength, stain=0.03 * strength, dye=dye, rng=rng)
    exposed = exposure_field((image.shape[0], image.shape[1]), direction, patchiness, rng)
    faded -= image
    faded *= exposed[:, :, np.newaxis]
    faded += image
    return np.clip(faded, 0.0, 1.0, out=faded)


def exposure_field(shape: tuple[int, int], direction: float, patchiness: float, rng: np.random.Generator) -> Field:
    """Return in [0, 1] how much light fell on each pixel: a ramp across the picture, disturbed by patches."""
    height, width = shape
    turn = math.radians(direction)
    x = (np.arange(width, dtype=np.float32) / width - np.float32(0.5)) * np.float32(math.cos(turn))
    y = (np.arange(height, dtype=np.float32) / height - np.float32(0.5)) * np.float32(math.sin(turn))
    field = smooth_field(shape, rng, cells=3, octaves=3)
    field *= np.float32(0.3 * patchiness)
    field += x[np.newaxis, :]
    field += y[:, np.newaxis]
    field += np.float32(0.5)
    return np.clip(field, 0.0, 1.0, out=field)


class Yellowing(Parameters):
    """`strength` of the paper's stain, and how `patchy` it is."""

    strength_range: Span = span(0.1, 0.8)
    patchiness_range: Span = span(0.0, 0.6)


@degradation(
    Yellowing,
    theme="tone",
    ladder={"strength": [0.12, 0.28, 0.45, 0.65, 0.9]},
    weakest={"strength": 0.0},
)
def yellowing(image: Image, *, strength: float, patchiness: float, rng: np.random.Generator) -> Image:
    """Return the picture on paper that turned yellow: light areas suffer most, since shadows are dark anyway."""
    field = smooth_field((image.shape[0], image.shape[1]), rng, cells=2.5, octaves=3)
    field *= np.float32(-0.35 * patchiness * strength)
    field += np.float32(strength)
    degraded = image.copy()
    for channel, absorbed in enumerate((0.06, 0.14, 0.42)):
        degraded[:, :, channel] *= np.float32(1.0) - np.clip(field, 0.0, 1.0) * np.float32(absorbed)
    return degraded


class Sepia(Parameters):
    """`strength` of the toning and `warmth` from neutral brown (0) to orange (1)."""

    strength_range: Span = span(0.4, 1.0)
    warmth_range: Span = span(0.0, 1.0)


@degradation(Sepia, theme="tone", ladder={"strength": [0.15, 0.35, 0.55, 0.8, 1.0]}, weakest={"strength": 0.0})
def sepia(image: Image, *, strength: float, warmth: float, rng: np.random.Generator) -> Image:
    """Return the picture as a toned silver print: its luma through a warm curve per channel."""
    degraded: Image = image * np.float32(1.0 - strength)
    value = np.linspace(0.0, 1.0, 256)
    # A power keeps black and white; the midtones carry the tone, as silver sulphide does.
    pulls = (-0.10 - 0.12 * warmth, 0.04 + 0.03 * warmth, 0.22 + 0.3 * warmth)
    curves = [value ** (2.0**pull) * (1.0 - max(0.0, pull) * 0.25) * strength for pull in pulls]
    degraded += through_table(luminance(image), tone_table(*curves))
    return np.clip(degraded, 0.0, 1.0, out=degraded)


class VarnishYellowing(Parameters):
    """`density` of the aged varnish, its `haze`, and how unevenly it was brushed on."""

    density_range: Span = span(0.15, 0.9)
    haze_range: Span = span(0.0, 0.15)
    unevenness_range: Span = span(0.1, 0.6)


@degradation(
    VarnishYellowing,
    theme="tone",
    ladder={"density": [0.12, 0.3, 0.5, 0.75, 1.0], "haze": [0.0, 0.02, 0.05, 0.08, 0.12]},
    weakest={"density": 0.0, "haze": 0.0},
)
def varnish_yellowing(
    image: Image, *, density: float, haze: float, unevenness: float, rng: np.random.Generator
) -> Image:
    """Return the painting under old varnish: blue is absorbed first, contrast sinks, darks turn brown and milky.

    References: Berns and de la Rie 2003, "Exploring the optical properties of picture varnishes".
    """
    shape = (image.shape[0], image.shape[1])
    layer = smooth_field(shape, rng, cells=4, octaves=4)
    layer *= np.float32(0.3 * unevenness * density)
    layer += np.float32(density)
    np.clip(layer, 0.0, 1.5, out=layer)
    degraded = np.empty_like(image)
    for channel, (absorbed, glow) in enumerate(((0.16, 0.34), (0.36, 0.26), (0.85, 0.12))):
        passed = np.exp(layer * np.float32(-absorbed))
        degraded[:, :, channel] = image[:, :, channel] * passed * np.float32(1 - haze) + np.float32(haze * glow)
    return np.clip(degraded, 0.0, 1.0, out=degraded)
