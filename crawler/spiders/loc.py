"""The Library of Congress: photographs by search, rights from each item's own record.

https://www.loc.gov/apis/json-and-yaml/. "No known restrictions on publication" is the library's wording and no public
domain mark, so it has a name of its own and must be allowed by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from crawler.found import Answer, Candidate, Found, Page
from crawler.spiders.base import Source, plain, record, records, whole
from imaging.errors import MisuseError

# The bare sentence, or with a pointer; "... in the United States. Use elsewhere may be restricted" is not this.
_NO_KNOWN_RESTRICTIONS = re.compile(
    r"No known restrictions on publication\.?( For (more )?information,? see [^.]*\.?)?"
)
_SKIPPED = {"collection", "web page"}


class Loc(Source):
    """Photographs and prints; listing and item must both be free."""

    name = "loc"
    summary = "Library of Congress, photographs (needs --licence loc-nkr)"
    api = "https://www.loc.gov"
    hosts = frozenset({"loc.gov"})
    filters: ClassVar = {"subject": "subject", "place": "location", "collection": "partof", "date": "dates"}

    @classmethod
    def check(cls, options: Any) -> None:
        """Its one kind of free image must be allowed by name.

        Raises:
            MisuseError: it is not.
        """
        super().check(options)
        if not {"loc-nkr", "LicenseRef-LOC-NKR"} & set(options.licences):
            rule = "Images of the Library of Congress have no known restrictions, which is less than a licence"
            raise MisuseError(rule, ", ".join(options.licences), "Add --licence loc-nkr to collect them")

    def seeds(self) -> Iterator[Found]:
        """The first page of the search."""
        facets = {"online-format": "image", **self.chosen_filters()}
        dates = facets.pop("dates", "")
        joined = "|".join(f"{name}:{value}" for name, value in facets.items())
        parameters = {"fo": "json", "c": 100, "sp": 1, "fa": joined, "at": "results,pagination", "dates": dates}
        yield Page(self.address("/photos/", q=self.options.query, **parameters), "search", is_listing=True)

    def parse_search(self, answer: Answer) -> Iterator[Found]:
        """Items to ask, with what the listing says of them."""
        found = record(answer.json())
        for result in records(found.get("results")):
            path = urlsplit(str(result.get("id") or result.get("url"))).path
            if not path.startswith("/item/") or _SKIPPED & set(result.get("original_format") or []):
                continue
            listed = record(result.get("item")).get("rights_advisory")
            context = {"rights": _statements(listed), "images": [str(u) for u in result.get("image_url") or []]}
            yield Page(self.address(path, fo="json"), "item", {**context, "title": plain(result.get("title"))})
        following = record(found.get("pagination")).get("next")
        if isinstance(following, str) and following:
            yield Page(self._own(following), "search", is_listing=True)

    def parse_item(self, answer: Answer) -> Iterator[Found]:
        """The largest JPEG of an item."""
        found = record(answer.json())
        item = record(found.get("item"))
        images = sorted(_files(found) | _sized(answer.context.get("images", [])), reverse=True)
        if not images:
            return
        (_, width, height, url), *smaller = images
        rights = (*answer.context.get("rights", []), *_statements(item.get("rights_advisory")))
        yield Candidate(
            url=url,
            fallbacks=tuple(other for *_, other in smaller[:2]),
            work_id=str(item.get("id") or answer.url),
            rights=rights,
            title=plain(item.get("title") or answer.context.get("title")),
            creator=plain(item.get("contributor_names") or item.get("contributor") or item.get("contributors")),
            date=plain(item.get("date") or item.get("created_published")),
            landing_url=str(item.get("url") or item.get("id") or ""),
            evidence=" | ".join((*rights, f"access_restricted={item.get('access_restricted')}")),
            refusal="restricted" if item.get("access_restricted") else "",
            width=width,
            height=height,
        )

    def _own(self, url: str) -> str:
        """An address of the API under the base that is in use."""
        parts = urlsplit(url)
        return f"{self.base}{parts.path}?{parts.query}"


def _statements(advisory: Any) -> list[str]:
    """Rights statements: the code for the library's free wording, everything else raw (and so refused)."""
    texts = advisory if isinstance(advisory, list) else [advisory]
    plain_texts = [plain(text) for text in texts if text]
    return ["loc-nkr" if _NO_KNOWN_RESTRICTIONS.fullmatch(_ascii(text)) else text for text in plain_texts]


def _ascii(text: str) -> str:
    return text.replace("“", '"').replace("”", '"')


def _sized(urls: list[str]) -> set[tuple[int, int, int, str]]:
    """Area, width, height and address of the listing's images; the size is in the fragment `#h=..&w=..`."""
    sized = set()
    for url in urls:
        address, _, fragment = url.partition("#")
        told = parse_qs(fragment)
        width, height = (whole(next(iter(told.get(name, [])), 0)) for name in ("w", "h"))
        sized.add((width * height, width, height, _https(address)))
    return sized


def _files(found: Mapping[str, Any]) -> set[tuple[int, int, int, str]]:
    """The same of an item's JPEG files."""
    sized = set()
    for resource in records(found.get("resources")):
        for group in resource.get("files") or []:
            for file in records(group):
                if file.get("mimetype") == "image/jpeg" and file.get("url"):
                    width, height = whole(file.get("width")), whole(file.get("height"))
                    sized.add((width * height, width, height, _https(str(file["url"]))))
    return sized


def _https(url: str) -> str:
    return f"https:{url}" if url.startswith("//") else url
