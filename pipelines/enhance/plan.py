"""Which pictures there are, and where each one's result goes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from imaging.files import find_images
from imaging.header import RAW_SUFFIXES
from pipelines.enhance.options import RAW_OUTPUTS, EnhanceOptions
from pipelines.enhance.worker import Task

TASKS_NAME = ".enhance.tasks"


def plan(options: EnhanceOptions) -> list[Task]:
    """List every picture below the input, with its result's path: the same, but for camera raw's suffix.

    Two pictures whose results would be one file (`a.dng` and `a.tif`; on a file system that ignores case, `A.jpg` and
    `a.jpg` as well) collide: the one that keeps its own name has it, or the first, and the others become failures.
    """
    if options.input.is_file():
        return [_task(Path(options.input.name), options)]
    tasks = [_task(path.relative_to(options.input), options) for path in find_images(options.input)]
    claims: dict[str, list[Task]] = defaultdict(list)
    for task in sorted(tasks, key=lambda task: (task.path != task.output, task.path)):
        claims[task.output.casefold()].append(task)
    return [_refused(task, claims[task.output.casefold()][0]) for task in tasks]


def store_tasks(out: Path, tasks: list[Task]) -> None:
    """Write the tasks of a job beside its ledger, where workers read them."""
    lines = [json.dumps([task.path, task.output, task.collision]) for task in tasks]
    (out / TASKS_NAME).write_text("".join(f"{line}\n" for line in lines), "ascii")


def load_tasks(out: str) -> Iterator[Task]:
    """Yield what `store_tasks` wrote."""
    with Path(out, TASKS_NAME).open(encoding="ascii") as lines:
        for line in lines:
            yield Task(*json.loads(line))


def _task(path: Path, options: EnhanceOptions) -> Task:
    if path.suffix.lower() in RAW_SUFFIXES:
        return Task(str(path), str(path.with_suffix(RAW_OUTPUTS[options.raw_format])))
    return Task(str(path), str(path))


def _refused(task: Task, first: Task) -> Task:
    return task if task == first else replace(task, collision=f"its result would be that of {first.path}")
