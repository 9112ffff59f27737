"""The process in which one crawl runs: options as JSON on stdin, the report or one error as JSON on stdout.

Twisted's reactor can start once in a process, so every crawl has a process of its own (`python -m crawler.child`).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TextIO

from crawler.catalogue import Catalogue, sole_crawler
from crawler.clusters import update_clusters
from crawler.manifest import MANIFEST_NAME, read_manifest, write_parquet
from crawler.offline import run_offline
from crawler.options import CrawlOptions
from crawler.report import CrawlReport
from crawler.store import sweep
from crawler.work import Work, begin_work
from imaging.errors import ImagicError


def main() -> int:
    """Run the crawl that stdin describes; stdout carries nothing but the answer."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    answer_to = _claim_stdout()
    given = json.load(sys.stdin)
    _end_with_parent()
    try:
        answer: dict[str, Any] = {"report": _plain(crawl_here(CrawlOptions.from_dict(given)))}
    except ImagicError as error:
        answer = {"error": [error.rule, error.received, error.remedy]}
    json.dump(answer, answer_to)
    answer_to.close()
    return 0


def crawl_here(options: CrawlOptions) -> CrawlReport:
    """Crawl in this process; possible once.

    Raises:
        ImagicError: the folder cannot be written or is in use.
    """
    import cv2

    cv2.setNumThreads(1)  # images are appraised in threads of our own
    begun = time.monotonic()
    with _writable(options), Catalogue(options.out) as catalogue:
        catalogue.remember("contact", options.contact)
        catalogue.open_job(options.job, options.source, options.to_dict())
        sweep(options.out)
        work = begin_work(options, catalogue)
        work.frontier.reopen(listings=options.refresh)
        run = catalogue.begin_run(options.job)
        outcome = run_offline(work) if work.source.is_offline else _run_spider(work)
        work.progress.close()
        update_clusters(catalogue)
        write_parquet(read_manifest(options.out), options.out / MANIFEST_NAME)
        report = _report(work, outcome, time.monotonic() - begun)
        catalogue.end_run(run, outcome, _plain(report))
    return report


def _run_spider(work: Work) -> str:
    from scrapy.crawler import AsyncCrawlerProcess

    from crawler.archive_spider import ArchiveSpider
    from crawler.settings import make_settings

    process = AsyncCrawlerProcess(make_settings(work))
    crawler = process.create_crawler(ArchiveSpider)
    process.crawl(crawler, work=work)
    process.start()
    reason = str(crawler.stats.get_value("finish_reason", "broken off")) if crawler.stats else "broken off"
    named = {"shutdown": "interrupted", "memusage_exceeded": "stopped: out of memory"}
    return work.trouble or named.get(reason, reason)


def _report(work: Work, outcome: str, seconds: float) -> CrawlReport:
    frontier, tally = work.frontier, work.tally
    return CrawlReport(
        source=work.options.source,
        out=work.options.out,
        outcome=outcome,
        stored=tally["stored"],
        total=frontier.count("stored"),
        duplicates=tally["duplicate"],
        num_bytes=tally["bytes"],
        pending=frontier.count("pending"),
        failed=frontier.count("failed"),
        unread_pages=frontier.count("rejected") - frontier.count("rejected", images_only=True),
        reasons=frontier.reasons(),
        held=work.held,
        seconds=round(seconds, 2),
    )


def _plain(report: CrawlReport) -> dict[str, Any]:
    return {**asdict(report), "out": str(report.out)}


@contextmanager
def _writable(options: CrawlOptions) -> Iterator[None]:
    try:
        with sole_crawler(options.out):
            yield
    except OSError as error:
        raise ImagicError("The output folder of a crawl can be written", f"{options.out} ({error})") from error


def _claim_stdout() -> TextIO:
    """Keep the real stdout for the answer; whatever else prints, prints to stderr."""
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answer_to


def _end_with_parent() -> None:
    """Stop gracefully when the parent is gone, however it went: an orphan must not crawl on."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
