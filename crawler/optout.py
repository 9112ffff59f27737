"""Signals by which a host or a response asks not to be used for text and data mining; pure functions, no network.

Read are robots.txt (RFC 9309), ai.txt (the same grammar), `/.well-known/tdmrep.json` and the `tdm-reservation` header
(TDM Reservation Protocol, W3C community group final report of 10 May 2024), and `X-Robots-Tag`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from protego import Protego

AGENT = "imagic-crawler"
REFUSING = frozenset({"noai", "noimageai", "noml", "noindex", "noimageindex", "none"})
# Directives that take a value after a colon; any other single word before a colon is the name of a crawler (the
# hours of a date are no word).
_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_NAME = re.compile(r"\*|[a-z][a-z0-9_.-]*")


def refused_by_robots_tag(values: Iterable[str], agent: str = AGENT) -> str:
    """The first directive of the `X-Robots-Tag` headers that refuses, "" if none does.

    Args:
        values: every occurrence of the header. Each is a comma list of directives; a `name:` before a directive
            addresses that directive and those after it to one crawler; `unavailable_after: DATE` has commas of its own.
        agent: our own name, compared without regard to case.
    """
    for value in values:
        addressed = True
        for part in value.split(","):
            word, colon, rest = (piece.strip().lower() for piece in part.partition(":"))
            if colon and word not in _VALUED and _NAME.fullmatch(word):
                addressed = word in ("*", agent.lower())
                word = rest.partition(":")[0].strip()
            if addressed and word in REFUSING:
                return word
    return ""


def refused_by_headers(headers: Mapping[str, list[str]]) -> str:
    """Why a response's headers refuse the use of its body ("" if they do not); names are in lower case."""
    directive = refused_by_robots_tag(headers.get("x-robots-tag", []))
    if directive:
        return f"x-robots-tag: {directive}"
    reserved = [value.strip() for value in headers.get("tdm-reservation", [])]
    return "tdm-reservation: 1" if "1" in reserved else ""


def refused_by_robots(text: str, url: str, agent: str = AGENT) -> bool:
    """Whether a robots.txt (or ai.txt) forbids the address to us."""
    return not Protego.parse(text).can_fetch(url, agent)


def crawl_delay(text: str, agent: str = AGENT) -> float:
    """Seconds between requests that a robots.txt asks of us, 0 if it asks none."""
    return float(Protego.parse(text).crawl_delay(agent) or 0.0)


def refused_by_tdmrep(text: str, url: str) -> bool:
    """Whether a tdmrep.json reserves the address: the first rule whose `location` matches decides.

    Anything that is not such a document, and any value but 0 and 1, says nothing.
    """
    path = _path_and_query(url)
    for rule in _tdm_rules(text):
        if _pattern(str(rule.get("location", ""))).match(path):
            return rule.get("tdm-reservation") in (1, "1") and rule.get("tdm-reservation") is not True
    return False


def _tdm_rules(text: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(text)
    except ValueError:
        return []
    return [rule for rule in document if isinstance(rule, dict)] if isinstance(document, list) else []


def _pattern(location: str) -> re.Pattern[str]:
    """A robots-like location: a prefix, `*` for anything, `$` for the end."""
    anchored = location.endswith("$")
    parts = [re.escape(unquote(part)) for part in location.removesuffix("$").split("*")]
    return re.compile(".*".join(parts) + ("$" if anchored else "")) if location else re.compile(r"(?!)")


def _path_and_query(url: str) -> str:
    parts = urlsplit(url)
    return unquote(parts.path or "/") + (f"?{parts.query}" if parts.query else "")
