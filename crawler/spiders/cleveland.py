"""The Cleveland Museum of Art: complete records, and lossless TIFF originals beside large JPEGs.

https://openaccess-api.clevelandart.org/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from crawler.found import Answer, Candidate, Found, Page
from crawler.rights import CC0_URL
from crawler.spiders.base import Source, plain, record, records, whole

_FIELDS = "id,accession_number,title,creation_date,creators,images,share_license_status,copyright,type,tombstone,url"
_PAGE_SIZE = 200


class Cleveland(Source):
    """Works whose own record says CC0; the search's filter alone is not trusted."""

    name = "cleveland"
    summary = "The Cleveland Museum of Art (CC0; --lossless for TIFF)"
    api = "https://openaccess-api.clevelandart.org/api"
    hosts = frozenset({"clevelandart.org"})
    filters: ClassVar = {
        "type": "type",
        "department": "department",
        "artist": "artists",
        "medium": "medium",
        "from": "created_after",
        "to": "created_before",
    }

    def seeds(self) -> Iterator[Found]:
        """The first page of the listing."""
        yield self._list(0)

    def parse_list(self, answer: Answer) -> Iterator[Found]:
        """Complete records; numbers come as strings."""
        found = record(answer.json())
        for work in records(found.get("data")):
            yield from self._candidates(work)
        following = whole(answer.context.get("skip")) + _PAGE_SIZE
        if following < whole(record(found.get("info")).get("total")):
            yield self._list(following)

    def _candidates(self, work: dict[str, Any]) -> Iterator[Found]:
        """One candidate at the wanted size, smaller ones behind it."""
        images = record(work.get("images"))
        order = ("full", "print", "web") if self.options.lossless else ("print", "web")
        kept = [size for size in (record(images.get(name)) for name in order) if size.get("url")]
        if not kept:
            return
        status, reservation = work.get("share_license_status"), plain(work.get("copyright"))
        yield Candidate(
            url=str(kept[0]["url"]),
            fallbacks=tuple(str(size["url"]) for size in kept[1:]),
            work_id=str(work.get("id", "")),
            rights=tuple(filter(None, (CC0_URL if status == "CC0" else plain(status), reservation))),
            title=plain(work.get("title")),
            creator=plain([creator.get("description") for creator in records(work.get("creators"))]),
            date=plain(work.get("creation_date")),
            landing_url=str(work.get("url", "")),
            attribution=plain(work.get("tombstone")),
            evidence=f"share_license_status={status} copyright={reservation!r}",
            width=whole(kept[0].get("width")),
            height=whole(kept[0].get("height")),
        )

    def _list(self, skip: int) -> Page:
        # `cc0` and `has_image` are switches of the API; q, type and the like are added when given.
        chosen = {**self.chosen_filters(), "q": self.options.query}
        url = self.address("/artworks/", cc0=1, has_image=1, limit=_PAGE_SIZE, skip=skip, fields=_FIELDS, **chosen)
        return Page(url, "list", {"skip": skip}, is_listing=True)
