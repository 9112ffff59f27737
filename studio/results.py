"""What other commands left behind: ledgers and evaluation reports in the folders that the studio was started with.

A client names a result by the number that this module gave it, and a file of a report by a name out of the list that
this module made; nothing that a client sends is ever joined to a path.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from studio.refusals import Refused

Row = dict[str, Any]
Cells = dict[str, str]

MOST_RESULTS = 500
MOST_ROWS = 500
_MOST_FILES = 20_000
_MOST_LETTERS = 160
_REPORTS = ("report.html", "index.html")  # of enhance and of evaluate
_FACETS = ("status", "reason", "stages", "format")
_FACET_VALUES = 12
_REPORT_MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Result:
    """One file to browse.

    Attributes:
        id: what a client calls it.
        kind: "ledger", "scorecard" or "report".
        title: where it lies below the folder that the studio was started with.
        path: of the file.
        modified: when it was written, local time.
    """

    id: str
    kind: str
    title: str
    path: Path
    modified: str


@dataclass(frozen=True)
class LedgerView:
    """A ledger as the page shows it.

    Attributes:
        total: rows in the file.
        facets: column -> value -> count, of the columns that tell outcomes apart.
        columns, rows: the table, at most `MOST_ROWS` rows.
        where: the facet that was chosen, (column, value), or None.
    """

    total: int
    facets: dict[str, dict[str, int]]
    columns: tuple[str, ...]
    rows: tuple[Cells, ...]
    where: tuple[str, str] | None = None


@dataclass
class Results:
    """The browsable files below some folders.

    Args:
        folders: where to look.
    """

    folders: tuple[Path, ...]
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def list(self) -> list[Result]:
        """Return what there is, newest first."""
        found = [result for folder in self.folders for result in self._below(folder)]
        return sorted(found, key=lambda result: result.modified, reverse=True)[:MOST_RESULTS]

    def find(self, result_id: str) -> Result:
        """Return a result by the id that `list` gave it."""
        for result in self.list():
            if hmac.compare_digest(result.id.encode(), result_id.encode()):
                return result
        raise Refused("not-found", rule="This result is not there (any more)", remedy="Look at the list again")

    def _below(self, folder: Path) -> Iterator[Result]:
        for path in _files(folder):
            kind = _kind(path)
            if kind:
                digest = hmac.new(self._secret, os.fsencode(path), hashlib.sha256).hexdigest()[:24]
                when = datetime.fromtimestamp(path.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
                yield Result(digest, kind, f"{folder.name}/{path.relative_to(folder).as_posix()}", path, when)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder; hidden ones and links are left out."""
    seen = 0
    for here, below, names in os.walk(folder, followlinks=False):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            path = Path(here, name)
            seen += 1
            if seen > _MOST_FILES:
                return
            if not name.startswith(".") and not path.is_symlink():
                yield path


def _kind(path: Path) -> str:
    """Return what a file is by its name, and for JSON by its content; "" for what is not browsed."""
    if path.suffix in _LEDGER_READERS and "ledger" in path.stem:
        return "" if path.suffix == ".parquet" and path.with_suffix(".jsonl").exists() else "ledger"
    if path.name in _REPORTS:
        return "report"
    return "scorecard" if path.suffix == ".json" and _is_scorecard(path) else ""


def _is_scorecard(path: Path) -> bool:
    if path.stat().st_size > 50_000_000:
        return False
    with path.open("rb") as file:
        return b'"protocol"' in file.read(4096)


def ledger_view(path: Path, where: tuple[str, str] | None = None) -> LedgerView:
    """Return a ledger's rows and counts.

    Args:
        path: a JSONL or Parquet ledger.
        where: show only rows with this value in this column.
    """
    try:
        rows = _LEDGER_READERS[path.suffix](path)
    except (ValueError, OSError) as error:
        raise Refused("misuse", " ".join(str(error).split())[:200], "A ledger is whole", "Export it again") from None
    columns = tuple(dict.fromkeys(name for row in rows[:MOST_ROWS] for name in row))
    facets = {name: counts for name in _FACETS if (counts := _counts(rows, name))}
    chosen = rows if where is None else [row for row in rows if _shown(row.get(where[0])) == where[1]]
    shown = ({name: _shown(row.get(name)) for name in columns} for row in chosen[:MOST_ROWS])
    return LedgerView(len(rows), facets, columns, tuple(shown), where)


def _shown(value: object) -> str:
    """Return a cell as people read it: stages and measurements as words and numbers.

    Examples:
        >>> _shown([["denoise", 1.0], ["low-light", 0.5]])
        'denoise 1, low-light 0.5'
    """
    if isinstance(value, str) and value[:1] in "[{":
        with contextlib.suppress(ValueError):
            value = json.loads(value)  # how Parquet keeps them
    if isinstance(value, dict):
        value = list(value.items())
    if isinstance(value, list):
        return ", ".join(
            " ".join(map(_shown, pair)) if isinstance(pair, list | tuple) else _shown(pair) for pair in value
        )
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"


def _counts(rows: list[Row], column: str) -> dict[str, int]:
    """Return how often each value of a column stands there, most frequent first."""
    counts = Counter(_shown(row.get(column)) for row in rows)
    return {value: count for value, count in counts.most_common(_FACET_VALUES) if value}


def _read_jsonl(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as lines:
        return [row for line in lines if line.strip() and isinstance(row := json.loads(line), dict)]


def _read_parquet(path: Path) -> list[Row]:
    import pyarrow.parquet

    return list(pyarrow.parquet.read_table(path).to_pylist())


_LEDGER_READERS: dict[str, Callable[[Path], list[Row]]] = {".jsonl": _read_jsonl, ".parquet": _read_parquet}


@dataclass(frozen=True)
class ScoreTable:
    """One metric of a scorecard: models by levels."""

    metric: str
    levels: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def scorecard_tables(path: Path) -> tuple[Row, list[ScoreTable]]:
    """Return a scorecard's heading facts and its tables of means."""
    card = json.loads(path.read_text(encoding="utf-8"))
    head = {name: card[name] for name in ("protocol", "summary", "set_name", "images", "seed") if name in card}
    means = [row for row in card.get("means", []) if isinstance(row, dict)]
    levels = tuple(dict.fromkeys(str(row.get("level", "")) for row in means))
    models = tuple(dict.fromkeys(str(row.get("model", "")) for row in means))
    cell = {(str(row.get("model", "")), str(row.get("level", ""))): row for row in means}

    def figures(model: str, metric: str) -> tuple[str, ...]:
        return tuple(_figure(cell.get((model, level), {}).get(metric)) for level in levels)

    def table(metric: str) -> ScoreTable:
        return ScoreTable(metric, levels, tuple((model, figures(model, metric)) for model in models))

    return head, [table(str(metric)) for metric in card.get("metrics", [])]


def _figure(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "" if value is None else str(value)


def report_file(result: Result, name: str) -> tuple[Path, str]:
    """Return a file of a report and its media type.

    The name is looked up among the files that lie in the report's folder.
    """
    folder = result.path.parent
    there = {path.relative_to(folder).as_posix(): path for path in _files(folder) if path.suffix in _REPORT_MEDIA}
    if result.kind != "report" or name not in there:
        raise Refused("not-found", rule="This report has no such file", remedy="Open the report again")
    return there[name], _REPORT_MEDIA[there[name].suffix]
