"""Europeana: records of thousands of institutions, images on the institutions' own hosts.

https://europeana.atlassian.net/wiki/spaces/EF/pages/2385739812/Search+API+Documentation, with the key as a header.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from crawler.found import Answer, Candidate, Found, Page
from crawler.spiders.base import Pace, Source, plain, record, records


class Europeana(Source):
    """Openly licensed images; since they lie anywhere, the guards on addresses matter most here."""

    name = "europeana"
    summary = "Europeana (mixed licences; key in EUROPEANA_API_KEY)"
    api = "https://api.europeana.eu/record/v2"
    hosts = None
    paces: ClassVar = {"api.europeana.eu": Pace(delay=3.0)}
    filters: ClassVar = {
        "provider": "DATA_PROVIDER",
        "country": "COUNTRY",
        "year": "YEAR",
        "what": "what",
        "who": "who",
    }
    key_variable = "EUROPEANA_API_KEY"

    def seeds(self) -> Iterator[Found]:
        """The first page under the cursor `*`."""
        yield self._search("*")

    def parse_search(self, answer: Answer) -> Iterator[Found]:
        """Records; the last page has no next cursor."""
        found = record(answer.json())
        for item in records(found.get("items")):
            yield from self._candidates(item)
        cursor = found.get("nextCursor")
        if isinstance(cursor, str) and cursor:
            yield self._search(cursor)

    def _candidates(self, item: dict[str, Any]) -> Iterator[Found]:
        shown = item.get("edmIsShownBy")
        rights = item.get("rights")
        # One statement covers the record's images; several leave open which covers which, so all must be free.
        statements = tuple(str(right) for right in rights) if isinstance(rights, list) else ()
        makers = [agent.get("def") for agent in records(item.get("edmAgentLabel"))]
        named = [name for name in item.get("dcCreator") or [] if "://" not in str(name)]
        for url in shown if isinstance(shown, list) else []:
            yield Candidate(
                url=self.secure(str(url)),
                work_id=str(item.get("id", "")),
                rights=statements,
                title=plain((item.get("title") or [""])[0]),
                creator=plain(makers or named),
                date=plain(item.get("year")),
                landing_url=str(item.get("guid", "")),
                attribution=plain(item.get("dataProvider")),
            )

    def _search(self, cursor: str) -> Page:
        facets = [f"{name}:{value}" for name, value in self.chosen_filters().items()]
        query = " AND ".join([self.options.query or "*", *facets])
        fixed = {"qf": "TYPE:IMAGE", "reusability": "open", "media": "true", "profile": "rich", "rows": 100}
        return Page(self.address("/search.json", query=query, cursor=cursor, **fixed), "search", is_listing=True)
