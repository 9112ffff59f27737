"""Manifest rows through planning, a ledger of as many pictures, and the job graph: time and memory.

`python benchmarks/scale.py [ROWS]`; 20,000 rows by default, so that it ends in seconds. Each line is measured in a
process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

SAMPLES = 1000
WORK = 3  # photographs of one work, as museums have them


def digest(index: int) -> str:
    return hashlib.sha256(str(index).encode()).hexdigest()


def plan(rows: int, folder: Path) -> dict[str, float]:
    """Splits and shards of rows whose look-alikes the crawl has found."""
    from pipelines.dataset.options import BuildOptions
    from pipelines.dataset.plan import make_plan
    from pipelines.dataset.scan import Scanned
    from pipelines.dataset.sources import Listed

    scanned = []
    for index in range(rows):
        name = digest(index)
        path = f"originals/{name[:2]}/{name}.jpg"
        listed = Listed(name, path, f"met/{index // WORK}", "met", "CC0-1.0", "", name[:16], name)
        scanned.append(Scanned(listed, 2048, 1536, 900_000, name, name[:16]))
    made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    found = make_plan(scanned, BuildOptions(("jpeg",), "in", str(folder)), ("jpeg", "0"))
    return {"seconds": time.perf_counter() - began, "shards": len(found.shards), "rows_mb": made / 1024}


def ledger(rows: int, folder: Path) -> dict[str, float]:
    """A ledger that holds so many pictures, and then single ones begun, finished and looked up."""
    from pipelines.enhance.ledger import Ledger, Record

    book = Ledger(folder / "ledger.sqlite")
    run = book.begin_run({}, rows)
    book.finish(Record("first.jpg", "first.jpg", "enhanced", content=digest(0), key=digest(0), format="jpeg"), run)
    fill(folder / "ledger.sqlite", rows)
    began = time.perf_counter()
    for index in range(SAMPLES):
        name = f"{index * (rows // SAMPLES):012d}.jpg"
        record = Record(name, name, "enhanced", content=digest(index), key=digest(index), format="jpeg")
        book.begin(record, run)
        book.finish(record, run)
    written = time.perf_counter()
    found = [book.find(f"{index * (rows // SAMPLES) + 1:012d}.jpg") for index in range(SAMPLES)]
    looked = time.perf_counter()
    assert all(found)
    size = sum(path.stat().st_size for path in folder.iterdir())
    per = {"write_us": 1e6 * (written - began) / SAMPLES, "lookup_us": 1e6 * (looked - written) / SAMPLES}
    return {"seconds": looked - began, **per, "file_mb": size / 1e6}


def fill(file: Path, rows: int) -> None:
    """Copies the ledger's one row under other paths."""
    book = sqlite3.connect(file)
    columns = [name for _, name, *_ in book.execute("PRAGMA table_info(pictures)") if name != "path"]
    counted = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
    copied = f"SELECT printf('%012d.jpg', i), {', '.join(columns)} FROM n, pictures WHERE path = 'first.jpg'"
    book.execute(f"{counted} INSERT INTO pictures (path, {', '.join(columns)}) {copied}", (rows,))
    book.commit()
    book.close()


def graph(rows: int, folder: Path) -> dict[str, float]:
    """The job graph that an engine is sent; the number of rows has no part in it."""
    from pipelines.dataset.job import add_steps
    from pipelines.rehearsal import rehearse

    began = time.perf_counter()
    found = rehearse(lambda pipeline: add_steps(pipeline, "gs://bucket/data/restoration_pairs/jpeg/1.0.0"))
    return {"seconds": time.perf_counter() - began, "graph_bytes": found.graph_bytes}


STEPS: dict[str, Callable[[int, Path], dict[str, float]]] = {"plan": plan, "ledger": ledger, "graph": graph}


def measured(name: str, rows: int) -> dict[str, float]:
    """One step in a process of its own."""
    ran = subprocess.run([sys.executable, __file__, str(rows), name], check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return told


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    if len(sys.argv) > 2:
        with tempfile.TemporaryDirectory() as folder:
            told = STEPS[sys.argv[2]](rows, Path(folder))
        print(json.dumps({**told, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    print(f"{'step':8} {'rows':>10} {'seconds':>8} {'peak MB':>8}  more")
    for name in STEPS:
        told = measured(name, rows)
        seconds, peak = told.pop("seconds"), told.pop("peak_mb")
        more = ", ".join(f"{key} {value:,.0f}" for key, value in told.items())
        print(f"{name:8} {rows:>10,} {seconds:>8.1f} {peak:>8.0f}  {more}")


if __name__ == "__main__":
    main()
