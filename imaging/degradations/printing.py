"""What a printing press and its scan do: dots, and dots that beat against pixels."""

from __future__ import annotations

import math

import numpy as np

from imaging.degradations.fields import Field, diagonal
from imaging.degradations.parameters import Parameters, Span, chance, span
from imaging.degradations.registry import Image, degradation

_ANGLES = (15.0, 75.0, 0.0)
"""Degrees of the cyan, magenta and yellow screens, as presses set them to avoid moire between inks."""


def wave(shape: tuple[int, int], pitch: float, angle: float, phase: float = 0.0) -> Field:
    """Return cos(2 pi t / pitch + phase), where t runs along `angle` degrees: two outer products, no cosine a pixel."""
    turn, rate = math.radians(angle), 2.0 * math.pi / pitch
    x = np.arange(shape[1]) * (rate * math.cos(turn)) + phase
    y = np.arange(shape[0]) * (rate * math.sin(turn))
    cosine: Field = np.outer(np.cos(y).astype(np.float32), np.cos(x).astype(np.float32))
    cosine -= np.outer(np.sin(y).astype(np.float32), np.sin(x).astype(np.float32))
    return cosine


class Halftone(Parameters):
    """`pitch` between dots in thousandths of the diagonal, `strength` of the dots, `colour` screens or one black."""

    pitch_range: Span = span(3.0, 8.0, within=(0.5, 50.0))
    strength_range: Span = span(0.3, 0.9)
    angle_range: Span = span(0.0, 90.0, within=(0.0, 90.0))
    colour_probability: float = chance(0.7)


@degradation(
    Halftone,
    theme="codec",
    ladder={"pitch": [3.5, 4.0, 5.0, 6.0, 8.0], "strength": [0.25, 0.4, 0.6, 0.8, 0.95]},
    weakest={"strength": 0.0},
)
def halftone(
    image: Image, *, pitch: float, strength: float, angle: float, colour: bool, rng: np.random.Generator
) -> Image:
    """Return the picture printed in dots: each ink is thresholded against a screen at its own angle.

    References: Lau and Arce, "Modern Digital Halftoning", chapter 2 (clustered-dot screens).
    """
    pixels = max(2.2, pitch * diagonal(image) / 1000.0)
    shape = (image.shape[0], image.shape[1])
    edge = np.float32(pixels / 2.2)  # contrast of the dot's rim: about a pixel wide
    degraded = np.empty_like(image)
    phases = rng.uniform(0.0, 2.0 * math.pi, 6)
    screen: Field | None = None
    for channel, extra in enumerate(_ANGLES):
        if colour or screen is None:
            tilt = angle + (extra if colour else 45.0)
            screen = wave(shape, pixels, tilt, phases[channel])
            screen += wave(shape, pixels, tilt + 90.0, phases[channel + 3])
            screen *= np.float32(0.25)
        dots = image[:, :, channel] - np.float32(0.5)
        dots += screen
        dots *= edge
        dots += np.float32(0.5)
        np.clip(dots, 0.03, 0.97, out=dots)
        dots *= np.float32(strength)
        dots += image[:, :, channel] * np.float32(1.0 - strength)
        degraded[:, :, channel] = dots
    return degraded


class Moire(Parameters):
    """`period` of the beat in thousandths of the diagonal and its `strength`."""

    period_range: Span = span(8.0, 60.0, within=(2.0, 500.0))
    strength_range: Span = span(0.03, 0.15)
    angle_range: Span = span(0.0, 180.0, within=(0.0, 180.0))


@degradation(Moire, theme="codec", ladder={"strength": [0.02, 0.04, 0.07, 0.11, 0.16]}, weakest={"strength": 0.0})
def moire(image: Image, *, period: float, strength: float, angle: float, rng: np.random.Generator) -> Image:
    """Return the picture with the coloured beat between a halftone screen and the scanner's pixels.

    References: Amidror, "The Theory of the Moire Phenomenon", chapter 2.
    """
    pixels = max(3.0, period * diagonal(image) / 1000.0)
    shape = (image.shape[0], image.shape[1])
    degraded = image.copy()
    midtone = image * (np.float32(1.0) - image)
    for channel in range(3):
        tilt, phase = angle + float(rng.uniform(-12.0, 12.0)), float(rng.uniform(0.0, 2.0 * math.pi))
        beat = wave(shape, pixels * float(rng.uniform(0.85, 1.2)), tilt, phase)
        beat += wave(shape, pixels * float(rng.uniform(0.85, 1.2)), tilt + 90.0, phase)
        beat *= np.float32(2.0 * strength)
        degraded[:, :, channel] += beat * midtone[:, :, channel]
    return np.clip(degraded, 0.0, 1.0, out=degraded)
