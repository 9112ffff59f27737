"""Scrapy's scheduler, fed by the frontier: what the engine asks next is read from the catalogue, never from memory.

Nothing is marked when a request goes out, so whatever was under way at a kill is simply still pending.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.core.scheduler import BaseScheduler

from crawler.frontier import DETAIL_RANK, IMAGE_RANK, LISTING_RANK, FrontierRow
from crawler.work import Work

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_READ_AHEAD = 32
# Pages wait while so many images do: a listing of a million works need not be read to fetch a hundred.
_ENOUGH_IMAGES = 200


class FrontierScheduler(BaseScheduler):
    """Hands out rows: at most as many per host as its pace allows, hosts in turn, images before pages."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._flying: dict[int, FrontierRow] = {}
        self._per_host: Counter[str] = Counter()
        self._ahead: dict[str, deque[FrontierRow]] = {}
        self._hosts: deque[str] = deque()
        self._stored_before = 0
        self.changed()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FrontierScheduler:
        """How Scrapy makes it."""
        return cls(crawler.spider.work)  # type: ignore[union-attr]

    def open(self, spider: Any) -> None:
        """Called by the engine before the first request."""
        self._make_request = spider.request
        self._stored_before = self._work.frontier.count("stored")

    def enqueue_request(self, request: Request) -> bool:
        """Never used: addresses enter through the frontier, in the transaction that found them."""
        return False

    def has_pending_requests(self) -> bool:
        """Whether anything is left for this run."""
        return self._images_left() > 0 and self._work.frontier.has_pending(self._unavailable())

    def next_request(self) -> Request | None:
        """The next request whose host has a free connection."""
        if self._images_left() <= 0:
            return None
        for _ in range(len(self._hosts)):
            host = self._hosts[0]
            self._hosts.rotate(-1)
            row = self._take(host) if self._is_free(host) else None
            if row:
                self._flying[row.id] = row
                self._per_host[row.host] += 1
                request: Request = self._make_request(row)
                return request
        return None

    def release(self, row: FrontierRow) -> None:
        """The row's outcome is committed; its connection is free."""
        if self._flying.pop(row.id, None):
            self._per_host[row.host] -= 1

    def changed(self) -> None:
        """Rows were added or moved: look again."""
        self._ahead.clear()
        self._hosts = deque(self._work.frontier.hosts())

    def _images_left(self) -> float:
        """How many images may still be handed out before `--limit` could be passed."""
        limit = 0 if self._work.trouble else self._work.options.limit
        if limit is None:
            return float("inf")
        flying = sum(row.is_image for row in self._flying.values())
        return limit - self._stored_before - self._work.tally["stored"] - flying

    def _is_free(self, host: str) -> bool:
        paces = self._work.paces
        return host not in self._unavailable() and self._per_host[host] < paces.of(host).connections

    def _unavailable(self) -> set[str]:
        exhausted = {host for host in self._hosts if self._work.paces.is_exhausted(host)}
        return exhausted | set(self._work.held)

    def _take(self, host: str) -> FrontierRow | None:
        rows = self._ahead.setdefault(host, deque())
        if not rows:
            rows.extend(self._read(host))
        return rows.popleft() if rows else None

    def _read(self, host: str) -> list[FrontierRow]:
        rank = IMAGE_RANK if self._has_enough_images() else LISTING_RANK
        count = _READ_AHEAD + self._per_host[host]
        found = self._work.frontier.next_rows(host, rank=rank, count=count)
        waiting = [row for row in found if row.id not in self._flying]
        # One page at a time beyond images: what it brings decides what comes next.
        images = [row for row in waiting if row.rank < DETAIL_RANK]
        return images or waiting[:1]

    def _has_enough_images(self) -> bool:
        return self._work.frontier.has_images(_ENOUGH_IMAGES, self._unavailable())
