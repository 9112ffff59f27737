"""One shard from its plan to a finished file with its receipt. Runs on a worker, knows nothing of Beam."""

from __future__ import annotations

import json
import time
from functools import lru_cache
from pathlib import Path

import cv2

from imaging.errors import ImagicError
from pipelines.dataset.examples import ImageFailed, Work, image_examples
from pipelines.dataset.plan import PlannedImage, Rejection
from pipelines.dataset.records import WRITERS, RecordWriter
from pipelines.dataset.size import parse_size
from pipelines.dataset.workspace import Receipt, Workspace
from pipelines.storage import place, publish, remote

_REPORT_S, _REPORT_FAR_S = 0.25, 10.0  # between two notes to the progress file, on a disk and in a bucket


class Tally:
    """Counts a shard's pictures, and notes them where the progress bar looks."""

    def __init__(self, path: Path) -> None:
        self.images = self.examples = self.num_bytes = 0
        self.failures: list[Rejection] = []
        self._path, self._noted = path, 0.0

    def note(self, *, now: bool = False) -> None:
        """Writes the counts, unless that was done a moment ago."""
        if now or time.monotonic() - self._noted > (_REPORT_FAR_S if remote(self._path) else _REPORT_S):
            self._noted = time.monotonic()
            failed = sum(failure.failed for failure in self.failures)
            self._path.write_text(f"{self.images + len(self.failures)} {failed}")


def missing_shards(folder: str) -> list[str]:
    """Returns the names of the shards that a job has to write."""
    return Workspace(place(folder)).load_missing()


def write_shard(folder: str, name: str) -> str:
    """Writes a planned shard and its receipt, and returns its name.

    The file is made under a temporary name, brought to the disk, and renamed: it is whole or not there. Nothing is
    raised, because Beam's local runner hangs when two workers raise at once: trouble with one picture goes to the
    receipt; trouble with the whole job (a full disk) is noted in the workspace, and stops the other workers.

    Args:
        folder: of the dataset.
        name: of the shard.
    """
    cv2.setNumThreads(1)
    workspace = Workspace(place(folder))
    try:
        _finish(workspace, name)
    except ImagicError as error:
        workspace.stop(error)
    except OSError as error:
        told = f"{name} ({error.strerror or error})"
        workspace.stop(ImagicError("A shard must be written to the disk", told, "Make room and start it again"))
    except Exception as error:
        told = f"{name} ({type(error).__name__}: {error})"
        workspace.stop(ImagicError("A shard must be written whole", told, "What is finished is kept; start it again"))
    return name


def _finish(workspace: Workspace, name: str) -> None:
    partial = workspace.partial_file(name)
    try:
        receipt = _write(workspace, name, partial)
        if receipt:
            publish(partial, workspace.folder / name)
            workspace.store_receipt(receipt)
    finally:
        partial.unlink(missing_ok=True)


def _write(workspace: Workspace, name: str, partial: Path) -> Receipt | None:
    """Writes the records; None when the job was told to stop in between."""
    work, suffix = planned_work(workspace.plan_text())
    tally = Tally(workspace.progress_file(name))
    writer = WRITERS[suffix](partial)
    try:
        for image in workspace.load_shard(name):
            if workspace.stopped():
                return None
            _add(image, work, writer, tally)
            tally.note()
    finally:
        sha256 = writer.close()
    tally.note(now=True)
    size = partial.stat().st_size
    return Receipt(name, tally.images, tally.examples, tally.num_bytes, size, sha256, tuple(tally.failures))


def _add(image: PlannedImage, work: Work, writer: RecordWriter, tally: Tally) -> None:
    """Writes a picture's examples: all of them or none, so that the counts stay true."""
    try:
        records = list(image_examples(image, work))
    except ImageFailed as error:
        tally.failures.append(error.rejection)
        return
    for record in records:
        writer.write(record)
        tally.num_bytes += len(record)
    tally.images, tally.examples = tally.images + 1, tally.examples + len(records)


@lru_cache(maxsize=4)
def planned_work(text: str) -> tuple[Work, str]:
    """Returns what a plan says is to be done, and the record format."""
    from imaging.recipes import get_recipe

    plan = json.loads(text)
    recipe, options = get_recipe(plan["recipe"]), plan["options"]
    if recipe.digest != plan["identity"]["recipe digest"]:
        raise ImagicError("Workers use the recipe that was planned with", plan["recipe"], "Update the workers' files")
    size = parse_size(options["size"])
    return Work(recipe, options["seed"], options["variants"], size, options["max_pixels"]), options["format"]
