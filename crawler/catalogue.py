"""The catalogue: one SQLite file in write-ahead mode that holds the truth of a crawl.

Whatever happens to the process, the file says which pages were read, which images are stored, refused or still to be
fetched. Tables: `images` (the manifest's rows), `frontier` (see `crawler.frontier`), `hosts` (opt-out statements),
`jobs`, `runs` and `meta`.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from crawler.manifest import CATALOGUE_NAME, COLUMNS, ManifestRow, sql_columns
from imaging.errors import ImagicError

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (job TEXT PRIMARY KEY, source TEXT NOT NULL, options TEXT NOT NULL,
    created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, job TEXT NOT NULL, started_at TEXT NOT NULL,
    ended_at TEXT, outcome TEXT NOT NULL, figures TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS images ({sql_columns()});
CREATE TABLE IF NOT EXISTS hosts (origin TEXT PRIMARY KEY, statements TEXT NOT NULL, fetched_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS frontier (
    id INTEGER PRIMARY KEY, job TEXT NOT NULL, fingerprint TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    rank INTEGER NOT NULL, host TEXT NOT NULL, url TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '', evidence TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0,
    hops INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0, image_id TEXT NOT NULL DEFAULT '',
    updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS frontier_queue ON frontier (job, state, host, not_before, rank, id);
"""
_INSERT_IMAGE = f"INSERT OR IGNORE INTO images ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


def now() -> str:
    """UTC time to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Catalogue:
    """An open catalogue; use as a context manager. Not for use by several threads.

    Args:
        folder: the crawl's output folder; made when it does not exist.

    Raises:
        ImagicError: the folder cannot be written, or its catalogue is no catalogue.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(folder / CATALOGUE_NAME, isolation_level=None, timeout=30)
            self.connection.row_factory = sqlite3.Row
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=NORMAL")
            self.connection.executescript(_SCHEMA)
        except (OSError, sqlite3.DatabaseError) as error:
            rule = "The output folder of a crawl can be written and holds nothing else under the catalogue's name"
            raise ImagicError(rule, f"{folder} ({error})", "Choose another --out") from error

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; transactions do not nest."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def remember(self, name: str, value: str) -> None:
        """Keep a fact about the folder."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def recall(self, name: str) -> str:
        """A kept fact, "" when there is none."""
        found = self.connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return found["value"] if found else ""

    def open_job(self, job: str, source: str, options: Mapping[str, Any]) -> None:
        """Record a job when it is new."""
        values = (job, source, json.dumps(options, sort_keys=True), now())
        self.connection.execute("INSERT OR IGNORE INTO jobs VALUES (?, ?, ?, ?)", values)

    def begin_run(self, job: str) -> int:
        """Record that a run began; returns its number."""
        insert = "INSERT INTO runs (job, started_at, outcome, figures) VALUES (?, ?, 'running', '{}')"
        return int(self.connection.execute(insert, (job, now())).lastrowid or 0)

    def end_run(self, run: int, outcome: str, figures: Mapping[str, Any]) -> None:
        """Record how a run ended."""
        update = "UPDATE runs SET ended_at = ?, outcome = ?, figures = ? WHERE id = ?"
        self.connection.execute(update, (now(), outcome, json.dumps(figures, sort_keys=True), run))

    def statements(self, origin: str, not_older_than: float) -> str | None:
        """The stored opt-out statements of an origin, None when there are none so fresh."""
        select = "SELECT statements FROM hosts WHERE origin = ? AND fetched_at >= ?"
        found = self.connection.execute(select, (origin, not_older_than)).fetchone()
        return found["statements"] if found else None

    def keep_statements(self, origin: str, statements: str, fetched_at: float) -> None:
        """Store the opt-out statements of an origin."""
        self.connection.execute("INSERT OR REPLACE INTO hosts VALUES (?, ?, ?)", (origin, statements, fetched_at))

    def insert_image(self, row: ManifestRow) -> bool:
        """Add an image; False when its bytes are already in the catalogue."""
        return self.connection.execute(_INSERT_IMAGE, astuple(row)).rowcount == 1

    def hashes(self) -> Sequence[sqlite3.Row]:
        """`image_id`, `phash`, `cluster_id` and `blank` of every image."""
        return self.connection.execute("SELECT image_id, phash, cluster_id, blank FROM images").fetchall()

    def set_clusters(self, cluster_of: Mapping[str, str]) -> None:
        """Write the cluster of each given image."""
        with self.transaction() as connection:
            pairs = [(cluster, image) for image, cluster in cluster_of.items()]
            connection.executemany("UPDATE images SET cluster_id = ? WHERE image_id = ?", pairs)

    def count(self, sql: str, *parameters: Any) -> int:
        """The one number that a query gives."""
        return int(self.connection.execute(sql, parameters).fetchone()[0])


@contextmanager
def sole_crawler(folder: Path) -> Iterator[IO[str]]:
    """Hold the folder's lock, so that two crawls never work on one frontier; freed by the kernel at any death.

    Raises:
        ImagicError: another crawl is at work in this folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".crawl.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            rule = "Only one crawl at a time works in an output folder"
            raise ImagicError(rule, folder, "Wait for the other one or choose another --out") from error
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock
