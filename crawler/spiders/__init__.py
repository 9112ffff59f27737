"""The sources, one file each; the table is the only place that knows them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.spiders.base import Source
from crawler.spiders.iiif import Iiif
from imaging.errors import MisuseError

if TYPE_CHECKING:
    from crawler.options import CrawlOptions

SOURCES: dict[str, type[Source]] = {source.name: source for source in (Iiif,)}


def check_source(options: CrawlOptions) -> None:
    """Refuse a source that does not exist, or options that it cannot serve.

    Raises:
        MisuseError: with the known names.
    """
    if options.source not in SOURCES:
        raise MisuseError(f"A source is one of {', '.join(sorted(SOURCES))}", options.source)
    SOURCES[options.source].check(options)


def get_source(options: CrawlOptions) -> Source:
    """The source that the options name, ready to be read."""
    return SOURCES[options.source](options)
