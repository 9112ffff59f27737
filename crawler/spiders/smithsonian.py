"""Smithsonian Open Access: records of all its museums, rights for each medium.

https://api.si.edu/openaccess/ with a key of api.data.gov, 1,000 requests an hour, sent as a header so that it reaches
no address, log or cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from crawler.found import Answer, Candidate, Found, Page
from crawler.rights import CC0_URL
from crawler.spiders.base import Pace, Source, plain, record, records, whole

_PAGE_SIZE = 100
_MAKERS = ("artist", "maker", "photographer", "creator", "designer", "collector")


class Smithsonian(Source):
    """Images whose own usage says CC0; the record's metadata licence does not count."""

    name = "smithsonian"
    summary = "Smithsonian Open Access (CC0; key in SMITHSONIAN_API_KEY)"
    api = "https://api.si.edu/openaccess/api/v1.0"
    hosts = frozenset({"si.edu"})
    paces: ClassVar = {"api.si.edu": Pace(delay=4.0)}
    filters: ClassVar = {"unit": "unit_code", "topic": "topic", "type": "object_type", "date": "date"}
    key_variable = "SMITHSONIAN_API_KEY"

    def seeds(self) -> Iterator[Found]:
        """The first page of the search."""
        yield self._search(0)

    def parse_search(self, answer: Answer) -> Iterator[Found]:
        """Complete records with their media."""
        found = record(record(answer.json()).get("response"))
        rows = records(found.get("rows"))
        for row in rows:
            yield from self._candidates(row)
        following = whole(answer.context.get("start")) + _PAGE_SIZE
        if rows and following < whole(found.get("rowCount")):
            yield self._search(following)

    def _candidates(self, row: dict[str, Any]) -> Iterator[Found]:
        content = record(row.get("content"))
        described = record(content.get("descriptiveNonRepeating"))
        free = record(content.get("freetext"))
        for medium in records(record(described.get("online_media")).get("media")):
            access = plain(record(medium.get("usage")).get("access"))
            if medium.get("type") != "Images" or not medium.get("content"):
                continue
            yield Candidate(
                url=self.secure(str(medium["content"])),
                work_id=str(described.get("record_ID") or row.get("id", "")),
                rights=(CC0_URL if access == "CC0" else access,),
                title=plain(row.get("title")),
                creator=_maker(records(free.get("name"))),
                date=plain([entry.get("content") for entry in records(free.get("date"))]),
                landing_url=str(described.get("record_link") or described.get("guid") or ""),
                attribution=plain(described.get("data_source")),
                evidence=f"media usage access={access}",
            )

    def _search(self, start: int) -> Page:
        terms = {"online_media_type": "Images", "media_usage": "CC0", **self.chosen_filters()}
        query = " AND ".join([*filter(None, [self.options.query]), *(f"{k}:{v}" for k, v in terms.items())])
        url = self.address("/search", q=query, start=str(start), rows=_PAGE_SIZE, sort="id")
        return Page(url, "search", {"start": start}, is_listing=True)


def _maker(names: list[dict[str, Any]]) -> str:
    """The name whose label is nearest to the making of the work."""
    by_label = {plain(name.get("label")).lower(): plain(name.get("content")) for name in reversed(names)}
    return next((by_label[label] for label in _MAKERS if label in by_label), "")
