"""What a host states about crawlers: robots.txt, tdmrep.json and ai.txt, asked once a day and kept in the catalogue."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from crawler.catalogue import Catalogue
from crawler.optout import crawl_delay, refused_by_robots, refused_by_tdmrep

PATHS = {"robots.txt": "/robots.txt", "tdmrep.json": "/.well-known/tdmrep.json", "ai.txt": "/ai.txt"}
MAX_AGE = 24 * 3600.0
MAX_TEXT = 512 * 1024
_TRIES = 3

Fetch: TypeAlias = Callable[[str], Awaitable[tuple[int, bytes]]]
"""Asks an address, follows redirects, and gives the status (0 when there was no answer) and the body."""


class HostHeld(Exception):
    """A host's statements cannot be read now, so nothing may be asked of it in this run; `args` are host and cause."""


@dataclass(frozen=True)
class Statement:
    """One statement file: the status with which it was answered, and its text (empty unless that was 200)."""

    status: int
    text: str = ""

    @property
    def evidence(self) -> str:
        """Status, and a digest of the text, to be stored with every image."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:16]
        return f"{self.status} sha256:{digest}" if self.text else f"{self.status}"


class Statements:
    """The statements of all hosts of one run.

    Args:
        catalogue: keeps them for a day.
        fetch: asks for a file.
        wait: seconds before another try when a host answers with an error of its own.
        exempt: whether robots.txt is silent for an address, being a documented API call and not a page.
    """

    def __init__(
        self, catalogue: Catalogue, fetch: Fetch, *, wait: float, exempt: Callable[[str], bool] = lambda url: False
    ) -> None:
        self._catalogue, self._fetch, self._wait, self._exempt = catalogue, fetch, wait, exempt
        self._known: dict[str, dict[str, Statement]] = {}
        self._held: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def refusal(self, url: str) -> str:
        """The statement that forbids an address, "" when none does.

        Raises:
            HostHeld: a statement cannot be read: the host has an error, which is not the same as no statement.
        """
        told = await self._of(origin_of(url))
        checks = {
            "robots.txt": not self._exempt(url) and refused_by_robots(told["robots.txt"].text, url),
            "ai.txt": refused_by_robots(told["ai.txt"].text, url),
            "tdmrep.json": refused_by_tdmrep(told["tdmrep.json"].text, url),
        }
        return next((name for name, refuses in checks.items() if refuses), "")

    async def delay(self, url: str) -> float:
        """The crawl-delay that robots.txt asks for, in seconds."""
        return crawl_delay((await self._of(origin_of(url)))["robots.txt"].text)

    def evidence(self, url: str) -> dict[str, str]:
        """Status and digest of each statement that was looked at for an address."""
        return {name: statement.evidence for name, statement in self._known.get(origin_of(url), {}).items()}

    async def _of(self, origin: str) -> dict[str, Statement]:
        if origin in self._held:
            raise HostHeld(urlsplit(origin).netloc, self._held[origin])
        if origin not in self._known:
            async with self._locks.setdefault(origin, asyncio.Lock()):
                if origin not in self._known:
                    self._known[origin] = self._recall(origin) or await self._ask(origin)
        return self._known[origin]

    def _recall(self, origin: str) -> dict[str, Statement] | None:
        kept = self._catalogue.statements(origin, time.time() - MAX_AGE)
        return {name: Statement(**fields) for name, fields in json.loads(kept).items()} if kept else None

    async def _ask(self, origin: str) -> dict[str, Statement]:
        told = {name: await self._ask_one(origin, name) for name in PATHS}
        kept = json.dumps({name: asdict(statement) for name, statement in told.items()})
        self._catalogue.keep_statements(origin, kept, time.time())
        return told

    async def _ask_one(self, origin: str, name: str) -> Statement:
        """One file; an error of the host (5xx, 429, no answer) is tried again and then holds the host (RFC 9309)."""
        status = 0
        for attempt in range(_TRIES):
            if origin in self._held:
                break
            if attempt:
                await asyncio.sleep(self._wait * attempt)
            status, body = await self._fetch(origin + PATHS[name])
            if status == 200:
                return Statement(status, body[:MAX_TEXT].decode("utf-8", "replace"))
            if 0 < status < 500 and status != 429:
                return Statement(status)
        self._held.setdefault(origin, f"{name} answered {status or 'nothing'}")
        raise HostHeld(urlsplit(origin).netloc, self._held[origin])


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
