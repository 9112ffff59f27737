"""The gate that every request passes, images, pages and statement files alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from scrapy import Request
from scrapy.exceptions import IgnoreRequest

from crawler.frontier import host_of
from crawler.outcomes import MOVED
from crawler.resolver import refused_address
from crawler.statements import HostHeld, Statements

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.work import Work

_MAX_HOPS = 5
_STATEMENT_BYTES = 2**20


class Refused(IgnoreRequest):
    """A rule forbids the request; `args` are the reason in one word and the evidence."""


class Held(IgnoreRequest):
    """The host may not be asked in this run; `args` are host and cause."""


class GateMiddleware:
    """Address rules, opt-out statements, then the host's turn, in that order and for every request.

    Scrapy's own robots.txt part is not used: it takes an error for permission (RFC 9309 takes it for a ban).
    """

    def __init__(self, crawler: Crawler, work: Work) -> None:
        self._crawler, self._work = crawler, work
        wait = work.paces.of(host_of(work.source.base)).block_rest / 20
        self._statements = Statements(work.catalogue, self._fetch, wait=wait, exempt=work.is_documented_call)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> GateMiddleware:
        """How Scrapy makes it."""
        return cls(crawler, crawler.spider.work)  # type: ignore[union-attr]

    async def process_request(self, request: Request) -> None:
        """Let a request through when all rules allow it and its host's turn has come.

        Raises:
            Refused: a rule or a statement forbids it.
            Held: the host's statements cannot be read.
        """
        reason = self._work.guard.refuses(request.url)
        if reason:
            raise Refused(reason, request.url)
        if not request.meta.get("is_statement"):
            await self._heed_statements(request)
        await self._work.paces.turn(host_of(request.url))

    async def _heed_statements(self, request: Request) -> None:
        try:
            refusal = await self._statements.refusal(request.url)
            self._work.paces.slow_down(host_of(request.url), await self._statements.delay(request.url))
        except HostHeld as held:
            raise Held(*held.args) from held
        evidence = self._statements.evidence(request.url)
        request.meta["statements"] = evidence
        if refusal:
            raise Refused(refusal, f"{refusal} {evidence[refusal]}")

    async def _fetch(self, url: str) -> tuple[int, bytes]:
        """Ask for a statement file, following redirects by hand so that each hop passes the gate."""
        for _ in range(_MAX_HOPS + 1):
            answer = await self._ask(url)
            if answer is None or answer.status not in MOVED:
                return (answer.status, answer.body) if answer is not None else (0, b"")
            url = urljoin(url, answer.headers.get("Location", b"").decode("latin-1"))
        return 404, b""  # five hops are as good as no statement (RFC 9309, 2.3.1.2)

    async def _ask(self, url: str) -> Any:
        meta = {"is_statement": True, "download_maxsize": _STATEMENT_BYTES}
        try:
            return await self._crawler.engine.download_async(Request(url, meta=meta))
        except Exception as error:
            address = refused_address(url)
            if address:
                raise Refused("private-address", f"{url} leads to {address}") from error
            return None  # every other failure to answer means the same here
