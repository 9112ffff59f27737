"""A restorer together with what a person knows about one picture, and with an eye on its progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from imagic_models.chain import sized
from imaging.pixels import Image
from studio.catalogue import Point, Restorer

Report = Callable[[float, str], None]


@dataclass
class Progress:
    """Counts the stages of all pages, and tells each before it begins.

    Attributes:
        report: told the share done and what begins; may raise to stop the work.
        total: stages of all pages together.
    """

    report: Report
    total: int
    begun: int = field(default=0, init=False)

    def begin(self, note: str) -> None:
        """Tell that the next stage begins."""
        self.report(min(self.begun / max(self.total, 1), 1.0), note)
        self.begun += 1


@dataclass(frozen=True)
class Guided:
    """A restorer that knows one picture's mask and colours.

    Attributes:
        name: for progress.
        restorer: does the work.
        progress: is told before it begins.
        mask: HW, what is damaged; None lets the restorer judge.
        points: known colours.
    """

    name: str
    restorer: Restorer
    progress: Progress
    mask: Image | None = None
    points: Sequence[Point] = ()

    @property
    def version(self) -> str:
        """The restorer's."""
        return self.restorer.version

    def restore(self, image: Image) -> Image:
        """Return the restored picture."""
        self.progress.begin(self.name)
        mask = None if self.mask is None else sized(self.mask, image)
        return self.restorer.restore(image, mask=mask, points=self.points)
