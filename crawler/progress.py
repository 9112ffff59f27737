"""The progress bar on stderr: images, megabytes, rate, time left, and what was rejected."""

from __future__ import annotations

import sys
from collections import Counter

from tqdm import tqdm

from crawler.frontier import Frontier
from crawler.options import CrawlOptions


class Progress:
    """Counts towards `--limit`, or towards everything that is known so far."""

    def __init__(self, options: CrawlOptions, frontier: Frontier) -> None:
        self._limit, self._frontier = options.limit, frontier
        self._bar = tqdm(
            desc=f"crawl {options.source}",
            unit=" images",
            initial=frontier.count("stored"),
            total=options.limit,
            disable=not options.progress,
            file=sys.stderr,
            mininterval=0.5,
            dynamic_ncols=True,
        )

    def show(self, tally: Counter[str]) -> None:
        """Bring the bar up to the figures of this run."""
        if self._bar.disable:
            return
        self._bar.n = self._bar.initial + tally["stored"]
        if self._bar.total is None or self._limit is None:
            self._bar.total = self._bar.n + tally["queued"]
        notes = {"MB": f"{tally['bytes'] / 1e6:.1f}", "duplicate": tally["duplicate"], "rejected": tally["rejected"]}
        self._bar.set_postfix({**notes, "failed": tally["failed"]}, refresh=False)
        self._bar.update(0)

    def close(self) -> None:
        """Leave the last figures standing."""
        self._bar.close()
