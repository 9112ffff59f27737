"""The rules by which a found address is admitted to the frontier, before any request is made for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from crawler.found import Candidate, Found, Page
from crawler.frontier import Verdict
from crawler.guard import Guard
from crawler.options import CrawlOptions
from crawler.rights import Licence, decide


def judge_all(found: Iterable[Found], options: CrawlOptions, guard: Guard) -> Iterator[tuple[Found, Verdict]]:
    """Pair everything that was found with the verdict on it."""
    for thing in found:
        if isinstance(thing, Page):
            yield thing, Verdict(guard.refuses(thing.url))
        else:
            yield thing, judge(thing, options, guard)


def judge(candidate: Candidate, options: CrawlOptions, guard: Guard) -> Verdict:
    """Rights first, then the address, then the size that the source claims."""
    licence, reason = decide(candidate.rights or ((options.rights,) if options.rights else ()), options.licences)
    reasons = (
        candidate.refusal,
        reason,
        _missing_attribution(candidate, licence),
        guard.refuses(candidate.url),
        _too_small(candidate, options),
    )
    evidence = candidate.evidence or " | ".join(candidate.rights) or vouched(options)
    terms = {
        "licence": licence.name if licence else "",
        "licence_url": licence.url if licence else "",
        "evidence": evidence,
        "attribution": candidate.attribution or (credit_line(candidate, licence) if licence else ""),
    }
    return Verdict(next(filter(None, reasons), ""), json.dumps({"rights": evidence}, ensure_ascii=False), terms)


def vouched(options: CrawlOptions) -> str:
    """Evidence where nobody but the user states the rights."""
    return f"vouched for by the user: {options.rights}" if options.rights else ""


def credit_line(candidate: Candidate, licence: Licence) -> str:
    """A credit with title, creator, licence and its address, as the CC licences ask for."""
    title = f'"{candidate.title}"' if candidate.title else candidate.work_id
    maker = f" by {candidate.creator}" if candidate.creator else ""
    return f"{title}{maker}, {licence.name} ({licence.url})"


def next_choice(candidate: Candidate) -> Candidate | None:
    """The same picture at its next other address, None when there is none left."""
    if not candidate.fallbacks:
        return None
    return replace(candidate, url=candidate.fallbacks[0], fallbacks=candidate.fallbacks[1:], width=0, height=0)


def _missing_attribution(candidate: Candidate, licence: Licence | None) -> str:
    """BY licences can only be kept when the credit can be given."""
    if licence is None or not licence.needs_attribution:
        return ""
    complete = (candidate.creator or candidate.attribution) and candidate.title and candidate.landing_url
    return "" if complete else "attribution-missing"


def _too_small(candidate: Candidate, options: CrawlOptions) -> str:
    """By the source's claim; a claim of nothing is no claim, and the file's header has the last word."""
    sides = [side for side in (candidate.width, candidate.height) if side]
    return "too-small" if sides and min(sides) < options.min_size else ""
