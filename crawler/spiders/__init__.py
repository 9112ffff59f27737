"""The sources, one file each; the table is the only place that knows them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.spiders.artic import Artic
from crawler.spiders.base import Source
from crawler.spiders.cleveland import Cleveland
from crawler.spiders.commons import Commons
from crawler.spiders.europeana import Europeana
from crawler.spiders.iiif import Iiif
from crawler.spiders.loc import Loc
from crawler.spiders.local import Local
from crawler.spiders.met import Met
from crawler.spiders.openverse import Openverse
from crawler.spiders.rijks import Rijks
from crawler.spiders.smithsonian import Smithsonian
from crawler.spiders.urls import Urls
from imaging.errors import MisuseError

if TYPE_CHECKING:
    from crawler.options import CrawlOptions

_ALL: tuple[type[Source], ...] = (
    Met,
    Artic,
    Cleveland,
    Rijks,
    Commons,
    Loc,
    Smithsonian,
    Europeana,
    Openverse,
    Iiif,
    Urls,
    Local,
)
SOURCES = {source.name: source for source in _ALL}


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
