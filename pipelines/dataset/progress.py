"""Watching a job from outside: a progress bar, and the stop when too many pictures failed.

Workers note their counts in files, so this works the same for threads, processes and machines with a shared disk.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import TracebackType

from tqdm import tqdm

from imaging.errors import ImagicError
from pipelines.dataset.options import FailureLimit
from pipelines.dataset.workspace import Workspace
from pipelines.storage import remote

_LOOK_S, _LOOK_FAR_S = 0.5, 10.0  # between two looks at the workers' notes, on a disk and in a bucket


@dataclass(frozen=True)
class Budget:
    """When to stop.

    Attributes:
        limit: pictures that may fail.
        inputs: pictures in all.
        failed_before: pictures that failed before this job.
    """

    limit: FailureLimit
    inputs: int
    failed_before: int

    def check(self, failed: int) -> None:
        """Raises ImagicError when `failed` more pictures are too many."""
        if self.limit.exceeded(self.failed_before + failed, self.inputs):
            raise ImagicError(
                "No more pictures may fail than --max-failures allows",
                f"{self.failed_before + failed} failed of {self.inputs}",
                "Look at the pictures, or allow more; finished shards are kept",
            )


class Watch:
    """Shows the progress of a job while it is entered, and tells its workers to stop when the budget is spent.

    Args:
        workspace: of the build.
        total: pictures that this job works on.
        title: of the bar.
        budget: when to stop.
        shown: whether there is a bar.
    """

    def __init__(self, workspace: Workspace, total: int, title: str, budget: Budget, shown: bool) -> None:
        self._workspace, self._budget = workspace, budget
        self._bar = tqdm(total=total, desc=title, unit=" images", disable=not shown, smoothing=0.1)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_often, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        self._look()
        self._bar.close()

    def _look_often(self) -> None:
        while not self._ended.wait(_LOOK_FAR_S if remote(self._workspace.folder) else _LOOK_S):
            self._look()

    def _look(self) -> None:
        done, failed = counts(self._workspace)
        self._bar.update(done - self._bar.n)
        try:
            self._budget.check(failed)
        except ImagicError as error:
            self._workspace.stop(error)


def counts(workspace: Workspace) -> tuple[int, int]:
    """Returns how many pictures the job has done, and how many of them failed."""
    done = failed = 0
    for noted in workspace.progress():
        words = noted.split()
        if len(words) == 2:  # a file that is just being written is empty, and is read again soon
            done, failed = done + int(words[0]), failed + int(words[1])
    return done, failed
