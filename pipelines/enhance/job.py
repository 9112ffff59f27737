"""Enhance an archive: a tree of pictures in, the same tree out, and a ledger of what happened to every one."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from imaging.errors import ImagicError
from imaging.files import is_draft
from pipelines.check import check_runner
from pipelines.enhance.ledger import LEDGER_NAME, Ledger
from pipelines.enhance.models import Factory, load_restorer, settings_of
from pipelines.enhance.options import EnhanceOptions
from pipelines.enhance.plan import load_tasks, plan, store_tasks
from pipelines.enhance.progress import showing_progress
from pipelines.runners import run_pipeline

if TYPE_CHECKING:
    import apache_beam as beam

_LABELS = {
    "enhanced": "enhanced",
    "passed": "good as they were, copied byte for byte",
    "skipped": "done before, left alone",
    "failed": "failed",
    "not reached": "not reached",
}


@dataclass(frozen=True)
class EnhanceReport:
    """How a job ended.

    Attributes:
        inputs: pictures found.
        counts: how many came to which outcome; they add up to `inputs`, or the job has failed.
        failures: how many failed, by reason.
        stopped: why the job stopped early; empty when it did not.
        out: the output folder.
        notes: further lines for the reader.
        dry_run: nothing was done; the notes say what would be.
    """

    inputs: int
    counts: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    stopped: str = ""
    out: Path = Path()
    notes: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def exit_code(self) -> int:
        """0 when all is done, 3 when some pictures failed, 1 when the job stopped or the counts do not add up."""
        if self.dry_run:
            return 0
        if self.stopped or sum(self.counts.values()) != self.inputs:
            return 1
        return 3 if self.counts.get("failed") else 0

    def lines(self) -> list[str]:
        """Say it for a terminal."""
        if self.dry_run:
            return list(self.notes)
        lines = [f"{self.inputs} pictures found"]
        lines += [f"  {self.counts[name]:>7} {label}" for name, label in _LABELS.items() if self.counts.get(name)]
        lines += [f"          {count} {reason}" for reason, count in self.failures.items()]
        missing = self.inputs - sum(self.counts.values())
        if missing:
            lines.append(f"  {missing:>7} unaccounted for: run again")
        if self.stopped:
            lines.append(f"Stopped early: {self.stopped}. What is done is kept; run again to go on")
        return [*lines, *self.notes]


def enhance(options: EnhanceOptions, factory: Factory = load_restorer) -> EnhanceReport:
    """Enhance every picture of an archive, exactly once however often it is run.

    Args:
        options: what to do.
        factory: loads a model by name and engine. It is pickled, so it is a function of a module.

    Raises:
        MisuseError: for options that cannot be met, before anything is written.
        ImagicError: when another job works on the same output, or the pipeline itself breaks.
    """
    check_runner(options.runner, (str(options.input), str(options.out)))
    # Workers may start in another directory.
    options = replace(options, input=options.input.absolute(), out=options.out.absolute())
    tasks = plan(options)
    if options.dry_run:
        from pipelines.enhance.estimate import estimate

        return EnhanceReport(len(tasks), notes=tuple(estimate(options, tasks, factory)), dry_run=True)
    settings = settings_of(options, factory)
    options.out.mkdir(parents=True, exist_ok=True)
    with _alone(options.out):
        _remove_drafts(options.out)
        ledger = Ledger(options.out / LEDGER_NAME)
        try:
            run = ledger.begin_run(settings, len(tasks))
            allowed = options.failures_allowed(len(tasks))
            began = time.monotonic()
            with showing_progress(ledger, run, len(tasks)):
                handler = (options, factory, run, allowed)
                store_tasks(options.out, tasks)
                run_pipeline(options.runner, lambda pipeline: add_steps(pipeline, handler))
            ledger.end_run(run)
            return _conclude(options, ledger, run, len(tasks), time.monotonic() - began)
        finally:
            ledger.close()


def add_steps(pipeline: beam.Pipeline, job: tuple[EnhanceOptions, Factory, int, int | None]) -> None:
    """Wire the job: only paths travel, and workers read them, so that the graph is small for any number of pictures."""
    import apache_beam as beam
    from apache_beam.ml.inference.base import RunInference

    from pipelines.enhance.handler import EnhanceHandler

    _ = (
        pipeline
        | "Name the archive" >> beam.Create([str(job[0].out)])
        | "List the pictures" >> beam.FlatMap(load_tasks)
        | "Spread them over the workers" >> beam.Reshuffle()
        | "Enhance each" >> RunInference(EnhanceHandler(*job))
    )


def _conclude(options: EnhanceOptions, ledger: Ledger, run: int, inputs: int, seconds: float) -> EnhanceReport:
    """Export the ledger, write the report and count."""
    from pipelines.enhance.report import write_report

    ledger.export(options.out)
    notes = [f"Ledger: {options.out / LEDGER_NAME}"]
    if options.report:
        notes.append(f"Report: {write_report(options, ledger, run, inputs, seconds)}")
    return EnhanceReport(
        inputs, ledger.counts(run), ledger.failures(run), ledger.stopped(run), options.out, notes=tuple(notes)
    )


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold the output folder for one job; the system lets go of it however the job ends."""
    with (out / ".enhance.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            rule = "One job at a time works on an output folder"
            raise ImagicError(rule, out, "Wait for the other one to end") from error
        yield


def _remove_drafts(out: Path) -> None:
    """Remove what a killed job left half-written; drafts are hidden and carry the project's name."""
    for folder, _, names in os.walk(out):
        for name in names:
            if is_draft(name):
                Path(folder, name).unlink(missing_ok=True)
