"""Manners: how often, how many at a time, how many in all, and when at all a host is asked."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from crawler.options import CrawlOptions
from crawler.spiders.base import OWN_MACHINE, Pace, Source

JITTER = 0.2
LONGEST_REST = 15 * 60.0


class HostPaces:
    """Keeps the pace of every host of one run.

    Args:
        source: declares the paces of its hosts.
        options: may slow all hosts down, and names the loopback host that needs no manners.
        clock: seconds that only grow.
        sleep: waits that many seconds.
        local_hour: the hour of the day, for the working window.
    """

    def __init__(
        self,
        source: Source,
        options: CrawlOptions,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        local_hour: Callable[[], int] = lambda: datetime.now().hour,
    ) -> None:
        self._source, self._options = source, options
        self._clock, self._sleep, self._local_hour = clock, sleep, local_hour
        self._paces: dict[str, Pace] = {}
        self._free_at: dict[str, float] = {}
        self._used: Counter[str] = Counter()

    def of(self, host: str) -> Pace:
        """The pace of a host: what the source declares or politeness demands, and never less than the user's delay."""
        if host not in self._paces:
            own = self._options.is_loopback and self._source.base.partition("//")[2].partition("/")[0] == host
            declared = OWN_MACHINE if own else self._source.pace(host)
            self._paces[host] = replace(declared, delay=max(declared.delay, self._options.delay or 0.0))
        return self._paces[host]

    def slow_down(self, host: str, delay: float) -> None:
        """Raise the delay of a host, as its robots.txt asks."""
        pace = self.of(host)
        if delay > pace.delay:
            self._paces[host] = replace(pace, delay=delay, connections=1)

    def rest(self, host: str, seconds: float) -> None:
        """Leave a host alone for a while."""
        self._free_at[host] = max(self._free_at.get(host, 0.0), self._clock() + min(seconds, LONGEST_REST))

    def is_exhausted(self, host: str) -> bool:
        """Whether the run's budget for the host is used up."""
        return 0 < self._options.host_budget <= self._used[host]

    async def turn(self, host: str) -> None:
        """Wait until the host may be asked, and count the request."""
        await self._wait_for_window()
        self._used[host] += 1
        delay = self.of(host).delay * random.uniform(1.0, 1.0 + JITTER)
        while True:
            wait = self._free_at.get(host, 0.0) - self._clock()
            if wait <= 0:
                break
            await self._sleep(wait)
        self._free_at[host] = self._clock() + delay

    async def _wait_for_window(self) -> None:
        while not is_within_hours(self._local_hour(), self._options.hours):
            await self._sleep(60.0)


def is_within_hours(hour: int, hours: str) -> bool:
    """Whether an hour lies in a window such as "22-6" (ends exclusive, may pass midnight); "" is always."""
    if not hours:
        return True
    start, end = (int(part) for part in hours.split("-"))
    return start <= hour < end if start <= end else hour >= start or hour < end
