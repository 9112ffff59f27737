"""Wikimedia Commons: the files of a category or of a search, with licence and credit from their description pages.

https://www.mediawiki.org/wiki/API:Continue: every key of `continue` is sent back, and a file may come without its
details until the batch is complete. https://www.mediawiki.org/wiki/Wikimedia_APIs/Rate_limits
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from crawler.found import Answer, Candidate, Found, Page
from crawler.spiders.base import Pace, Source, plain, record, records, whole
from imaging.errors import MisuseError

_MIMES = ("image/jpeg", "image/png", "image/tiff", "image/webp")
_FIXED = {
    "action": "query",
    "format": "json",
    "formatversion": "2",
    "prop": "imageinfo",
    "iiprop": "url|size|mime|extmetadata",
    # One of the few widths that are rendered; the fallback for originals that cannot be had.
    "iiurlwidth": "1920",
    "maxlag": "5",
}


class Commons(Source):
    """Files by `--filters category=NAME` or by query."""

    name = "commons"
    summary = "Wikimedia Commons, a category or a search (mixed licences)"
    api = "https://commons.wikimedia.org/w"
    hosts = frozenset({"commons.wikimedia.org", "upload.wikimedia.org"})
    paces: ClassVar = {"upload.wikimedia.org": Pace(delay=1.0, connections=2), "commons.wikimedia.org": Pace(delay=1.0)}
    filters: ClassVar = {"category": "gcmtitle"}

    @classmethod
    def check(cls, options: Any) -> None:
        """A whole Commons is nobody's wish.

        Raises:
            MisuseError: neither a category nor a query.
        """
        super().check(options)
        if not (options.query or options.filters):
            raise MisuseError("The source commons needs a category or a query", "none", "Add --filters category=NAME")

    def seeds(self) -> Iterator[Found]:
        """The first answer of the generator that fits the options."""
        category = self.options.filters.get("category", "")
        if category:
            title = category if category.startswith("Category:") else f"Category:{category}"
            chosen = {"generator": "categorymembers", "gcmtitle": title, "gcmtype": "file", "gcmlimit": "50"}
        else:
            chosen = {"generator": "search", "gsrsearch": self.options.query, "gsrnamespace": "6", "gsrlimit": "50"}
        yield self._page(chosen)

    def parse_files(self, answer: Answer) -> Iterator[Found]:
        """Files with their details, and the next answer of the same generator.

        Raises:
            ValueError: the API answered with an error of its own (as when its replicas lag).
        """
        told = record(answer.json())
        if "error" in told:
            raise ValueError(plain(record(told["error"]).get("code")))
        pages = record(told.get("query")).get("pages")
        for page in records(list(pages.values()) if isinstance(pages, dict) else pages):
            for info in records(page.get("imageinfo"))[:1]:
                yield _candidate(page, info)
        if isinstance(told.get("continue"), dict):
            yield self._page({**answer.context["generator"], **told["continue"]}, answer.context["generator"])

    def _page(self, chosen: dict[str, Any], generator: dict[str, Any] | None = None) -> Page:
        context = {"generator": generator or chosen}
        return Page(self.address("/api.php", **_FIXED, **chosen), "files", context, is_listing=True)


def _candidate(page: dict[str, Any], info: dict[str, Any]) -> Candidate:
    told = {name: plain(record(entry).get("value")) for name, entry in record(info.get("extmetadata")).items()}
    # The address and the short code must agree where both are given; public domain files often have the code alone.
    rights = tuple(filter(None, (told.get("LicenseUrl", ""), told.get("License", ""))))
    refusals = {
        "unsupported-format": info.get("mime") not in _MIMES,
        "restricted": bool(told.get("Restrictions")),
    }
    thumbnail = info.get("thumburl")
    return Candidate(
        url=str(info.get("url", "")),
        fallbacks=(str(thumbnail),) if thumbnail and thumbnail != info.get("url") else (),
        work_id=str(page.get("pageid", "")),
        rights=rights,
        title=told.get("ObjectName") or plain(page.get("title")),
        creator=told.get("Artist", ""),
        date=told.get("DateTimeOriginal", ""),
        landing_url=str(info.get("descriptionurl", "")),
        attribution=told.get("Credit", "") if not told.get("Artist") else "",
        evidence=" | ".join(
            f"{name}={told[name]}" for name in ("License", "LicenseUrl", "UsageTerms", "Restrictions") if name in told
        ),
        refusal=next((reason for reason, holds in refusals.items() if holds), ""),
        width=whole(info.get("width")),
        height=whole(info.get("height")),
    )
