import asyncio
from itertools import pairwise

import pytest

from crawler.options import CrawlOptions
from crawler.pace import HostPaces, is_within_hours
from crawler.spiders import get_source
from imaging.errors import MisuseError


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self, hour: int = 12) -> None:
        self.now, self.hour = 0.0, hour

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if seconds == 60.0:
            self.hour = (self.hour + 1) % 24


def paces_for(time: FakeTime, source: str = "met", **more) -> HostPaces:
    options = CrawlOptions(source, "out", **more)
    reader = get_source(options)
    return HostPaces(reader, options, clock=time.clock, sleep=time.sleep, local_hour=lambda: time.hour)


def turns(paces: HostPaces, time: FakeTime, host: str, count: int) -> list[float]:
    async def take() -> list[float]:
        moments = []
        for _ in range(count):
            await paces.turn(host)
            moments.append(time.now)
        return moments

    return asyncio.run(take())


def test_a_host_is_asked_at_most_once_a_second():
    time = FakeTime()
    moments = turns(paces_for(time), time, "images.metmuseum.org", 5)
    gaps = [after - before for before, after in pairwise(moments)]
    assert moments[0] == 0.0
    assert all(1.0 <= gap <= 1.2 for gap in gaps)


def test_hosts_do_not_wait_for_each_other():
    time = FakeTime()
    paces = paces_for(time)
    turns(paces, time, "a.example", 1)
    assert turns(paces, time, "b.example", 1) == [0.0]


def test_a_rest_holds_for_the_host_and_a_crawl_delay_slows_it_down():
    time = FakeTime()
    paces = paces_for(time)
    paces.rest("a.example", 90.0)
    paces.slow_down("a.example", 10.0)
    first, second = turns(paces, time, "a.example", 2)
    assert first == 90.0 and 10.0 <= second - first <= 12.0
    assert paces.of("a.example").connections == 1


def test_a_crawl_delay_never_makes_a_host_faster():
    paces = paces_for(FakeTime())
    paces.slow_down("a.example", 0.1)
    assert paces.of("a.example").delay == 1.0


def test_upload_wikimedia_org_grants_two_connections_and_everyone_else_one():
    paces = paces_for(FakeTime(), "commons", query="pond")
    assert paces.of("upload.wikimedia.org").connections == 2
    assert paces.of("example.org").connections == 1


def test_the_named_loopback_host_alone_needs_no_manners():
    paces = paces_for(FakeTime(), base_url="http://127.0.0.1:8080")
    assert paces.of("127.0.0.1:8080").delay == 0.0
    assert paces.of("example.org").delay == 1.0


def test_the_user_s_delay_only_raises():
    assert paces_for(FakeTime(), delay=5.0).of("example.org").delay == 5.0
    with pytest.raises(MisuseError, match="only be raised"):
        CrawlOptions("met", "out", delay=0.2)


def test_the_budget_of_a_host_ends():
    time = FakeTime()
    paces = paces_for(time, host_budget=2)
    turns(paces, time, "a.example", 2)
    assert paces.is_exhausted("a.example") and not paces.is_exhausted("b.example")


def test_outside_the_working_hours_nothing_is_asked():
    time = FakeTime(hour=20)
    turns(paces_for(time, hours="22-6"), time, "a.example", 1)
    assert time.hour == 22


@pytest.mark.parametrize(
    ("hour", "hours", "within"),
    [(23, "22-6", True), (5, "22-6", True), (6, "22-6", False), (12, "9-17", True), (17, "9-17", False), (3, "", True)],
)
def test_a_window_may_pass_midnight(hour, hours, within):
    assert is_within_hours(hour, hours) is within
