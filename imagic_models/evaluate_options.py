"""What a person may ask of an evaluation; importing this file imports no framework."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imagic_models.metrics import METRICS
from imagic_models.options import ENGINES
from imagic_models.protocols import PROTOCOL_NAMES, PROTOCOLS
from imaging.errors import MisuseError


@dataclass(frozen=True)
class EvaluateOptions:
    """One evaluation, complete.

    Attributes:
        models: preset names, run folders, `.keras` files, or `baseline:NAME`. The untouched input, or bicubic for
            super-resolution, is always measured beside them.
        protocol: a name of `PROTOCOL_NAMES`.
        images: folder of pictures (clean ones where the protocol degrades, inputs where it takes pairs), or one file.
        targets: folder of the inputs' targets, for `paired`, `low-light`, `exposure` and `deblur`.
        json: file for all rows and means.
        report: folder for the HTML report.
        engine: "auto", "keras" or "openvino".
        levels: names of levels to measure ("25", "x4", "q10"); all by default.
        recipe: recipe name or YAML file for the protocol `recipe`.
        damages: single damages to measure with it; those of the recipe by default.
        severities: of these damages.
        metrics: further metrics beside the protocol's own.
        set_name: name of the picture set where the folder's name does not tell.
        limit: measure only so many pictures.
        seed: of all noise and damage.
        allow_leak: measure models on pictures they were trained on, and mark them.
        all: run the whole card over the sets in `benchmarks` and write `results`.
        benchmarks: folder of picture sets, one folder each (kodak24, set5, ...).
        results: Markdown file that `all` writes.
        progress: whether to show a progress bar on stderr.
    """

    models: tuple[str, ...] = ()
    protocol: str = ""
    images: str | Path = ""
    targets: str | Path | None = None
    json: str | Path | None = None
    report: str | Path | None = None
    engine: str = "auto"
    levels: tuple[str, ...] = ()
    recipe: str = ""
    damages: tuple[str, ...] = ()
    severities: tuple[int, ...] = (1, 3, 5)
    metrics: tuple[str, ...] = ()
    set_name: str = ""
    limit: int | None = None
    seed: int = 0
    allow_leak: bool = False
    all: bool = False
    benchmarks: str | Path = ""
    results: str | Path = "docs/results.md"
    progress: bool = True

    def __post_init__(self) -> None:
        one_of("An engine", (self.engine,), ENGINES)
        one_of("A metric", self.metrics, tuple(METRICS))
        holds(self.limit is None or self.limit > 0, "A limit is at least 1", self.limit)
        holds(all(1 <= one <= 5 for one in self.severities), "A severity is 1 to 5", self.severities)
        if self.all:
            holds(bool(str(self.benchmarks)), "--all needs --benchmarks, a folder of picture sets", self.benchmarks)
        else:
            self._check_single()

    def _check_single(self) -> None:
        one_of("A protocol", (self.protocol,), PROTOCOL_NAMES)
        holds(bool(self.models), "At least one model is named", "", "Name a preset, a run folder or baseline:NAME")
        holds(len(set(self.models)) == len(self.models), "Each model is named once", ", ".join(self.models))
        holds(bool(str(self.images)), "--images names a folder of pictures", self.images)
        holds((self.protocol == "recipe") == bool(self.recipe), "--recipe goes with the protocol recipe", self.recipe)
        takes = PROTOCOLS[self.protocol].needs if self.protocol in PROTOCOLS else "clean"
        if takes == "pair":
            holds(self.targets is not None, f"The protocol {self.protocol} takes pairs", "", "Give --targets")
        elif self.protocol != "deblur":
            holds(
                self.targets is None,
                f"The protocol {self.protocol} makes its own pairs",
                self.targets,
                "Leave out --targets",
            )


def one_of(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    """Raise MisuseError unless every given word is known."""
    for one in given:
        holds(one in known, f"{what} is one of {', '.join(known)}", one or "none", "Choose from these")


def holds(condition: bool, rule: str, received: object, remedy: str = "") -> None:
    """Raise MisuseError with this rule unless the condition holds."""
    if not condition:
        raise MisuseError(rule, received, remedy)
