"""What the studio can offer: shipped presets, and the classical methods that need no weights."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np

from imagic_models.baselines import BASELINES, PREFIX
from imagic_models.baselines.baseline import on_bytes
from imagic_models.baselines.repair import scratches
from imaging.pixels import Image, from_float, to_float
from studio.refusals import Refused

Point = tuple[int, int, tuple[int, int, int]]


class Restorer(Protocol):
    """What a stage is made of; `imagic_models.restorer.Restorer` is one.

    Attributes:
        version: digest of what decides its results.
    """

    version: str

    def restore(self, image: Image, *, mask: Image | None = None, points: Sequence[Point] = ()) -> Image:
        """Return the restored picture in the type of the given one."""

    def detect(self, image: Image) -> Image:
        """Return where the picture is damaged, HW float32 in [0, 1]; asked only of offers with `mask`."""


@dataclass(frozen=True)
class Offer:
    """One stage that can be chosen.

    Attributes:
        name: as the command line names it.
        title: as the page names it.
        summary: what it does.
        mask: shows what it takes for damage, and accepts a corrected mask.
        points: accepts known colours.
        scale: how many times larger the result is.
        classical: computed without a network.
    """

    name: str
    title: str
    summary: str
    mask: bool = False
    points: bool = False
    scale: int = 1
    classical: bool = False


_CLASSICAL = {
    "nlm": "Noise",
    "switching-median": "Black and white specks",
    "telea": "Scratches",
    "stretch": "Contrast",
    "gamma": "Brightness",
    "white-balance": "Colour cast",
    "clahe-chain": "Local contrast",
}
CLASSICAL_OFFERS = tuple(
    Offer(PREFIX + name, title, BASELINES[name].summary.rstrip("."), mask=name == "telea", classical=True)
    for name, title in _CLASSICAL.items()
)


def shipped_offers() -> tuple[Offer, ...]:
    """Return the presets whose weights are there, in the order of the table."""
    from imagic_models.presets import PRESETS
    from imagic_models.weights import index

    there = index.entries()
    return tuple(_offer(preset) for name, preset in PRESETS.items() if name in there)


def _offer(preset: Any) -> Offer:
    title = preset.name.replace("-", " ").capitalize()
    repair, colours = preset.task == "repair", preset.task == "colorize"
    return Offer(preset.name, title, preset.summary, mask=repair, points=colours, scale=preset.scale)


class ClassicalRestorer:
    """A classical method behind the restorer's interface.

    Args:
        name: in `imagic_models.baselines.BASELINES`.
    """

    def __init__(self, name: str) -> None:
        self._baseline = BASELINES[name]
        self.version = f"classical-{cv2.__version__}"

    def restore(self, image: Image, *, mask: Image | None = None, points: Sequence[Point] = ()) -> Image:
        """Return the restored picture in the type of the given one."""
        picture = to_float(image)
        restored = self._baseline.restore(picture, {}) if mask is None else _filled(picture, mask)
        return from_float(restored, image.dtype)

    def detect(self, image: Image) -> Image:
        """Return where thin lines stand out, HW float32 of 0 and 1."""
        return scratches(to_float(image)).astype(np.float32)


def _filled(picture: Image, mask: Image) -> Image:
    """Return the picture with the marked pixels taken from around them (Telea 2004)."""
    marked = (to_float(mask) > 0.5).astype(np.uint8)
    return on_bytes(lambda pixels: cv2.inpaint(pixels, marked, 3, cv2.INPAINT_TELEA), picture)


class Catalogue:
    """The offers, and their restorers: each loaded once, when it is first asked for.

    Args:
        load: name -> restorer, for every offer that is not classical.
        offers: the presets to offer; the classical methods are always there.
    """

    def __init__(self, load: Callable[[str], Restorer], offers: Sequence[Offer]) -> None:
        self._load = load
        self.offers = (*offers, *CLASSICAL_OFFERS)
        self._by_name = {offer.name: offer for offer in self.offers}
        self._loaded: dict[str, Restorer] = {}
        self._lock = threading.Lock()

    def find(self, name: str) -> Offer:
        """Return an offer; Refused lists the known ones."""
        if name not in self._by_name:
            raise Refused("misuse", name, f"A stage is one of {', '.join(self._by_name)}", "See GET /api/stages")
        return self._by_name[name]

    def offers_network(self, name: str) -> bool:
        """Whether a preset of this name is offered."""
        return name in self._by_name and not self._by_name[name].classical

    def restorer(self, name: str) -> Restorer:
        """Return the restorer of an offer."""
        offer = self.find(name)
        with self._lock:
            if name not in self._loaded:
                classical = offer.classical
                self._loaded[name] = ClassicalRestorer(name.removeprefix(PREFIX)) if classical else self._load(name)
            return self._loaded[name]
