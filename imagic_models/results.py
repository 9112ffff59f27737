"""The whole card: every protocol that a folder of benchmark sets allows, written as one document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from imagic_models.evaluate_options import EvaluateOptions
from imagic_models.published import canonical_set
from imagic_models.scorecard import Scorecard
from imaging.errors import MisuseError


@dataclass(frozen=True)
class Entry:
    """One line of the card: a protocol, the sets it is published on, and who is measured.

    Attributes:
        protocol: its name.
        sets: canonical names of the sets; those that the folder lacks are left out.
        presets: shipped presets that this protocol is for; those without weights are left out.
        baselines: names without the prefix.
        recipe: for the protocol `recipe`.
        pairs: the sets hold `input` and `target` folders.
    """

    protocol: str
    sets: tuple[str, ...]
    presets: tuple[str, ...]
    baselines: tuple[str, ...]
    recipe: str = ""
    pairs: bool = False


_COLOUR = ("cbsd68", "kodak24", "mcmaster")
_SUPER = ("set5", "set14", "bsd100", "urban100")
CARD: tuple[Entry, ...] = (
    Entry("gaussian-noise", (*_COLOUR, "urban100"), ("denoise",), ("nlm",)),
    Entry("gaussian-noise-clipped", _COLOUR, ("denoise",), ("nlm",)),
    Entry("salt-and-pepper", _COLOUR, ("denoise",), ("median", "switching-median")),
    Entry("speckle", _COLOUR, ("denoise",), ("nlm",)),
    Entry("jpeg", ("live1", "classic5"), ("jpeg",), ("nlm",)),
    Entry("jpeg-colour", ("live1", "kodak24"), ("jpeg",), ("nlm",)),
    Entry("super-resolution", _SUPER, ("super-resolution-x2", "super-resolution-x4"), ("lanczos",)),
    Entry("deblur", ("kodak24", "cbsd68"), ("deblur",), ("wiener", "richardson-lucy")),
    Entry("colorize", ("kodak24", "cbsd68"), ("colorize",), ()),
    Entry("recipe", ("kodak24",), ("art-restoration",), ("telea", "nlm"), recipe="art-restoration"),
    Entry("recipe", ("kodak24",), ("old-photo",), ("telea", "clahe-chain"), recipe="old-photo"),
    Entry("recipe", ("kodak24",), ("low-light",), ("gamma", "stretch", "clahe-chain"), recipe="low-light"),
    Entry("recipe", ("kodak24",), ("exposure",), ("gamma", "stretch", "clahe-chain"), recipe="exposure"),
    Entry("recipe", ("kodak24",), ("low-photon",), ("nlm", "median"), recipe="low-photon"),
    Entry("low-light", ("lol",), ("low-light",), ("gamma", "stretch", "clahe-chain"), pairs=True),
    Entry("exposure", ("msec", "fivek"), ("exposure",), ("gamma", "stretch", "clahe-chain"), pairs=True),
    Entry("deblur", ("gopro",), ("deblur",), (), pairs=True),
)


@dataclass(frozen=True)
class Results:
    """All scorecards of one run of the card.

    Attributes:
        cards: in the card's order.
        skipped: what was not measured, and why.
        path: the document that was written.
    """

    cards: tuple[Scorecard, ...]
    skipped: tuple[str, ...]
    path: Path

    @property
    def exit_code(self) -> int:
        """3 when any scorecard has failures."""
        return max((card.exit_code for card in self.cards), default=0)

    def lines(self) -> list[str]:
        """Return the scorecards one after the other, then what was left out."""
        cards = [line for card in self.cards for line in (*card.lines(), "")]
        return [*cards, *(f"skipped: {one}" for one in self.skipped), f"written: {self.path}"]

    def markdown(self) -> str:
        """Return the document."""
        head = [
            "# Results",
            "",
            "Written by `cli.py evaluate --all`; every figure is the mean over the named set. Rows in italics are",
            "published by others, with the source under each table. `baseline:` rows are classical methods.",
            "",
        ]
        body = [line for card in self.cards for line in _section(card)]
        left_out = ["## Not measured", "", *(f"- {one}" for one in self.skipped), ""] if self.skipped else []
        return "\n".join([*head, *_machine(self.cards), *body, *left_out]).rstrip() + "\n"


def run_card(options: EvaluateOptions, evaluate_one: Callable[[EvaluateOptions], Scorecard]) -> Results:
    """Measure every entry of the card whose set lies in `options.benchmarks`, and write `options.results`.

    Raises:
        MisuseError: when the folder holds none of the known sets.
    """
    folders = _folders(Path(options.benchmarks))
    cards: list[Scorecard] = []
    skipped: list[str] = []
    for one in _plan(options, folders, skipped):
        if isinstance(one, str):
            skipped.append(one)
            continue
        try:
            cards.append(evaluate_one(one))
        except MisuseError as error:
            skipped.append(f"{one.protocol} on {Path(one.images).name}: {error}")
    if not cards:
        known = sorted({name for entry in CARD for name in entry.sets})
        raise MisuseError(f"--benchmarks holds a folder named after a set: {', '.join(known)}", options.benchmarks)
    results = Results(tuple(cards), tuple(dict.fromkeys(skipped)), Path(options.results))
    _write(results, options)
    return results


def _plan(options: EvaluateOptions, folders: dict[str, Path], skipped: list[str]) -> Iterator[EvaluateOptions]:
    for entry in CARD:
        models, missing = _models(options, entry)
        skipped += missing
        for name in entry.sets:
            if name in folders and (not options.protocol or options.protocol == entry.protocol):
                yield _single(options, entry, models, folders[name])


def _single(options: EvaluateOptions, entry: Entry, models: tuple[str, ...], folder: Path) -> EvaluateOptions:
    label = f"{entry.protocol}-{entry.recipe}-{folder.name}".replace("--", "-")
    return replace(
        options,
        all=False,
        models=models or ("baseline:identity",),
        protocol=entry.protocol,
        recipe=entry.recipe,
        images=folder / "input" if entry.pairs else folder,
        targets=folder / "target" if entry.pairs else None,
        set_name=folder.name,
        json=None,
        report=Path(options.report) / label if options.report is not None else None,
    )


def _models(options: EvaluateOptions, entry: Entry) -> tuple[tuple[str, ...], list[str]]:
    """Return the contenders of an entry (the user's models of its presets, or the shipped ones) and who is missing."""
    from imagic_models.network_file import find_network
    from imagic_models.weights.index import entries

    given = tuple(name for name in options.models if find_network(name).preset in entry.presets)
    shipped = tuple(name for name in entry.presets if name in entries())
    missing = [
        f"preset {name}: it has no shipped weights" for name in entry.presets if not given and name not in shipped
    ]
    return (*(given or shipped), *(f"baseline:{name}" for name in entry.baselines)), missing


def _folders(benchmarks: Path) -> dict[str, Path]:
    if not benchmarks.is_dir():
        raise MisuseError("--benchmarks is a folder of picture sets", benchmarks)
    return {canonical_set(path.name): path for path in sorted(benchmarks.iterdir()) if path.is_dir()}


def _write(results: Results, options: EvaluateOptions) -> None:
    results.path.parent.mkdir(parents=True, exist_ok=True)
    results.path.write_text(results.markdown(), encoding="utf-8")
    if options.json is not None:
        content = [card.to_json() for card in results.cards]
        Path(options.json).write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _section(card: Scorecard) -> list[str]:
    tables = [line for table in card.tables() for line in (f"**{table.title}**", "", *table.markdown(), "")]
    sources = [f"Published: {source}." for source in sorted({row.source for row in card.published})]
    unscored = [f"Not scored: {one.file} ({one.reason})." for one in card.failures]
    head = [f"## {card.protocol} on {card.set_name} ({card.images} pictures, seed {card.seed})", "", card.summary, ""]
    cost = ["Cost on this machine:", "", *card.runtime_table().markdown(), ""]
    return [*head, *tables, *cost, *sources, *unscored, ""]


def _machine(cards: tuple[Scorecard, ...]) -> list[str]:
    return [", ".join(f"{name} {value}" for name, value in cards[0].machine.items()) + ".", ""] if cards else []
