from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from studio.queue import Client, FairQueue
from studio.refusals import Refused

ANN, BOB, EVE = Client("10.0.0.1", "ann"), Client("10.0.0.2", "bob"), Client("10.0.0.2", "eve")


@pytest.fixture
def queue() -> Iterator[FairQueue]:
    made = FairQueue(workers=1, capacity=20)
    yield made
    made.close()


class Held:
    """Keeps the only worker busy until told, so that an order can be arranged; notes the order of the rest."""

    def __init__(self, queue: FairQueue) -> None:
        self.go, started = threading.Event(), threading.Event()
        self.queue, self.order = queue, []
        queue.submit(Client("10.0.0.9"), lambda report: (started.set(), self.go.wait(10)))
        assert started.wait(10)

    def submit(self, client: Client, name: str):
        return self.queue.submit(client, lambda report: self.order.append(name))


def test_one_clients_many_jobs_do_not_keep_another_waiting(queue):
    held = Held(queue)
    jobs = [held.submit(ANN, f"ann{i}") for i in range(4)]
    jobs += [held.submit(BOB, f"bob{i}") for i in range(2)]
    assert [queue.ahead(job) for job in jobs] == [0, 2, 4, 5, 1, 3]
    held.go.set()
    for job in jobs:
        job.future.result(10)
    assert held.order == ["ann0", "bob0", "ann1", "bob1", "ann2", "ann3"]


def test_a_second_name_at_an_address_gains_nothing_over_other_addresses(queue):
    held = Held(queue)
    jobs = [held.submit(who, f"{who.name}{i}") for i in range(2) for who in (BOB, EVE, ANN)]
    held.go.set()
    for job in jobs:
        job.future.result(10)
    assert held.order == ["bob0", "ann0", "eve0", "ann1", "bob1", "eve1"]


def test_more_jobs_than_may_wait_are_sent_away():
    queue = FairQueue(workers=1, capacity=2)
    held = Held(queue)
    for _ in range(2):
        held.submit(ANN, "")
    with pytest.raises(Refused) as caught:
        held.submit(ANN, "")
    held.go.set()
    queue.close()
    assert caught.value.kind == "busy"


def test_a_waiting_job_is_cancelled_at_once_and_never_runs(queue):
    held = Held(queue)
    job = held.submit(ANN, "never")
    queue.cancel(job)
    held.go.set()
    held.submit(ANN, "after").future.result(10)
    assert job.state == "cancelled" and held.order == ["after"]


def test_a_running_job_is_stopped_where_it_next_reports(queue):
    go, started = threading.Event(), threading.Event()

    def work(report):
        report(0.5, "half")
        started.set()
        go.wait(10)
        report(0.6, "never told")

    job = queue.submit(ANN, work)
    assert started.wait(10) and (job.state, job.share, job.note) == ("running", 0.5, "half")
    queue.cancel(job)
    go.set()
    assert isinstance(job.future.exception(10), Refused)
    assert (job.state, job.note) == ("cancelled", "half")


def test_a_job_that_fails_is_logged_and_leaves_the_worker_alive(queue, caplog):
    failed = queue.submit(ANN, lambda report: 1 / 0)
    assert isinstance(failed.future.exception(10), ZeroDivisionError) and failed.state == "failed"
    assert "ZeroDivisionError" in caplog.text
    assert queue.submit(ANN, lambda report: 7).future.result(10) == 7


def test_an_unknown_job_is_not_found(queue):
    with pytest.raises(Refused):
        queue.find("x")


def test_closing_ends_what_waits(queue):
    held = Held(queue)
    job = held.submit(ANN, "never")
    held.go.set()
    queue.close()
    assert job.state in ("cancelled", "done")
    assert not any(thread.is_alive() for thread in queue._threads)
