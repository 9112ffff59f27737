"""The Art Institute of Chicago: complete records from the search, pictures from its IIIF service.

https://api.artic.edu/docs/: at most one request a second, one at a time, 10,000 records deep; widths 843 and, for the
public domain, 1686 pixels are kept ready. `description` is CC-BY and is not taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.found import Answer, Candidate, Found, Page
from crawler.rights import CC0_URL
from crawler.spiders.base import Source, plain, record, records, whole

_FIELDS = (
    "id,title,image_id,alt_image_ids,artist_title,artist_display,date_display,"
    "is_public_domain,copyright_notice,thumbnail"
)
_PAGE_SIZE, _LAST_PAGE = 100, 100
_WIDTHS = (1686, 843)


class Artic(Source):
    """Works that are in the public domain, at the largest width that is kept ready."""

    name = "artic"
    summary = "The Art Institute of Chicago (CC0)"
    api = "https://api.artic.edu/api/v1"
    hosts = frozenset({"artic.edu"})

    def headers(self, url: str) -> dict[str, str]:
        """The museum asks for a header of its own with a name and a way to write."""
        return {"AIC-User-Agent": f"imagic-crawler ({self.options.contact})"} if self.options.contact else {}

    def seeds(self) -> Iterator[Found]:
        """The first page of the search."""
        yield self._search(1)

    def parse_search(self, answer: Answer) -> Iterator[Found]:
        """Records with everything that is needed; the image service's address comes with each answer."""
        found = record(answer.json())
        service = str(record(found.get("config")).get("iiif_url", "")).rstrip("/")
        for work in records(found.get("data")):
            alternatives = work.get("alt_image_ids")
            images = [work.get("image_id"), *(alternatives if isinstance(alternatives, list) else [])]
            for image in filter(None, images):
                yield self._candidate(work, f"{service}/{image}")
        pages = record(found.get("pagination"))
        following = whole(pages.get("current_page")) + 1
        if following <= min(whole(pages.get("total_pages")), _LAST_PAGE):
            yield self._search(following)

    def _candidate(self, work: dict[str, Any], image: str) -> Candidate:
        width = whole(record(work.get("thumbnail")).get("width"))
        urls = [f"{image}/full/{w},/0/default.jpg" for w in _WIDTHS if not width or w <= max(width, _WIDTHS[-1])]
        is_free, notice = work.get("is_public_domain") is True, plain(work.get("copyright_notice"))
        return Candidate(
            url=urls[0],
            fallbacks=tuple(urls[1:]),
            work_id=str(work.get("id", "")),
            rights=tuple(filter(None, (CC0_URL if is_free else "", notice))),
            title=plain(work.get("title")),
            creator=plain(work.get("artist_title") or work.get("artist_display")),
            date=plain(work.get("date_display")),
            landing_url=f"https://www.artic.edu/artworks/{work.get('id', '')}",
            evidence=f"is_public_domain={work.get('is_public_domain')} copyright_notice={notice!r}",
        )

    def _search(self, page: int) -> Page:
        chosen = {"query[term][is_public_domain]": "true", "q": self.options.query}
        url = self.address("/artworks/search", limit=_PAGE_SIZE, page=page, fields=_FIELDS, **chosen)
        return Page(url, "search", is_listing=True)
