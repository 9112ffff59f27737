"""What is in a crawl's folder: counts per source, licence and reason, read without disturbing a crawl at work."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler.manifest import CATALOGUE_NAME
from imaging.errors import ImagicError, MisuseError

_TABLES = {
    "stored": "SELECT source || ', ' || licence, COUNT(*) FROM images GROUP BY 1 ORDER BY 1",
    "not kept": """SELECT source || ', ' || reason, COUNT(*) FROM frontier JOIN jobs USING (job)
        WHERE state IN ('rejected', 'failed') GROUP BY 1 ORDER BY 2 DESC, 1""",
    "still to ask": """SELECT source || ', ' || host, COUNT(*) FROM frontier JOIN jobs USING (job)
        WHERE state = 'pending' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50""",
    "runs": "SELECT started_at || ' ' || outcome, job FROM runs ORDER BY id DESC LIMIT 5",
}


@dataclass(frozen=True)
class StatusReport:
    """Counts of a crawl's folder.

    Attributes:
        out: the folder.
        tables: heading, and rows of name and count.
        num_bytes: bytes of all originals.
        clusters: how many near-duplicate clusters have more than one image.
    """

    out: Path
    tables: Mapping[str, Sequence[tuple[str, object]]]
    num_bytes: int
    clusters: int

    exit_code: int = 0

    def lines(self) -> list[str]:
        """The report for people."""
        printed = [f"{self.out}: {self.num_bytes / 1e6:.1f} MB of originals, {self.clusters} near-duplicate clusters"]
        for heading, rows in self.tables.items():
            printed += [f"{heading}:", *(f"  {name}: {count}" for name, count in rows)] if rows else []
        return printed


def read_status(out: Path) -> StatusReport:
    """Count what a crawl's folder holds.

    Raises:
        MisuseError: nothing was ever crawled into it.
        ImagicError: its catalogue cannot be read.
    """
    file = out / CATALOGUE_NAME
    if not file.is_file():
        raise MisuseError("A status is asked of a folder that a crawl wrote", out, "Give the --out of the crawl")
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        tables = {
            heading: [(str(name), count) for name, count in connection.execute(sql)] for heading, sql in _TABLES.items()
        }
        (num_bytes,) = connection.execute("SELECT COALESCE(SUM(num_bytes), 0) FROM images").fetchone()
        pairs = "SELECT cluster_id FROM images WHERE cluster_id != '' GROUP BY cluster_id HAVING COUNT(*) > 1"
        (clusters,) = connection.execute(f"SELECT COUNT(*) FROM ({pairs})").fetchone()
    except sqlite3.DatabaseError as error:
        raise ImagicError("A catalogue is a crawl's SQLite file", f"{file} ({error})") from error
    finally:
        connection.close()
    return StatusReport(out, tables, num_bytes, clusters)
