"""What happened to every picture, in a SQLite file that survives being killed at any moment.

One row for each path. A row is written twice: as "started", before the result can appear under its name, and again
with the outcome, after it has. Whoever finds a "started" row knows that a result of that name is the job's own and may
be made again; any other file in the way belongs to someone else and is left alone.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

LEDGER_NAME = "ledger.sqlite"

# Outcomes that leave a result; outcomes that leave none; and the mark of a picture being worked on.
DONE = ("enhanced", "passed")
FAILED = "failed"
STARTED = "started"
SKIPPED, NOT_REACHED = "skipped", "not reached"


@dataclass(frozen=True)
class Record:
    """One picture's outcome.

    Attributes:
        path: where it lies below the input folder; see `readable`.
        output: where its result lies below the output folder.
        status: "enhanced", "passed" (byte for byte), "failed", "skipped" (done before) or "not reached".
        reason: why it failed, in one word; `detail` says more.
        bytes, modified_ns: the original's size and time of change, by which an unchanged file is known again.
        content: SHA-256 of the original.
        key: SHA-256 of content, stages, model versions and parameters together.
        format, width, height, pages: what it is.
        stages: what was applied, as [preset, strength] pairs.
        measured: what the diagnosis found.
        bytes_out: the result's size.
        seconds: what it took.
    """

    path: str
    output: str = ""
    status: str = FAILED
    reason: str = ""
    detail: str = ""
    bytes: int = 0
    modified_ns: int = 0
    content: str = ""
    key: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    pages: int = 0
    stages: list[tuple[str, float]] = field(default_factory=list)
    measured: dict[str, float] = field(default_factory=dict)
    bytes_out: int = 0
    seconds: float = 0.0

    @property
    def megapixels(self) -> float:
        """Millions of pixels on all pages, taking the first page's size for all."""
        return self.width * self.height * max(self.pages, 1) / 1e6


_COLUMNS = [column.name for column in fields(Record)]
_JSON = ("stages", "measured")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    path TEXT PRIMARY KEY, output TEXT, status TEXT, reason TEXT, detail TEXT, bytes INTEGER, modified_ns INTEGER,
    content TEXT, key TEXT, format TEXT, width INTEGER, height INTEGER, pages INTEGER, stages TEXT, measured TEXT,
    bytes_out INTEGER, seconds REAL, run INTEGER, seen TEXT, at REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    run INTEGER PRIMARY KEY, started REAL, finished REAL, settings TEXT, inputs INTEGER, stopped TEXT
);
"""


class Ledger:
    """The ledger of one output folder. Threads and processes of one machine may share it.

    Args:
        path: the SQLite file; made when it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._db.executescript(_SCHEMA)

    @property
    def _db(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=120, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def close(self) -> None:
        """Close every thread's connection."""
        while self._connections:
            self._connections.pop().close()
        self._local = threading.local()

    def begin_run(self, settings: dict[str, Any], inputs: int) -> int:
        """Record a new run and return its number."""
        cursor = self._db.execute(
            "INSERT INTO runs (started, settings, inputs, stopped) VALUES (?, ?, ?, '')",
            (time.time(), json.dumps(settings, sort_keys=True), inputs),
        )
        return int(cursor.lastrowid or 0)

    def end_run(self, run: int) -> None:
        """Record that a run came to its end."""
        self._db.execute("UPDATE runs SET finished = ? WHERE run = ?", (time.time(), run))

    def stop(self, run: int, reason: str) -> None:
        """Ask all workers of a run to begin nothing more; the first reason stays."""
        self._db.execute("UPDATE runs SET stopped = ? WHERE run = ? AND stopped = ''", (reason, run))

    def stopped(self, run: int) -> str:
        """Return why a run is to stop; empty while it is not."""
        row = self._db.execute("SELECT stopped FROM runs WHERE run = ?", (run,)).fetchone()
        return str(row[0]) if row else ""

    def begin(self, record: Record, run: int) -> None:
        """Record that a result may appear under its name from now on."""
        self._put(record, run, STARTED, "")

    def finish(self, record: Record, run: int) -> None:
        """Record an outcome. A skipped or unreached picture keeps the row that it has, and is counted as seen."""
        if record.status in (SKIPPED, NOT_REACHED):
            self._see(record, run)
        else:
            self._put(record, run, record.status, record.status)

    def _put(self, record: Record, run: int, status: str, seen: str) -> None:
        values = {**asdict(record), "status": status, "run": run, "seen": seen, "at": time.time()}
        values.update({name: json.dumps(values[name]) for name in _JSON})
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        self._db.execute(f"INSERT OR REPLACE INTO pictures ({names}) VALUES ({marks})", values)

    def _see(self, record: Record, run: int) -> None:
        # An engine that lost a worker hands its pictures out again: what this run has already done to one stands.
        changed = self._db.execute(
            "UPDATE pictures SET seen = CASE WHEN run = ? AND seen != '' THEN seen ELSE ? END, run = ? WHERE path = ?",
            (run, record.status, run, record.path),
        ).rowcount
        if not changed:
            self._put(record, run, record.status, record.status)

    def find(self, path: str) -> Record | None:
        """Return what is known of a path; its status may be "started"."""
        row = self._db.execute(f"SELECT {', '.join(_COLUMNS)} FROM pictures WHERE path = ?", (path,)).fetchone()
        return _record(row) if row else None

    def records(self, run: int | None = None) -> Iterator[Record]:
        """Yield all records in the order of their paths; of one run when it is given."""
        where, values = ("", ()) if run is None else (" WHERE run = ?", (run,))
        for row in self._db.execute(f"SELECT {', '.join(_COLUMNS)} FROM pictures{where} ORDER BY path", values):
            yield _record(row)

    def counts(self, run: int) -> dict[str, int]:
        """Return how many pictures of a run came to which outcome, "skipped" and "not reached" among them."""
        query = "SELECT seen, count(*) FROM pictures WHERE run = ? AND seen != '' GROUP BY seen"
        return {str(seen): int(count) for seen, count in self._db.execute(query, (run,))}

    def work(self, run: int) -> tuple[int, float, float]:
        """Return how many pictures a run has settled, and the megapixels and seconds of those that it worked on."""
        query = (
            "SELECT count(*), total(CASE WHEN seen IN ('enhanced', 'passed') THEN 1.0 * width * height * pages END),"
            " total(CASE WHEN seen IN ('enhanced', 'passed') THEN seconds END)"
            " FROM pictures WHERE run = ? AND seen != ''"
        )
        count, pixels, seconds = self._db.execute(query, (run,)).fetchone()
        return int(count), float(pixels) / 1e6, float(seconds)

    def failures(self, run: int) -> dict[str, int]:
        """Return how many pictures that a run met stand as failures, by reason, most frequent first."""
        query = (
            "SELECT reason, count(*) AS n FROM pictures WHERE run = ? AND status = 'failed'"
            " GROUP BY reason ORDER BY n DESC, reason"
        )
        return {str(reason): int(count) for reason, count in self._db.execute(query, (run,))}

    def export(self, folder: Path) -> None:
        """Write the whole ledger as `ledger.jsonl` and `ledger.parquet` beside the results."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = [asdict(record) for record in self.records()]
        draft = folder / ".ledger.part"
        draft.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        os.replace(draft, folder / "ledger.jsonl")
        flat = [{**row, **{name: json.dumps(row[name]) for name in _JSON}} for row in rows]
        schema = pa.schema([(column.name, _ARROW[str(column.type)](pa)) for column in fields(Record)])
        pq.write_table(pa.Table.from_pylist(flat, schema), draft)
        os.replace(draft, folder / "ledger.parquet")


_ARROW = {
    "str": lambda pa: pa.string(),
    "int": lambda pa: pa.int64(),
    "float": lambda pa: pa.float64(),
    "list[tuple[str, float]]": lambda pa: pa.string(),
    "dict[str, float]": lambda pa: pa.string(),
}


def _record(row: tuple[Any, ...]) -> Record:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["stages"] = [(model, strength) for model, strength in json.loads(values["stages"])]
    values["measured"] = json.loads(values["measured"])
    return Record(**values)


def readable(path: str | os.PathLike[str]) -> str:
    r"""Return a path as valid text, one for each path: bytes that are no UTF-8 become escapes, and so does a backslash.

    Examples:
        >>> readable("scans/été.jpg")
        'scans/été.jpg'
        >>> readable(b"bad\xff.jpg".decode("utf-8", "surrogateescape"))
        'bad\\xff.jpg'
    """
    return os.fsencode(os.fspath(path).replace("\\", "\\\\")).decode("utf-8", "backslashreplace")
