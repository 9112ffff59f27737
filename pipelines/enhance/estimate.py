"""What a job would do, how long it would take and how much disk it would fill: headers of all, a sample in full."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from imaging.files import UnreadableImage, probe
from imaging.header import Header
from pipelines.enhance.ledger import LEDGER_NAME, Ledger
from pipelines.enhance.models import Factory
from pipelines.enhance.options import EnhanceOptions
from pipelines.enhance.worker import Task, Worker

_SAMPLE = 5
_LARGEST_SAMPLE = 25.0  # megapixels; time grows with the pixels, so a smaller picture tells as much


@dataclass(frozen=True)
class Found:
    """One picture of the plan, with its header or the reason why it has none."""

    task: Task
    header: Header | None
    reason: str = ""


def estimate(options: EnhanceOptions, tasks: list[Task], factory: Factory) -> list[str]:
    """Say what would be done; nothing is written below the output folder.

    Args:
        options: of the job.
        tasks: its plan.
        factory: loads a model by name and engine.

    Returns:
        Lines for a terminal: the plan in numbers, then hours and disk with the sample that they come from.
    """
    source = options.input if options.input.is_dir() else options.input.parent
    found = [_looked_at(source, task) for task in tasks]
    good = [picture for picture in found if picture.header]
    bad = Counter(picture.reason for picture in found if not picture.header)
    total = sum(picture.header.megapixels * picture.header.pages for picture in good if picture.header)
    formats = Counter(picture.header.format for picture in good if picture.header)
    lines = [
        f"{len(tasks)} pictures found, {total:,.1f} megapixels: "
        + ", ".join(f"{count} {name}" for name, count in formats.most_common()),
        *(f"  {count} would fail: {reason}" for reason, count in bad.most_common()),
    ]
    return [*lines, *_extrapolated(options, factory, good, total)] if good else lines


def _looked_at(source: Path, task: Task) -> Found:
    if task.collision:
        return Found(task, None, "collision")
    try:
        return Found(task, probe(source / task.path))
    except UnreadableImage as error:
        return Found(task, None, error.reason)


def _extrapolated(options: EnhanceOptions, factory: Factory, good: list[Found], total: float) -> list[str]:
    """Enhance a few pictures in a temporary folder and scale up by megapixels."""
    sample = _sample(good)
    with tempfile.TemporaryDirectory(prefix="imagic-estimate-") as folder:
        trial = replace(options, out=Path(folder), dry_run=False)
        Ledger(trial.out / LEDGER_NAME).close()
        worker = Worker(trial, factory, run=0)
        try:
            began = time.monotonic()
            records = [worker.do(picture.task) for picture in sample]
            seconds = time.monotonic() - began
        finally:
            worker.close()
    done = sum(record.megapixels for record in records if record.bytes_out)
    if not done:
        return ["No estimate: none of the sample could be enhanced " + "; ".join({r.reason for r in records})]
    hours = total * seconds / done / 3600
    disk = total * sum(record.bytes_out for record in records) / done
    free = _free(options.out)
    return [
        f"About {hours:.2g} hours one after the other ({done / seconds:.2f} MP/s), {disk / 1e9:.2g} GB of results,"
        f" {free / 1e9:,.0f} GB free; from {len(records)} pictures of {done:.1f} megapixels",
        *(["The results may not fit on the disk"] if disk > free else []),
    ]


def _sample(good: list[Found]) -> list[Found]:
    """Choose pictures spread over the sizes, none too large."""
    by_size = sorted(good, key=lambda picture: picture.header.megapixels if picture.header else 0)
    small = [p for p in by_size if p.header and p.header.megapixels <= _LARGEST_SAMPLE] or by_size[:1]
    step = max(1, len(small) // _SAMPLE)
    return small[step // 2 :: step][:_SAMPLE]


def _free(folder: Path) -> int:
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free
