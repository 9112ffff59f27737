"""What the demo may be asked; refuses nonsense at birth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imaging.errors import MisuseError


@dataclass(frozen=True)
class DemoOptions:
    """One guided run.

    Attributes:
        out: folder that receives `index.html`, and beside it `out/` with everything that the run produced.
        steps: training steps of the small network; the default takes about a minute on two cores.
    """

    out: Path = Path("demo")
    steps: int = 500

    def __post_init__(self) -> None:
        object.__setattr__(self, "out", Path(self.out))
        if self.steps < 1:
            raise MisuseError("The demo trains at least one step", self.steps)
