"""Everything that the parts of one running crawl share, built in one place and handed to each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crawler import __version__
from crawler.catalogue import Catalogue
from crawler.frontier import Frontier
from crawler.guard import Guard
from crawler.options import CrawlOptions
from crawler.optout import AGENT
from crawler.pace import HostPaces
from crawler.progress import Progress
from crawler.spiders import get_source
from crawler.spiders.base import Source


@dataclass
class Work:
    """One run's parts and its running figures.

    Attributes:
        held: hosts that may not be asked any more in this run, and why.
        trouble: why the whole run must stop, "" while it need not.
        tally: images and bytes of this run, by what became of them.
    """

    options: CrawlOptions
    source: Source
    catalogue: Catalogue
    frontier: Frontier
    guard: Guard
    paces: HostPaces
    progress: Progress
    held: dict[str, str] = field(default_factory=dict)
    trouble: str = ""
    tally: Counter[str] = field(default_factory=Counter)

    @property
    def user_agent(self) -> str:
        """Who asks, and how to reach them, in the form that Wikimedia's policy words."""
        return f"{AGENT}/{__version__} ({self.options.contact or 'local'})"

    def is_documented_call(self, url: str) -> bool:
        """Whether an address is a call of the source's documented API, which has terms of its own."""
        return self.source.is_documented_api and urlsplit(url).netloc == urlsplit(self.source.base).netloc


def begin_work(options: CrawlOptions, catalogue: Catalogue) -> Work:
    """Build the parts of a run."""
    source = get_source(options)
    frontier = Frontier(catalogue, options.job)
    own = urlsplit(options.base_url or "").netloc.lower() if options.is_loopback else ""
    hosts = None if source.hosts is None else source.hosts | {urlsplit(source.base).hostname or ""}
    return Work(
        options=options,
        source=source,
        catalogue=catalogue,
        frontier=frontier,
        guard=Guard(own, hosts, options.allow_http),
        paces=HostPaces(source, options),
        progress=Progress(options, frontier),
    )
