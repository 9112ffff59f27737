"""What is wrong with a picture, in numbers, and which presets it therefore needs: none, most of the time.

Every number is measured so that an undamaged photograph stays well below its limit; the limits stand in `LIMITS` with
what they were set on. In doubt nothing is done. Measuring looks at nine windows of a large picture, so it costs the
same for 2 and for 100 megapixels.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import cv2
import numpy as np

from imaging.pixels import FloatImage, Image, to_float

Detect = Callable[[Image], Image]
Measured = dict[str, float]
Choice = tuple[str, float]

_WINDOW = 448
_WHOLE = 1400  # pictures up to this side are measured whole
_TONES = 512  # side of the copy that tones are measured on
_BLOCK = 16

# Set on 42 clean photographs (Kodak 24, McMaster 18) and on the same ones damaged; benchmarks/enhance.py prints the
# table of how often each damage is found and how often a clean picture is touched.
LIMITS: Measured = {
    "noise": 5.5,
    "impulses": 0.008,
    "blockiness": 1.75,
    "blur": 1.4,
    "motion": 2.0,
    "dark_white": 150.0,
    "dark_black": 40.0,
    "dark_median": 24.0,
    "dark_mean": 42.0,
    "clipped": 0.22,
    "clipped_colour": 0.02,
    "background": 0.45,
    "background_colour": 0.35,
    "background_black": 20.0,
    "contrast": 60.0,
    "damage": 0.01,
}


def diagnose(image: Image, detect: Detect | None = None) -> Measured:
    """Measure one picture.

    Args:
        image: (H, W) or (H, W, C >= 3), uint8 or uint16; of more than three channels the first three are looked at.
        detect: returns for a picture the probability (h, w) that each pixel is damaged, as `Restorer.detect` of the
            presets for old prints and paintings does. Without it, scratches are not looked for: lines that a person
            drew or built look the same to any rule simple enough to state here.

    Returns:
        noise: standard deviation of the noise in gray levels (0 to 255), from the calmest blocks.
        impulses: share of pixels that are black or white alone.
        blockiness: how many gray levels more an edge of the 8 x 8 grid of JPEG steps than other places do.
        blur: width of the sharpest edges, as the standard deviation in pixels of a Gaussian.
        motion: the same in the direction where it is worst.
        black, median, white: 1st, 50th and 99th percentile of the luminance; mean: its mean.
        contrast: white - black.
        clipped: share of pixels with a channel at full scale; clipped_colour: of those, where another is not.
        cast: distance of the average colour from gray in the Lab plane.
        damage: share of pixels that `detect` calls damaged; 0 without it.
    """
    picture = image[:, :, :3] if image.ndim == 3 else image
    windows = [to_float(window) * np.float32(255) for window in _windows(picture)]
    edges = [widths for window in windows if (widths := edge_widths(_luminance(window)))]
    sharpest = min(edges, default=(0.0, 0.0))
    return {
        "noise": _rounded(np.median([noise_sigma(_sharp_channel(window)) for window in windows])),
        "impulses": _rounded(np.median([impulse_share(_sharp_channel(window)) for window in windows])),
        "blockiness": _rounded(np.median([blockiness(_luminance(window)) for window in windows])),
        "blur": _rounded(sharpest[0]),
        "motion": _rounded(sharpest[1]),
        **_tones(picture),
        "damage": _rounded(_damage(picture, detect)),
    }


def decide(measured: Measured) -> tuple[Choice, ...]:
    """Choose what a picture needs, as (preset, strength) in the order of application; empty for a good picture.

    Examples:
        >>> decide(dict.fromkeys(LIMITS, 0.0) | {"black": 5.0, "white": 230.0, "median": 110.0, "mean": 112.0})
        ()
    """
    for findings in _DECISIONS:
        chosen = tuple((preset, 1.0) for preset, needed in findings if needed(measured))
        if chosen:
            return chosen
    return ()


def _over(name: str) -> Callable[[Measured], bool]:
    return lambda measured: measured.get(name, 0.0) > LIMITS[name]


def _is_noisy(measured: Measured) -> bool:
    return _over("noise")(measured) or _over("impulses")(measured)


def _is_dark(measured: Measured) -> bool:
    dim = measured["white"] < LIMITS["dark_white"] and measured["black"] < LIMITS["dark_black"]
    return dim or (measured["median"] < LIMITS["dark_median"] and measured["mean"] < LIMITS["dark_mean"])


def _is_badly_exposed(measured: Measured) -> bool:
    burnt = _over("clipped")(measured) and _over("clipped_colour")(measured)
    # A subject before white: much is at full scale, mostly in all channels alike, and black has stayed black.
    neutral = measured["clipped_colour"] < LIMITS["background_colour"] * measured["clipped"]
    deep = measured["black"] < LIMITS["background_black"]
    before_white = neutral and deep and measured["clipped"] > LIMITS["background"]
    return (burnt and not before_white) or 0 < measured.get("contrast", 0.0) < LIMITS["contrast"]


def _is_blurred(measured: Measured) -> bool:
    return _over("blur")(measured) or _over("motion")(measured)


# The first line in which anything is found decides, and all that is found in it is applied. A model for old prints or
# for the dark has learnt to remove noise as well; noise reaches full scale where the picture does not; and blocks and
# noise hide how wide edges are.
_DECISIONS: tuple[tuple[tuple[str, Callable[[Measured], bool]], ...], ...] = (
    (("old-photo", _over("damage")),),
    (("low-light", _is_dark),),
    (("jpeg", _over("blockiness")), ("denoise", _is_noisy)),
    (("exposure", _is_badly_exposed),),
    (("deblur", _is_blurred),),
)
STAGES: tuple[str, ...] = tuple(preset for findings in _DECISIONS for preset, _ in findings)


def noise_sigma(channel: FloatImage) -> float:
    """Estimate the standard deviation of white noise, in the units of the channel.

    The second difference in both directions cancels ramps (Immerkaer, "Fast noise variance estimation", 1996, eq. 3);
    of the robust deviations in 16 x 16 blocks the 15th percentile is taken, where there is little texture. Blocks that
    are nearly black or white are left out while others exist: noise is clipped there.
    """
    response = np.asarray(cv2.filter2D(channel, -1, _SECOND_DIFFERENCE), np.float32)
    values, means = _blocks(response), _blocks(channel).mean(axis=1)
    if not len(values):
        return 0.0
    lit = (means > 12) & (means < 243)
    deviations = np.median(np.abs(values[lit] if lit.sum() >= 8 else values), axis=1) / 0.6745
    return float(np.percentile(deviations, 15))


_SECOND_DIFFERENCE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6


def _blocks(channel: FloatImage) -> FloatImage:
    """Return the full blocks of a channel as (count, pixels)."""
    rows, columns = (side // _BLOCK for side in channel.shape)
    cut = channel[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return cut.swapaxes(1, 2).reshape(rows * columns, _BLOCK * _BLOCK)


def impulse_share(channel: FloatImage) -> float:
    """Return the share of pixels at either end of the range that differ by over 60 from their 3 x 3 median."""
    levels = np.clip(channel, 0, 255).astype(np.uint8)
    alone = cv2.absdiff(levels, cv2.medianBlur(levels, 3)) > 60
    return float((alone & ((levels <= 12) | (levels >= 243))).mean())


def blockiness(luminance: FloatImage) -> float:
    """Return how much higher the steps are on an 8 x 8 grid than off it, in gray levels, wherever the grid begins.

    A step counts by what it exceeds its two neighbours; of the two directions the smaller value is taken, because
    pictures of buildings have grids of their own, but rarely of eight pixels in both.
    """
    if min(luminance.shape) < 32:
        return 0.0
    return min(_grid_step(np.abs(np.diff(channel, axis=0))) for channel in (luminance, luminance.T))


def _grid_step(steps: FloatImage) -> float:
    beyond = steps[1:-1] - (steps[:-2] + steps[2:]) / 2
    phases = np.array([beyond[phase::8].mean() for phase in range(8)])
    return float(phases.max() - np.median(np.delete(phases, phases.argmax())))


def edge_widths(luminance: FloatImage) -> tuple[float, float] | None:
    """Measure how wide the edges are, as standard deviations in pixels; None where there are too few.

    Blurring an edge of width b further by s makes its gradient fall as 1 / sqrt(b^2 + s^2), so the ratio of gradients
    after two known blurs gives b (Zhuo and Sim, "Defocus map estimation from a single image", 2011, eq. 4-6). Taken at
    the steepest tenth of the picture; of the widths there the 25th percentile: the sharp ones.

    Returns:
        Over all edges, and over those of the one direction (of six) in which it is largest, as shake makes it.
    """
    near, far = 1.0, 2.0
    fine, coarse = _gradient(luminance, near), _gradient(luminance, far)
    strength = np.hypot(*coarse)
    steep = (strength >= np.percentile(strength, 90)) & (strength > 3)
    if steep.sum() < 50:
        return None
    ratio = np.clip(np.hypot(*fine)[steep] / strength[steep], 1.0001, far)
    widths = np.sqrt(np.clip((far**2 - ratio**2 * near**2) / (ratio**2 - 1), 0, 100))
    sector = (np.arctan2(coarse[1][steep], coarse[0][steep]) % np.pi / np.pi * 6).astype(int) % 6
    enough = max(50, 0.03 * steep.sum())
    by_direction = [np.percentile(widths[sector == i], 25) for i in range(6) if (sector == i).sum() > enough]
    overall = float(np.percentile(widths, 25))
    return overall, float(max(by_direction, default=overall))


def _gradient(luminance: FloatImage, sigma: float) -> tuple[FloatImage, FloatImage]:
    soft = cv2.GaussianBlur(luminance, (0, 0), sigma)
    across, down = (cv2.Sobel(soft, -1, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def _tones(picture: Image) -> Measured:
    """Measure tones on a reduced copy, in gray levels."""
    step = max(1, min(picture.shape[:2]) // _TONES)
    levels = to_float(picture[::step, ::step]) * np.float32(255)
    luminance = _luminance(levels)
    black, median, white = np.percentile(luminance, (1, 50, 99))
    full = levels >= 250
    clipped = full if levels.ndim == 2 else full.any(axis=2)
    colour = 0.0 if levels.ndim == 2 else float((clipped & (levels.min(axis=2) < 225)).mean())
    return {
        "black": _rounded(black),
        "median": _rounded(median),
        "white": _rounded(white),
        "mean": _rounded(luminance.mean()),
        "contrast": _rounded(white - black),
        "clipped": _rounded(clipped.mean()),
        "clipped_colour": _rounded(colour),
        "cast": _rounded(0.0 if levels.ndim == 2 else _cast(levels)),
    }


def _cast(levels: FloatImage) -> float:
    lab = cv2.cvtColor(levels / np.float32(255), cv2.COLOR_RGB2LAB)
    return float(np.hypot(lab[:, :, 1].mean(), lab[:, :, 2].mean()))


def _damage(picture: Image, detect: Detect | None) -> float:
    """Return the share of damaged pixels, looked for on a copy of at most 1024 pixels a side."""
    if detect is None:
        return 0.0
    factor = min(1.0, 1024 / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else picture
    return float((np.asarray(detect(small)) > 0.5).mean())


def _windows(picture: Image) -> list[Image]:
    """Return the whole of a small picture, nine windows of a large one."""
    height, width = picture.shape[:2]
    if max(height, width) <= _WHOLE:
        return [picture]
    tops, lefts = (np.linspace(0, max(0, side - _WINDOW), 3).astype(int) for side in (height, width))
    return [picture[top : top + _WINDOW, left : left + _WINDOW] for top, left in product(tops, lefts)]


def _luminance(levels: FloatImage) -> FloatImage:
    if levels.ndim == 2:
        return levels
    return np.asarray(cv2.transform(levels, np.array([[0.299, 0.587, 0.114]], np.float32)), np.float32)


def _sharp_channel(levels: FloatImage) -> FloatImage:
    """Return green, which sensors sample most densely, or gray itself."""
    return levels if levels.ndim == 2 else np.ascontiguousarray(levels[:, :, 1])


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)
