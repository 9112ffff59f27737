"""What goes into a network and what comes out, for each kind of restoration.

A task packs one degraded/clean pair of training crops into arrays of the network's inputs and targets. What a person
may know about the picture travels in a second input, the hint: half of the training crops come with a hint, half
without, so that the same network works alone and under guidance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from imagic_models.colour import split_lab

Arrays = tuple[np.ndarray, ...]

HINT_PROBABILITY = 0.5
MOST_COLOUR_POINTS = 12
LARGEST_POINT = 4  # radius in pixels of a colour hint


class Pack(Protocol):
    """Turns one pair of crops into (inputs, targets), each a tuple of HWC float32 arrays."""

    def __call__(
        self, clean: np.ndarray, degraded: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator
    ) -> tuple[Arrays, Arrays]:
        """Returns (inputs, targets)."""


@dataclass(frozen=True)
class Task:
    """One kind of restoration.

    Attributes:
        pack: see `Pack`.
        network: keyword arguments of the architecture that the task demands.
    """

    pack: Pack
    network: Mapping[str, Any] = field(default_factory=dict)


def pack_restoration(
    clean: np.ndarray, degraded: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator
) -> tuple[Arrays, Arrays]:
    """Returns the degraded picture and the clean one."""
    return (degraded,), (clean,)


def pack_repair(
    clean: np.ndarray, degraded: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator
) -> tuple[Arrays, Arrays]:
    """Returns (degraded, mask hint) and (clean, mask); without a mask the crop counts as undamaged."""
    damage = np.zeros(clean.shape[:2], np.float32) if mask is None else mask
    hint = mask_hint(damage if rng.random() < HINT_PROBABILITY else None, clean.shape[:2])
    return (degraded, hint), (clean, damage[..., None])


def pack_colours(
    clean: np.ndarray, degraded: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator
) -> tuple[Arrays, Arrays]:
    """Returns (lightness of the degraded picture, colour hint) and the clean picture's colours."""
    lightness, _ = split_lab(degraded)
    _, colour = split_lab(clean)
    return (lightness, _colour_points(colour, rng)), (colour,)


def mask_hint(mask: np.ndarray | None, size: tuple[int, int]) -> np.ndarray:
    """Returns HW2 float32: the damage mask and whether it is known; zeros where nobody has said anything."""
    if mask is None:
        return np.zeros((*size, 2), np.float32)
    return np.stack([mask.astype(np.float32), np.ones(size, np.float32)], axis=-1)


def _colour_points(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns HW3 float32: (a, b, known) with a few square points of the true colour, or zeros."""
    hint = np.zeros((*colour.shape[:2], 3), np.float32)
    if rng.random() >= HINT_PROBABILITY:
        return hint
    for _ in range(int(rng.integers(1, MOST_COLOUR_POINTS + 1))):
        row, column = (int(rng.integers(length)) for length in colour.shape[:2])
        put_point(hint, row, column, int(rng.integers(1, LARGEST_POINT + 1)), None, colour)
    return hint


def put_point(
    hint: np.ndarray, row: int, column: int, radius: int, value: np.ndarray | None, colour: np.ndarray | None = None
) -> None:
    """Marks a square point of a colour hint in place; its value is given or is the mean of `colour` under it."""
    place = (slice(max(0, row - radius), row + radius + 1), slice(max(0, column - radius), column + radius + 1))
    if value is None and colour is not None:
        value = colour[place].mean(axis=(0, 1))
    hint[place] = (*(value if value is not None else (0.0, 0.0)), 1.0)


TASKS: dict[str, Task] = {
    "restore": Task(pack_restoration),
    "repair": Task(pack_repair, {"hint_channels": 2, "mask_head": True}),
    "colorize": Task(pack_colours, {"input_channels": 1, "hint_channels": 3, "output_channels": 2, "residual": False}),
}
"""Super-resolution is `restore` with a network that enlarges."""
