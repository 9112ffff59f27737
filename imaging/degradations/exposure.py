"""Too little and too much light, wrong white, uneven optics: what the camera did before the file was written."""

from __future__ import annotations

import numpy as np

from imaging.degradations.fields import Field, smooth_field
from imaging.degradations.light import Table, display_of, linear_of, through_table, to_display, tone_table
from imaging.degradations.parameters import Parameters, Span, span
from imaging.degradations.randomness import normal
from imaging.degradations.registry import Image, degradation


class Underexposure(Parameters):
    """`stops` of light missing, `toe` of the tone curve, sensor noise, `cast`, and `spill` of lamps left in the dark.

    `noise` is the standard deviation of read noise in linear light after the darkening; `shot` the variance per unit.
    """

    stops_range: Span = span(1.0, 4.5, within=(0.0, 10.0))
    toe_range: Span = span(0.0, 0.6)
    lamps_range: Span = span(0.0, 0.6)
    cast_range: Span = span(-0.25, 0.25, within=(-1.0, 1.0))
    shot_range: Span = span(1e-6, 4e-4, within=(1e-9, 1.0), log=True)
    read_range: Span = span(1e-5, 1.5e-3, within=(0.0, 1.0))


@degradation(
    Underexposure,
    theme="camera",
    ladder={
        "stops": [0.7, 1.5, 2.5, 3.5, 4.5],
        "toe": [0.0, 0.1, 0.2, 0.3, 0.4],
        "lamps": [0.0, 0.1, 0.2, 0.3, 0.3],
        "cast": [0.0, 0.03, 0.06, 0.1, 0.15],
        "shot": [1e-6, 1e-5, 4e-5, 1e-4, 3e-4],
        "read": [1e-5, 5e-5, 2e-4, 4e-4, 8e-4],
    },
    weakest={"stops": 0.0, "toe": 0.0, "lamps": 0.0, "cast": 0.0, "shot": 1e-9, "read": 0.0},
)
def underexposure(
    image: Image,
    *,
    stops: float,
    toe: float,
    lamps: float,
    cast: float,
    shot: float,
    read: float,
    rng: np.random.Generator,
) -> Image:
    """Return the picture taken with too little light: darker in linear light, toned, tinted and noisy.

    Real night pictures are not evenly dark: lamps and windows stay bright. `lamps` spares bright parts by a curve
    (contrast) and smooth regions by a field (near the light), both in linear light before the sensor's noise.

    References: Foi et al. 2008 for the noise; the tone curve's toe is a power in display values.
    """
    linear = through_table(image, _dimmed(stops, lamps))
    if lamps > 0.0:
        linear *= _lit((image.shape[0], image.shape[1]), stops, lamps, rng)[:, :, np.newaxis]
    warm = np.array([2.0**cast, 1.0, 2.0**-cast], np.float32)
    linear *= warm / warm.max()
    _expose(linear, shot, read, rng)
    if toe <= 0.0:
        return to_display(linear)
    return through_table(linear, tone_table(display_of(np.linspace(0, 1, 4096)) ** (1.0 + 0.5 * toe)))


def _dimmed(stops: float, lamps: float) -> Table:
    """Return the table from display values to linear light darkened by `stops`, the brightest parts less."""
    linear = linear_of(np.linspace(0.0, 1.0, 1024))
    spared = lamps * np.clip((linear - 0.2) / 0.8, 0.0, 1.0) ** 1.5
    return tone_table(linear * 2.0 ** (-stops * (1.0 - spared)))


def _lit(shape: tuple[int, int], stops: float, lamps: float, rng: np.random.Generator) -> Field:
    """Return a smooth gain around 1: up to some stops more light near a lamp, less away from it."""
    field = smooth_field(shape, rng, cells=2.0, octaves=2)
    field *= np.float32(0.45 * lamps * min(stops, 4.0))
    np.clip(field, -2.0, stops, out=field)
    return np.exp2(field, out=field)


def _expose(linear: Image, shot: float, read: float, rng: np.random.Generator) -> None:
    """Add shot and read noise to linear light, in place."""
    variance = np.maximum(linear, np.float32(0.0)) * np.float32(shot)
    variance += np.float32(read * read)
    np.sqrt(variance, out=variance)
    variance *= normal(linear.shape, rng)
    linear += variance


class Overexposure(Parameters):
    """`stops` of light too many, and `shoulder`, how softly the highlights saturate."""

    stops_range: Span = span(0.5, 2.5, within=(0.0, 6.0))
    shoulder_range: Span = span(0.0, 0.8)


@degradation(
    Overexposure,
    theme="camera",
    ladder={"stops": [0.4, 0.8, 1.3, 1.9, 2.6], "shoulder": [0.3, 0.3, 0.2, 0.1, 0.0]},
    weakest={"stops": 0.0, "shoulder": 0.0},
)
def overexposure(image: Image, *, stops: float, shoulder: float, rng: np.random.Generator) -> Image:
    """Return the picture taken with too much light: brighter in linear light, highlights clipped for good.

    References: Afifi et al. 2021, "Learning multi-scale photo exposure correction", section 3 (exposure renders).
    """
    linear = linear_of(np.linspace(0.0, 1.0, 2048)) * 2.0**stops
    soft = 1.0 - np.exp(-linear)
    return through_table(image, tone_table(display_of(np.clip((1 - shoulder) * linear + shoulder * soft, 0.0, 1.0))))


class ContrastLoss(Parameters):
    """`strength` 1 leaves no contrast; `pivot` is the gray that stays."""

    strength_range: Span = span(0.15, 0.7)
    pivot_range: Span = span(0.35, 0.65)


@degradation(
    ContrastLoss, theme="camera", ladder={"strength": [0.12, 0.28, 0.45, 0.6, 0.78]}, weakest={"strength": 0.0}
)
def contrast_loss(image: Image, *, strength: float, pivot: float, rng: np.random.Generator) -> Image:
    """Return the picture pulled towards one gray: haze, flare, a flat scan."""
    flat: Image = image * np.float32(1.0 - strength)
    flat += np.float32(strength * pivot)
    return flat


class BrightnessLoss(Parameters):
    """`strength` is the share of every display value that is lost."""

    strength_range: Span = span(0.15, 0.7)


@degradation(
    BrightnessLoss, theme="camera", ladder={"strength": [0.12, 0.28, 0.45, 0.6, 0.78]}, weakest={"strength": 0.0}
)
def brightness_loss(image: Image, *, strength: float, rng: np.random.Generator) -> Image:
    """Return the picture scaled down in display values: a dim scan, an editor's brightness slider."""
    return image * np.float32(1.0 - strength)


class Vignetting(Parameters):
    """`strength` is the share of light lost in the corners; the centre of the optics lies `shift` off the middle."""

    strength_range: Span = span(0.2, 0.85)
    shift_range: Span = span(0.0, 0.15, within=(0.0, 0.5))


@degradation(Vignetting, theme="camera", ladder={"strength": [0.15, 0.35, 0.55, 0.75, 0.9]}, weakest={"strength": 0.0})
def vignetting(image: Image, *, strength: float, shift: float, rng: np.random.Generator) -> Image:
    """Return the picture darkened towards the corners, in linear light by the fourth power of the cosine.

    References: Smith, "Modern Optical Engineering", cosine-fourth law.
    """
    height, width = image.shape[:2]
    turn = rng.uniform(0.0, 2.0 * np.pi)
    centre = width * (0.5 + shift * np.cos(turn)), height * (0.5 + shift * np.sin(turn))
    x = (np.arange(width) + 0.5 - centre[0])[np.newaxis, :]
    y = (np.arange(height) + 0.5 - centre[1])[:, np.newaxis]
    corner = (0.25 * (height**2 + width**2)) ** 0.5
    # tan(field angle) at the corner, so that 1 / (1 + tan^2)^2 there is the light that remains
    tangent = ((1.0 - min(strength, 0.99)) ** -0.5 - 1.0) ** 0.5 / corner
    spread = ((x * tangent) ** 2).astype(np.float32) + ((y * tangent) ** 2).astype(np.float32)
    spread += np.float32(1.0)
    # The display encoding is close to a power of 1/2.2, so light^1 is display^(1/2.2): no round trip is needed.
    return image * (spread ** np.float32(-2.0 / 2.2))[:, :, np.newaxis]


class ColourCast(Parameters):
    """`warmth` in stops between red and blue (positive is warm); `tint` in stops between green and magenta."""

    warmth_range: Span = span(-0.8, 0.8, within=(-3.0, 3.0))
    tint_range: Span = span(-0.25, 0.25, within=(-2.0, 2.0))


@degradation(
    ColourCast,
    theme="camera",
    ladder={"warmth": [0.2, 0.45, 0.75, 1.1, 1.6], "tint": [0.0, 0.05, 0.1, 0.2, 0.3]},
    weakest={"warmth": 0.0, "tint": 0.0},
)
def colour_cast(image: Image, *, warmth: float, tint: float, rng: np.random.Generator) -> Image:
    """Return the picture with the wrong white balance: gains per channel in linear light, luma kept about equal."""
    gains = np.exp2(np.array([warmth / 2 - tint / 2, tint / 2, -warmth / 2 - tint / 2]))
    gains /= float(gains @ np.array([0.2126, 0.7152, 0.0722]))
    linear = linear_of(np.linspace(0.0, 1.0, 2048))
    return through_table(image, tone_table(*(display_of(np.clip(linear * gain, 0.0, 1.0)) for gain in gains)))
