"""Too little and too much light, wrong white, uneven optics: what the camera did before the file was written."""

from __future__ import annotations

import numpy as np

from imaging.degradations.fields import smooth_field
from imaging.degradations.light import display_of, linear_of, through_table, to_display, to_linear, tone_table
from imaging.degradations.parameters import Parameters, Span, span
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


def _dimmed(stops: float, lamps: float) -> Image:
    """Return the table from display values to linear light darkened by `stops`, the brightest parts less."""
    linear = linear_of(np.linspace(0.0, 1.0, 1024))
    spared = lamps * np.clip((linear - 0.5) / 0.5, 0.0, 1.0) ** 2
    return tone_table(linear * 2.0 ** (-stops * (1.0 - spared)))


def _lit(shape: tuple[int, int], stops: float, lamps: float, rng: np.random.Generator) -> Image:
    """Return a smooth gain around 1: up to some stops more light near a lamp, less away from it."""
    field = smooth_field(shape, rng, cells=2.0, octaves=2)
    field *= np.float32(0.7 * lamps * min(stops, 3.0) * 0.5)
    np.clip(field, -2.0, 2.0, out=field)
    return np.exp2(field, out=field)


def _expose(linear: Image, shot: float, read: float, rng: np.random.Generator) -> None:
    """Add shot and read noise to linear light, in place."""
    variance = np.maximum(linear, np.float32(0.0)) * np.float32(shot)
    variance += np.float32(read * read)
    np.sqrt(variance, out=variance)
    variance *= rng.standard_normal(linear.shape, dtype=np.float32)
    linear += variance
