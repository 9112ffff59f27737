"""The shape that every source has: where it starts, how it is read, which hosts and which pace belong to it."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode, urlsplit

from crawler.found import Answer, Found
from imaging.errors import MisuseError

if TYPE_CHECKING:
    from crawler.options import CrawlOptions

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Pace:
    """How a host wants to be treated: seconds between requests, connections at a time, seconds of rest after a block.

    Attributes:
        delay: from the start of one request to the start of the next.
        connections: requests in flight at a time.
        block_rest: how long to stay away when a firewall answers 403.
    """

    delay: float = 1.0
    connections: int = 1
    block_rest: float = 120.0


POLITE = Pace()
OWN_MACHINE = Pace(delay=0.0, connections=8, block_rest=0.3)


class Source:
    """Base of all sources: declarations, and parsers that turn an `Answer` into `Page`s and `Candidate`s.

    A parser is a method `parse_<kind>(answer)`; it reads, and does nothing else. Missing or odd fields must yield
    nothing or a candidate without rights (which is refused), not an exception; what is raised all the same is recorded
    with the page.
    """

    name: ClassVar[str]
    summary: ClassVar[str] = ""
    api: ClassVar[str] = ""
    hosts: ClassVar[frozenset[str] | None] = frozenset()
    """Hosts that may be asked, subdomains included; None where images lie anywhere."""
    paces: ClassVar[Mapping[str, Pace]] = {}
    filters: ClassVar[Mapping[str, str]] = {}
    """Filter names for people, and the API's parameter that each one becomes."""
    key_variable: ClassVar[str] = ""
    key_header: ClassVar[str] = "X-Api-Key"
    key_required: ClassVar[bool] = True
    needs_target: ClassVar[str] = ""
    """What `target` must be, in words, for sources that are not a site of their own."""
    is_documented_api: ClassVar[bool] = True
    """Whether the base address is an API for programs: robots.txt speaks of pages, so it does not forbid these calls
    (Wikimedia's forbids /w/, where its API lives). Images are subject to it all the same."""
    is_offline: ClassVar[bool] = False
    """Whether the source is files on this machine, read without any network."""
    takes_your_word: ClassVar[bool] = False
    """Whether the user may state the rights of images of which the source states none."""
    needs_contact: ClassVar[bool] = True
    asked_for: ClassVar[str] = ""
    """Why the source runs only when it is asked for by name and with a query; empty for the others."""

    def __init__(self, options: CrawlOptions) -> None:
        self.options = options
        self.base = (options.base_url or self.api).rstrip("/")

    def seeds(self) -> Iterator[Found]:
        """Where the crawl begins."""
        raise NotImplementedError

    def parse(self, kind: str, answer: Answer) -> Iterator[Found]:
        """What an answer holds, by the parser that was named when the page was found."""
        parser: Iterator[Found] = getattr(self, f"parse_{kind}")(answer)
        return parser

    def pace(self, host: str) -> Pace:
        """How a host wants to be treated: as declared for it or its parent domain, else politely."""
        known = (pace for name, pace in self.paces.items() if host == name or host.endswith(f".{name}"))
        return next(known, POLITE)

    def headers(self, url: str) -> dict[str, str]:
        """Extra request headers; the key goes to the API's own host only."""
        if not self.key_variable or urlsplit(url).netloc != urlsplit(self.base).netloc:
            return {}
        key = os.environ.get(self.key_variable, "")
        return {self.key_header: self.key_value(key)} if key else {}

    def without_key(self, text: str) -> str:
        """Text that may be stored: Europeana, for one, repeats the key at the head of its answers."""
        key = os.environ.get(self.key_variable, "") if self.key_variable else ""
        return text.replace(key, "***") if key else text

    def key_value(self, key: str) -> str:
        """How the header words the key."""
        return key

    def address(self, path: str, **parameters: Any) -> str:
        """An address under the API's base; parameters that are None or empty are left out."""
        chosen = {name: value for name, value in parameters.items() if value not in (None, "")}
        return f"{self.base}{path}" + (f"?{urlencode(chosen)}" if chosen else "")

    def secure(self, url: str) -> str:
        """An image address with TLS, unless addresses without are allowed: old records say http of hosts that moved."""
        is_own = self.options.is_loopback and urlsplit(url).netloc == urlsplit(self.base).netloc
        return url if self.options.allow_http or is_own else url.replace("http://", "https://", 1)

    def chosen_filters(self) -> dict[str, str]:
        """The user's filters as API parameters."""
        return {self.filters[name]: value for name, value in self.options.filters.items()}

    @classmethod
    def check(cls, options: CrawlOptions) -> None:
        """Refuse options that this source cannot serve.

        Raises:
            MisuseError: an unknown filter, or a target or key that is missing.
        """
        for name in options.filters:
            if name not in cls.filters:
                known = ", ".join(sorted(cls.filters)) or "none"
                raise MisuseError(f"Filters of {cls.name} are: {known}", name)
        if cls.needs_target and not (options.target or options.base_url):
            raise MisuseError(f"The source {cls.name} needs {cls.needs_target}", "none", f"Name {cls.needs_target}")
        if options.rights and not cls.takes_your_word:
            rule = f"The source {cls.name} states the rights of its images itself"
            raise MisuseError(rule, f"--rights {options.rights}", "Use --licence to say which of them you accept")
        if cls.asked_for and not (options.query or options.is_loopback):
            raise MisuseError(f"The source {cls.name} runs only with a query: {cls.asked_for}", "no query")
        if cls.key_variable and cls.key_required and not os.environ.get(cls.key_variable):
            rule = f"The source {cls.name} needs a key in the environment variable {cls.key_variable}"
            raise MisuseError(rule, "none", "Set it; keys are taken from nowhere else")


def plain(value: Any, limit: int = 500) -> str:
    """Text as people read it, from whatever an API has in a text field: no markup, no control characters, one line.

    Lists are joined with "; ", language maps give their English or else their first value.
    """
    if isinstance(value, Mapping):
        chosen = value.get("en") or value.get("none") or value.get("@value") or next(iter(value.values()), "")
        return plain(chosen, limit)
    if isinstance(value, list | tuple):
        return "; ".join(filter(None, (plain(part, limit) for part in value)))[:limit]
    text = html.unescape(_TAG.sub(" ", "" if value is None else str(value)))
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:limit]


def whole(value: Any) -> int:
    """A pixel count or size from an API: int, float or digits in a string; 0 for anything else."""
    try:
        return max(0, int(float(value)))
    except (TypeError, ValueError, OverflowError):
        return 0


def records(value: Any) -> list[dict[str, Any]]:
    """The objects of a JSON list; everything that is not an object, or not in a list, is left out."""
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def record(value: Any) -> dict[str, Any]:
    """A JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}
