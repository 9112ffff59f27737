"""What an answer's status, or the lack of an answer, means for the address and its host: one table for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from scrapy import exceptions

MOVED = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Outcome:
    """What to do after a request that brought no usable answer.

    Attributes:
        reason: one word for the catalogue.
        may_pass: whether to try again; a rule's refusal is final.
        rests: the whole host is left alone for a while, not only this address.
        most_retries: fewer attempts than the user's number, where more of them look like an attack.
    """

    reason: str
    may_pass: bool = False
    rests: bool = False
    most_retries: int = 99


_STATUS = {
    401: Outcome("unauthorised", may_pass=True),
    403: Outcome("blocked", may_pass=True, rests=True, most_retries=2),
    404: Outcome("gone"),
    408: Outcome("timeout", may_pass=True),
    410: Outcome("gone"),
    429: Outcome("too-many-requests", may_pass=True, rests=True),
    451: Outcome("withheld-for-legal-reasons"),
    503: Outcome("unavailable", may_pass=True, rests=True),
}
_FAILURES: dict[type[BaseException], Outcome] = {
    exceptions.CannotResolveHostError: Outcome("unknown-host", may_pass=True),
    exceptions.DownloadTimeoutError: Outcome("timeout", may_pass=True),
    exceptions.DownloadConnectionRefusedError: Outcome("no-connection", may_pass=True),
    exceptions.DownloadFailedError: Outcome("broken-off", may_pass=True),
    exceptions.ResponseDataLossError: Outcome("broken-off", may_pass=True),
    exceptions.DownloadCancelledError: Outcome("too-large"),
    exceptions.UnsupportedURLSchemeError: Outcome("bad-scheme"),
    # The guard against bodies that grow in decompression is the only part in use that ignores a response.
    exceptions.IgnoreRequest: Outcome("too-large"),
}


def of_status(status: int) -> Outcome | None:
    """None when the status is 200 and the body can be used."""
    if status == 200:
        return None
    fallback = Outcome(f"http-{status}", may_pass=status >= 500 or status < 300)
    return _STATUS.get(status, fallback)


def of_failure(exception: BaseException) -> Outcome:
    """Which outcome an exception of the download is."""
    return _FAILURES.get(type(exception), Outcome("error", may_pass=True))


def retry_after(headers: Mapping[str, list[str]], now: datetime | None = None) -> float:
    """Seconds that a Retry-After header asks for, in either of its forms; 0 when it is absent or unreadable."""
    value = next(iter(headers.get("retry-after", [])), "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - (now or datetime.now(UTC))).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def backoff(attempts: int, *, first: float) -> float:
    """Seconds to wait before attempt number `attempts` + 1: doubling, at most a minute."""
    return float(min(first * 2.0**attempts, 60.0))
