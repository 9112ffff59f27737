"""Whoever answers a protocol's questions: a shipped preset, a run folder, a `.keras` file or a classical baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imagic_models.baselines import BASELINES, PREFIX
from imagic_models.protocols.protocol import Case, Level
from imaging.errors import MisuseError
from imaging.pixels import FloatImage


@dataclass(frozen=True)
class Contender:
    """One column of the comparison.

    Attributes:
        name: as the user gave it.
        answer: a case's degraded picture in, the restored one out, float32 of the same kind.
        engine: what computes it: "keras", "openvino", "classical".
        version: digest of the weights, empty for baselines.
        scale: how many times larger the answer is; 0 for whatever the level asks.
        needs: keys of `Level.known` without which it cannot answer.
        as_is: measured unclipped and unrounded.
        preset: the preset of a model, empty for baselines.
    """

    name: str
    answer: Callable[[Case], FloatImage]
    engine: str = "classical"
    version: str = ""
    scale: int = 1
    needs: tuple[str, ...] = ()
    as_is: bool = False
    preset: str = ""

    def takes(self, level: Level) -> bool:
        """Whether a level asks for what this contender does."""
        asked = int(level.known.get("scale", 1))
        return all(key in level.known for key in self.needs) and self.scale in (0, asked)


def find_contender(name: str, engine: str = "auto") -> Contender:
    """Return a contender by name.

    Raises:
        MisuseError: for an unknown baseline or model.
    """
    return _baseline(name) if name.startswith(PREFIX) else _model(name, engine)


def _baseline(name: str) -> Contender:
    baseline = BASELINES.get(name.removeprefix(PREFIX))
    if baseline is None:
        raise MisuseError(f"A baseline is one of {', '.join(BASELINES)}", name, "Write baseline:NAME")
    return Contender(
        name,
        lambda case: baseline.restore(case.degraded, case.known),
        scale=0 if baseline.scales else 1,
        needs=baseline.needs,
        as_is=baseline.as_is,
    )


def _model(name: str, engine: str) -> Contender:
    from imagic_models.engines import OpenvinoEngine, start_engine
    from imagic_models.network_file import find_network
    from imagic_models.restorer import Restorer

    network = find_network(name)
    started = start_engine(engine, network)
    restorer = Restorer(network, started)
    return Contender(
        name,
        lambda case: np.asarray(restorer.restore(case.degraded), np.float32),
        engine="openvino" if isinstance(started, OpenvinoEngine) else "keras",
        version=restorer.version,
        scale=restorer.scale,
        preset=restorer.preset,
    )
