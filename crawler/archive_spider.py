"""The one Scrapy spider: it carries rows from the frontier to the network and their outcomes back.

Sources only parse (see `crawler.spiders`); redirects, retries and rests are decided here, so that each of them is a
committed state of the frontier and survives a kill.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin

from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.appraise import UnusableImage
from crawler.found import Answer, Candidate, Page
from crawler.frontier import FrontierRow, Verdict, wait_until
from crawler.intake import take_in
from crawler.judge import judge_all
from crawler.middlewares import Held, Refused
from crawler.optout import refused_by_headers
from crawler.outcomes import MOVED, Outcome, backoff, of_failure, of_status, retry_after
from crawler.pace import LONGEST_REST
from crawler.resolver import refused_address
from crawler.scheduler import FrontierScheduler
from crawler.work import Work

_ANSWER_BYTES = 16 * 2**20
# So many listing pages in a row that bring nothing new end a listing whose tokens go in circles.
_MOST_BARREN_PAGES = 20
_MOST_HOPS = 5


class ArchiveSpider(Spider):
    """Reads one source to its end, its limit, or the end of what can be read today.

    Args:
        work: the run's parts.
    """

    name = "archive"

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work
        # No more threads than cores: beyond that they only fight the reactor for the interpreter's lock.
        self._workers = ThreadPoolExecutor(os.cpu_count() or 2)

    async def start(self) -> AsyncIterator[Any]:
        """Put the seeds into the frontier; those that are known from an earlier run change nothing."""
        work = self.work
        with work.catalogue.transaction():
            work.frontier.add(judge_all(work.source.seeds(), work.options, work.guard))
        self._scheduler.changed()
        return
        yield  # makes this a generator, as Scrapy wants it

    def request(self, row: FrontierRow) -> Request:
        """The request for a row; its body may not grow beyond the cap, before or after decompression."""
        options = self.work.options
        most = options.max_bytes if row.is_image else _ANSWER_BYTES
        meta = {"row": row, "download_maxsize": most, "download_timeout": options.timeout}
        headers = self.work.source.headers(row.url)
        return Request(row.url, self.receive, errback=self.failed, meta=meta, headers=headers, dont_filter=True)

    async def receive(self, response: Response) -> None:
        """Commit what an answer means."""
        row: FrontierRow = response.meta["row"]
        try:
            await self._conclude(row, response)
        except Exception as error:
            self._fail(row, Outcome("internal-error"), repr(error))
            raise
        finally:
            self._release(row)

    def failed(self, failure: Failure) -> None:
        """Commit what the lack of an answer means."""
        row: FrontierRow = failure.request.meta["row"]  # type: ignore[attr-defined]
        error = failure.value or RuntimeError("no answer and no reason")
        if isinstance(error, Held):
            self.work.held[row.host] = str(error.args[1])
        elif isinstance(error, Refused):
            self._reject(row, *error.args)
        elif refused_address(row.url):
            self._reject(row, "private-address", f"leads to {refused_address(row.url)}")
        else:
            self._give_up_or_wait(row, of_failure(error), evidence=str(error.__cause__ or error))
        self._release(row)

    @property
    def _scheduler(self) -> FrontierScheduler:
        return self.crawler.engine.scheduler  # type: ignore[return-value]

    async def _conclude(self, row: FrontierRow, response: Response) -> None:
        outcome = of_status(response.status)
        if response.status in MOVED:
            self._follow(row, response)
        elif outcome:
            seconds = retry_after(header_lists(response))
            self._give_up_or_wait(row, outcome, seconds, evidence=f"status {response.status}")
        elif row.is_image:
            await self._take_image(row, response)
        else:
            self._read_page(row, response)

    def _follow(self, row: FrontierRow, response: Response) -> None:
        """A redirect is a new address for the same row, judged as strictly as the first one."""
        url = urljoin(row.url, (response.headers.get("Location") or b"").decode("latin-1"))
        refusal = "redirect-loop" if row.hops >= _MOST_HOPS else self.work.guard.refuses(url)
        if refusal:
            self._reject(row, refusal, f"redirected to {url}")
        else:
            self.work.frontier.move(row, url, row.payload, hops=row.hops + 1)
            self._scheduler.changed()

    def _read_page(self, row: FrontierRow, response: Response) -> None:
        work = self.work
        try:
            found = list(work.source.parse(row.kind, Answer(row.url, response.body, row.payload)))
        except Exception as error:  # a block page, a cut answer, a changed API: recorded with the page, tried again
            evidence = work.source.without_key(f"{error!r}; answer began {response.body[:200]!r}")
            self._give_up_or_wait(row, Outcome("unreadable-answer", may_pass=True), evidence=evidence)
            return
        judged = list(judge_all(found, work.options, work.guard))
        added = work.frontier.finish_page(row, [self._stop_circling(*pair, row) for pair in judged])
        work.tally["rejected"] += sum(bool(verdict.reason) for _, verdict in judged)
        work.tally["queued"] = work.frontier.count("pending", images_only=True)
        work.tally["pages"] += 1
        work.tally["found"] += added
        self._scheduler.changed()

    def _stop_circling(self, found: Candidate | Page, verdict: Verdict, row: FrontierRow) -> Any:
        """Count, in the next listing page's context, how many listing pages in a row brought nothing new."""
        if not (isinstance(found, Page) and found.is_listing):
            return found, verdict
        stalled = self.work.tally["found"] == row.payload.get("found_before")
        barren = int(row.payload.get("barren", 0)) + 1 if stalled else 0
        context = {**found.context, "barren": barren, "found_before": self.work.tally["found"]}
        refusal = verdict.reason or ("listing-goes-in-circles" if barren >= _MOST_BARREN_PAGES else "")
        return Page(found.url, found.kind, context, is_listing=True), Verdict(refusal)

    async def _take_image(self, row: FrontierRow, response: Response) -> None:
        refusal = refused_by_headers(header_lists(response))
        if refusal:
            self._reject(row, "opt-out", refusal)
            return
        try:
            signals = {**response.meta.get("statements", {}), "headers": "no refusal"}
            intake = asyncio.get_running_loop().run_in_executor(
                self._workers, take_in, row, response.body, self.work.options, signals
            )
            image = await intake
        except UnusableImage as unusable:
            reason = str(unusable.args[0])
            self._give_up_or_wait(row, Outcome(reason, may_pass=reason == "truncated"), evidence=row.url)
            return
        except OSError as error:
            self.work.trouble = f"an original could not be written: {error}"
            self._fail(row, Outcome("disk"), str(error))
            return
        is_new = self.work.frontier.finish_image(row, image)
        self.work.tally["stored" if is_new else "duplicate"] += 1
        self.work.tally["bytes"] += image.num_bytes if is_new else 0
        self.work.tally["queued"] -= 1

    def _give_up_or_wait(self, row: FrontierRow, outcome: Outcome, asked: float = 0.0, *, evidence: str) -> None:
        """Try later if that can help and attempts are left; else another address of the picture; else record it."""
        work = self.work
        if outcome.may_pass and row.attempts < min(work.options.retries, outcome.most_retries):
            self._wait(row, outcome, asked)
        elif row.is_image and row.payload.get("fallbacks"):
            url, *others = row.payload["fallbacks"]
            work.frontier.move(row, url, {**row.payload, "fallbacks": others}, hops=0)
            self._scheduler.changed()
        elif outcome.may_pass:
            self._fail(row, outcome, evidence)
        else:
            self._reject(row, outcome.reason, evidence)

    def _wait(self, row: FrontierRow, outcome: Outcome, asked: float) -> None:
        pace = self.work.paces.of(row.host)
        pause = asked or (pace.block_rest if outcome.rests else backoff(row.attempts, first=pace.block_rest / 60))
        if outcome.rests:
            self.work.paces.rest(row.host, pause)
        if asked > LONGEST_REST:
            self.work.held[row.host] = f"asked for a rest of {asked:.0f} s"
        self.work.frontier.postpone(row, wait_until(pause), outcome.reason, attempts=row.attempts + 1)
        self._scheduler.changed()

    def _reject(self, row: FrontierRow, reason: str, evidence: str = "") -> None:
        self.work.frontier.reject(row, reason, evidence)
        self.work.tally["rejected"] += 1

    def _fail(self, row: FrontierRow, outcome: Outcome, evidence: str) -> None:
        self.work.frontier.fail(row, outcome.reason, evidence)
        self.work.tally["failed"] += 1

    def _release(self, row: FrontierRow) -> None:
        self._scheduler.release(row)
        self.work.progress.show(self.work.tally)


def header_lists(response: Response) -> dict[str, list[str]]:
    """All response headers, every occurrence, names in lower case."""
    pairs = response.headers.items()
    return {name.decode("latin-1").lower(): [v.decode("latin-1") for v in values] for name, values in pairs}
