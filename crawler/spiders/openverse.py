"""Openverse: an index of openly licensed images all over the web, used to discover and only when asked for.

https://docs.openverse.org/: without a token 5 requests an hour and 100 a day; sizes are the providers' claims.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, ClassVar

from crawler.found import Answer, Candidate, Found, Page
from crawler.spiders.base import POLITE, Pace, Source, plain, record, records, whole

_NAMES = {"cc0": "cc0", "CC0-1.0": "cc0", "pdm": "pdm", "LicenseRef-PDM-1.0": "pdm", "cc-by": "by", "cc-by-sa": "by-sa"}
_PAGE_SIZE = 20


class Openverse(Source):
    """Images found by words; the hosts that serve them decide by their own statements."""

    name = "openverse"
    summary = "Openverse, by query (mixed licences; token in OPENVERSE_TOKEN is optional)"
    api = "https://api.openverse.org/v1"
    hosts = None
    paces: ClassVar = {"api.openverse.org": Pace(delay=720.0)}
    filters: ClassVar = {"source": "source", "category": "category", "size": "size", "creator": "creator"}
    key_variable = "OPENVERSE_TOKEN"
    key_header = "Authorization"
    key_required = False
    asked_for = "it leads to hosts all over the web"

    def pace(self, host: str) -> Pace:
        """With a token a hundred requests a minute are granted."""
        return POLITE if os.environ.get(self.key_variable) else super().pace(host)

    def key_value(self, key: str) -> str:
        """A bearer token."""
        return f"Bearer {key}"

    def seeds(self) -> Iterator[Found]:
        """The first page of the search."""
        yield self._search(1)

    def parse_search(self, answer: Answer) -> Iterator[Found]:
        """Images on third-party hosts."""
        found = record(answer.json())
        for image in records(found.get("results")):
            yield self._candidate(image)
        following = whole(found.get("page")) + 1
        if following <= whole(found.get("page_count")):
            yield self._search(following)

    def _candidate(self, image: dict[str, Any]) -> Candidate:
        name, version = plain(image.get("license")), plain(image.get("license_version"))
        code = name if name in ("cc0", "pdm") else f"cc-{name}-{version}"
        return Candidate(
            url=self.secure(str(image.get("url", ""))),
            work_id=str(image.get("id", "")),
            rights=(str(image.get("license_url", "")), code),
            title=plain(image.get("title")),
            creator=plain(image.get("creator")),
            landing_url=str(image.get("foreign_landing_url", "")),
            attribution=plain(image.get("attribution")),
        )

    def _search(self, page: int) -> Page:
        allowed = dict.fromkeys(_NAMES[name] for name in self.options.licences if name in _NAMES)
        chosen = {**self.chosen_filters(), "q": self.options.query, "license": ",".join(allowed)}
        return Page(self.address("/images/", page_size=_PAGE_SIZE, page=page, **chosen), "search", is_listing=True)
