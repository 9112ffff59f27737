"""Ten million manifest rows through planning, and as many pictures through the ledger: time and memory.

`python benchmarks/scale.py [ROWS]`; 20,000 rows by default, so that it ends in seconds. Each line is measured in a
process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

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
        listed = Listed(
            name, f"originals/{name[:2]}/{name}.jpg", f"met/{index // WORK}", "met", "CC0-1.0", "", name[:16]
        )
        scanned.append(Scanned(listed, 2048, 1536, 900_000, name, name[:16]))
    made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    found = make_plan(scanned, BuildOptions(("jpeg",), "in", str(folder)), ("jpeg", "0"))
    return {"seconds": time.perf_counter() - began, "shards": len(found.shards), "rows_mb": made / 1024}


def ledger(rows: int, folder: Path) -> dict[str, float]:
    """A row begun and finished per picture, then look-ups of single paths."""
    from pipelines.enhance.ledger import Ledger, Record

    book = Ledger(folder / "ledger.sqlite")
    run = book.begin_run({}, rows)
    began = time.perf_counter()
    for index in range(rows):
        name = digest(index)
        record = Record(
            f"{name[:2]}/{name}.jpg", f"{name[:2]}/{name}.jpg", "enhanced", bytes=900_000, content=name, key=name
        )
        book.begin(record, run)
        book.finish(record, run)
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    for index in range(0, rows, max(rows // 1000, 1)):
        name = digest(index)
        assert book.find(f"{name[:2]}/{name}.jpg")
    looked = (time.perf_counter() - began) / 1000
    size = sum(path.stat().st_size for path in folder.iterdir())
    return {"seconds": seconds, "lookup_us": 1e6 * looked, "file_mb": size / 1e6}


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
