"""Whose turn it is: jobs run one after the other, and whoever has waited longest since the last turn comes next."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from imaging.errors import ImagicError
from studio.refusals import Refused

Report = Callable[[float, str], None]
Work = Callable[[Report], Any]

_REMEMBERED = 1024
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Client:
    """Who asks: the address, and the browser or program there ("" where it does not say)."""

    address: str
    name: str = ""


@dataclass(eq=False)
class Job:
    """One piece of work.

    Attributes:
        id: unguessable name.
        client: who asked for it.
        work: called with a function that takes the share done (0 to 1) and what is being done.
        future: the outcome.
        share, note: how far it is.
    """

    client: Client
    work: Work
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    future: Future[Any] = field(default_factory=Future)
    share: float = 0.0
    note: str = ""
    stopped: bool = False

    @property
    def state(self) -> str:
        """waiting, running, done, failed or cancelled."""
        if not self.future.done():
            return "running" if self.future.running() else "waiting"
        error = self.future.exception()
        if isinstance(error, Refused) and error.kind == "cancelled":
            return "cancelled"
        return "failed" if error else "done"

    def report(self, share: float, note: str) -> None:
        """Note how far the work is; raises Refused where it is to stop."""
        if self.stopped:
            raise Refused("cancelled")
        self.share, self.note = share, note


class FairQueue:
    """Runs jobs on its own threads.

    The next job is that of the address served longest ago; there, of the client served longest ago; there, the first.
    So one client's hundred pictures delay another's single one by one picture, and a second name at the same address
    gains nothing over other addresses.

    Args:
        workers: jobs at the same time.
        capacity: jobs that may wait.
    """

    def __init__(self, workers: int, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: list[Job] = []
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._served: OrderedDict[object, int] = OrderedDict()
        self._turn = 0
        self._open = True
        self._changed = threading.Condition(threading.RLock())
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, client: Client, work: Work) -> Job:
        """Enter a job; Refused when too many wait."""
        with self._changed:
            if len(self._waiting) >= self._capacity:
                raise Refused("busy", f"{len(self._waiting)} waiting")
            job = Job(client, work)
            self._waiting.append(job)
            self._jobs[job.id] = job
            self._forget()
            self._changed.notify()
        return job

    def find(self, job_id: str) -> Job:
        """Return a job that is waiting, running or not long finished; Refused otherwise."""
        with self._changed:
            job = self._jobs.get(job_id)
        if job is None:
            raise Refused("not-found")
        return job

    def ahead(self, job: Job) -> int:
        """Return how many waiting jobs will start before this one, as things stand."""
        with self._changed:
            waiting, served, turn = list(self._waiting), dict(self._served), self._turn
        for count in range(len(waiting)):
            following = _next(waiting, served)
            if following is job:
                return count
            waiting.remove(following)
            turn += 1
            served[following.client.address] = served[following.client] = turn
        return 0

    def cancel(self, job: Job) -> None:
        """Drop a waiting job, or stop a running one where it next reports."""
        with self._changed:
            job.stopped = True
            if job in self._waiting:
                self._waiting.remove(job)
                job.future.set_exception(Refused("cancelled"))

    def close(self) -> None:
        """Drop what waits, let the running ones end, and stop the threads."""
        with self._changed:
            self._open = False
            for job in list(self._jobs.values()):
                self.cancel(job)
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def _run(self) -> None:
        while (job := self._take()) is not None:
            try:
                job.future.set_result(job.work(job.report))
            except Exception as error:
                if not isinstance(error, ImagicError):  # a client is told that it failed, the terminal why
                    _LOG.exception("A job failed")
                job.future.set_exception(error)
            job.work = _nothing  # what the work held on to can go

    def _take(self) -> Job | None:
        with self._changed:
            while self._open:
                if self._waiting:
                    job = _next(self._waiting, self._served)
                    self._waiting.remove(job)
                    self._note_turn(job)
                    job.future.set_running_or_notify_cancel()
                    return job
                self._changed.wait()
            return None

    def _note_turn(self, job: Job) -> None:
        self._turn += 1
        for who in (job.client.address, job.client):
            self._served.pop(who, None)
            self._served[who] = self._turn
        while len(self._served) > _REMEMBERED:
            self._served.popitem(last=False)

    def _forget(self) -> None:
        finished = [job_id for job_id, job in self._jobs.items() if job.future.done()]
        for job_id in finished[: max(len(self._jobs) - _REMEMBERED, 0)]:
            del self._jobs[job_id]


def _next(waiting: list[Job], served: Any) -> Job:
    """Return the job whose address, then whose client, was served longest ago; the list is in order of arrival."""
    return min(waiting, key=lambda job: (served.get(job.client.address, 0), served.get(job.client, 0)))


def _nothing(report: Report) -> None:
    return None
