"""What an evaluation found: rows as data, and their summary as a printed table and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from imagic_models.leak import Leak
from imagic_models.published import PublishedRow
from imagic_models.testset import Failure

METRIC_LABELS = {
    "psnr": "PSNR dB",
    "ssim": "SSIM",
    "ms_ssim": "MS-SSIM",
    "ciede2000": "CIEDE2000",
    "lpips": "LPIPS",
    "psnr_gt_mean": "PSNR dB with the truth's mean (not comparable)",
    "ab_psnr": "ab-PSNR dB",
    "colourfulness_ratio": "colourfulness / truth's",
    "lightness_shift": "mean change of L",
    "channel_accuracy": "Keras accuracy (largest channel)",
}
DIGITS = {"psnr": 2, "psnr_gt_mean": 2, "ab_psnr": 2, "ciede2000": 2, "lightness_shift": 2}
MAX_COLUMNS = 8


@dataclass(frozen=True)
class Row:
    """One answer: one contender, one picture, one level."""

    model: str
    image: str
    level: str
    metrics: dict[str, float]
    seconds: float
    megapixels: float


@dataclass(frozen=True)
class Runtime:
    """What the answers of one contender cost.

    Attributes:
        model, engine, version: who, with what, and the digest of the weights.
        threads: processors that this process may use.
        seconds_per_megapixel: over all answers, per million pixels of result; the first, compiling call left out.
        peak_mib: highest memory of the whole process while this contender worked; 0 where it cannot be told.
    """

    model: str
    engine: str
    version: str
    threads: int
    seconds_per_megapixel: float
    peak_mib: float


@dataclass(frozen=True)
class Scorecard:
    """The result of `evaluate`.

    Attributes:
        protocol, summary: name of the protocol and its sentence.
        set_name: name of the picture set, after its folder.
        images: how many pictures were scored.
        seed: of all noise and damage.
        levels: names in the protocol's order, with (curve, x) each.
        metrics: names in column order.
        rows: every single answer.
        runtimes: one per contender, in the order asked for.
        failures: files and answers that are not in the scores.
        leaks: pictures that a contender was trained on, measured because leaks were allowed.
        published: rows of papers for the same protocol and set.
        notes: what a reader must know.
        machine: processor, Python and library versions.
    """

    protocol: str
    summary: str
    set_name: str
    images: int
    seed: int
    levels: tuple[tuple[str, str, float], ...]
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]
    runtimes: tuple[Runtime, ...] = ()
    failures: tuple[Failure, ...] = ()
    leaks: tuple[Leak, ...] = ()
    published: tuple[PublishedRow, ...] = ()
    notes: tuple[str, ...] = ()
    machine: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 when every picture was scored by every contender, 3 when some were not."""
        return 3 if self.failures else 0

    @property
    def models(self) -> tuple[str, ...]:
        """The contenders that have scores, in order."""
        return tuple(dict.fromkeys(row.model for row in self.rows))

    @property
    def level_names(self) -> tuple[str, ...]:
        """The levels that have scores, in the protocol's order."""
        scored = {row.level for row in self.rows}
        return tuple(name for name, _, _ in self.levels if name in scored)

    def mean(self, model: str, level: str, metric: str) -> float:
        """Return the mean over pictures, as papers average; NaN without scores. NaN pictures do not count."""
        values = [row.metrics[metric] for row in self.rows if (row.model, row.level) == (model, level)]
        known = [value for value in values if not math.isnan(value)]
        return float(np.mean(known)) if known else math.nan

    def lines(self) -> list[str]:
        """Return the report for a terminal."""
        head = [f"{self.protocol} on {self.set_name}: {self.images} pictures, seed {self.seed}", self.summary]
        tables = [line for table in self.tables() for line in ("", table.title, *table.plain())]
        return [*head, *tables, "", *self.runtime_table().plain(), *self._remarks()]

    def tables(self) -> list[Table]:
        """Return one table per metric (contenders by levels), or one of all metrics where there is a single level."""
        if len(self.level_names) == 1:
            return [self._single_level(self.level_names[0])]
        return [self._by_level(metric) for metric in self.metrics]

    def runtime_table(self) -> Table:
        """Return the costs."""
        header = ("runtime", "s/MP", "peak MiB", "engine", "threads")
        rows = [
            (one.model, f"{one.seconds_per_megapixel:.3f}", f"{one.peak_mib:.0f}", one.engine, str(one.threads))
            for one in self.runtimes
        ]
        return Table("", header, tuple(rows))

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-able data, means included; infinities become strings, NaN null."""
        means = [
            {"model": model, "level": level, **{metric: self.mean(model, level, metric) for metric in self.metrics}}
            for model in self.models
            for level in self.level_names
        ]
        return _plain({**asdict(self), "means": means, "exit_code": self.exit_code})

    def write_json(self, path: Path) -> None:
        """Write `to_json()` to a file, making its folder."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n", encoding="utf-8")

    def _single_level(self, level: str) -> Table:
        header = ("", *(METRIC_LABELS.get(metric, metric) for metric in self.metrics))
        ours = [
            (model, *(number(metric, self.mean(model, level, metric)) for metric in self.metrics))
            for model in self.models
        ]
        theirs = [
            (row.label, *(number(metric, row.value(level, metric)) for metric in self.metrics))
            for row in self.published
            if any(not math.isnan(row.value(level, metric)) for metric in self.metrics)
        ]
        return Table(level, header, tuple(ours), tuple(theirs))

    def _by_level(self, metric: str) -> Table:
        title, levels = METRIC_LABELS.get(metric, metric), self.level_names
        if len(levels) > MAX_COLUMNS:
            rows = [
                (level, *(number(metric, self.mean(model, level, metric)) for model in self.models)) for level in levels
            ]
            return Table(title, ("", *self.models), tuple(rows))
        ours = [
            (model, *(number(metric, self.mean(model, level, metric)) for level in levels)) for model in self.models
        ]
        theirs = [
            (row.label, *(number(metric, row.value(level, metric)) for level in levels))
            for row in self.published
            if any(not math.isnan(row.value(level, metric)) for level in levels)
        ]
        return Table(title, ("", *levels), tuple(ours), tuple(theirs))

    def _remarks(self) -> list[str]:
        leaks = [
            f"LEAK  {leak.file}: {leak.model} was trained on it ({leak.distance} bits apart)" for leak in self.leaks
        ]
        failed = [
            f"not scored  {one.file}: {one.reason}" + (f" ({one.model})" if one.model else "") + f", {one.detail}"
            for one in self.failures
        ]
        sources = sorted({row.source for row in self.published})
        return [*self.notes, *(f"published: {source}" for source in sources), *leaks, *failed]


@dataclass(frozen=True)
class Table:
    """A table of text: our rows, then published ones."""

    title: str
    header: tuple[str, ...]
    ours: tuple[tuple[str, ...], ...]
    theirs: tuple[tuple[str, ...], ...] = ()

    def plain(self) -> list[str]:
        """Return aligned columns for a terminal, the published rows under a line of dashes."""
        widths = [
            max(len(row[column]) for row in (self.header, *self.ours, *self.theirs))
            for column in range(len(self.header))
        ]
        rule = "-" * (sum(widths) + 2 * len(widths) - 2)
        theirs = [rule, *(_aligned(row, widths) for row in self.theirs)] if self.theirs else []
        return [_aligned(self.header, widths), rule, *(_aligned(row, widths) for row in self.ours), *theirs]

    def markdown(self) -> list[str]:
        """Return a Markdown table, the published rows in italics."""
        rows = [self.header, ("---", *("---:",) * (len(self.header) - 1)), *self.ours]
        rows += [(f"*{row[0]}*", *(f"*{cell}*" if cell else "" for cell in row[1:])) for row in self.theirs]
        return ["| " + " | ".join(row) + " |" for row in rows]


def number(metric: str, value: float) -> str:
    """Return a figure with the digits that its metric deserves; empty for NaN."""
    return "" if math.isnan(value) else f"{value:.{DIGITS.get(metric, 4)}f}"


def _aligned(row: Sequence[str], widths: Iterable[int]) -> str:
    first, *rest = zip(row, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]).rstrip()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
