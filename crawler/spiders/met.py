"""The Metropolitan Museum of Art: search for identities, then one detail record per object.

https://metmuseum.github.io/ (search is v1.1 since October 2026, objects stay on v1). A firewall answers 403 for a few
minutes when asked too fast, whatever the documentation promises.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from crawler.found import Answer, Candidate, Found, Page
from crawler.rights import CC0_URL
from crawler.spiders.base import Pace, Source, plain, record, whole

_PAGE_SIZE = 500
_DEEPEST = 10_000


class Met(Source):
    """Objects that the search calls public domain; the detail record decides."""

    name = "met"
    summary = "The Metropolitan Museum of Art, New York (CC0)"
    api = "https://collectionapi.metmuseum.org/public/collection"
    hosts = frozenset({"metmuseum.org"})
    paces: ClassVar = {"metmuseum.org": Pace(delay=1.0, block_rest=120.0)}
    filters: ClassVar = {
        "department": "departmentId",
        "medium": "medium",
        "place": "geoLocation",
        "from": "dateBegin",
        "to": "dateEnd",
    }

    def seeds(self) -> Iterator[Found]:
        """The first page of the search."""
        yield self._search(0)

    def parse_search(self, answer: Answer) -> Iterator[Found]:
        """Identities, each to be asked for its record."""
        found = record(answer.json())
        for identity in found.get("objectIDs") or []:
            yield Page(self.address(f"/v1/objects/{whole(identity)}"), "object")
        following = whole(answer.context.get("offset")) + _PAGE_SIZE
        if following < min(whole(found.get("total")), _DEEPEST):
            yield self._search(following)

    def parse_object(self, answer: Answer) -> Iterator[Found]:
        """All photographs of one object; a reservation beside the public domain flag is not ours to weigh."""
        told = record(answer.json())
        reservation = plain(told.get("rightsAndReproduction"))
        is_free = told.get("isPublicDomain") is True
        others = told.get("additionalImages")
        images = [told.get("primaryImage"), *(others if isinstance(others, list) else [])]
        for url in filter(None, images):
            yield Candidate(
                url=str(url),
                work_id=str(told.get("objectID", "")),
                rights=tuple(filter(None, (CC0_URL if is_free else "", reservation))),
                title=plain(told.get("title")),
                creator=plain(told.get("artistDisplayName")),
                date=plain(told.get("objectDate")),
                landing_url=str(told.get("objectURL", "")),
                attribution=plain(told.get("creditLine")),
                evidence=f"isPublicDomain={told.get('isPublicDomain')} rightsAndReproduction={reservation!r}",
            )

    def _search(self, offset: int) -> Page:
        url = self.address(
            "/v1.1/search",
            q=self.options.query or "*",
            hasImages="true",
            isPublicDomain="true",
            limit=_PAGE_SIZE,
            offset=offset,
            **self.chosen_filters(),
        )
        return Page(url, "search", {"offset": offset}, is_listing=True)
