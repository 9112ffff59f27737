"""The frontier: every address that was ever found, and what became of it.

A row is `pending` until its outcome is committed together with everything that followed from it (further rows, the
manifest row), so a process killed at any moment leaves a frontier that the next run simply works off. States:
`pending`, `done` (a page was read), `stored`, `duplicate` (bytes already stored), `rejected` (by a rule) and `failed`
(tried in vain).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from crawler.catalogue import Catalogue, now
from crawler.found import Candidate, Found, Page
from crawler.manifest import ManifestRow

IMAGE_RANK, DETAIL_RANK, LISTING_RANK = 0, 1, 2
IMAGE = "image"
_ADD = """INSERT INTO frontier (job, fingerprint, kind, rank, host, url, payload, state, reason, evidence, updated_at)
VALUES (:job, :fingerprint, :kind, :rank, :host, :url, :payload, :state, :reason, :evidence, :updated_at)
ON CONFLICT (fingerprint) DO UPDATE SET job = excluded.job, payload = excluded.payload, state = excluded.state,
    reason = excluded.reason, evidence = excluded.evidence, updated_at = excluded.updated_at, attempts = 0
WHERE (frontier.job != excluded.job AND frontier.state IN ('pending', 'rejected', 'failed'))
   OR (frontier.state = 'pending' AND excluded.state = 'rejected')"""
_NEXT = """SELECT * FROM frontier WHERE job = ? AND state = 'pending' AND host = ? AND rank <= ?
ORDER BY not_before, rank, id LIMIT ?"""


@dataclass(frozen=True)
class FrontierRow:
    """One address to ask; `payload` is a candidate's fields or a page's context."""

    id: int
    kind: str
    rank: int
    host: str
    url: str
    payload: Mapping[str, Any]
    attempts: int
    hops: int
    not_before: float

    @property
    def is_image(self) -> bool:
        """Whether the answer is to be stored, not parsed."""
        return self.kind == IMAGE


@dataclass(frozen=True)
class Verdict:
    """Whether a found address may be asked: `reason` is empty if so, `terms` are fields that the rules decided."""

    reason: str = ""
    evidence: str = ""
    terms: Mapping[str, str] | None = None


class Frontier:
    """The rows of one job in an open catalogue."""

    def __init__(self, catalogue: Catalogue, job: str) -> None:
        self.catalogue, self.job = catalogue, job
        self._connection = catalogue.connection

    def add(self, judged: Iterable[tuple[Found, Verdict]]) -> int:
        """Add what was found, in the open transaction; returns how many rows are new or changed."""
        return sum(self._connection.execute(_ADD, self._values(*pair)).rowcount == 1 for pair in judged)

    def finish_page(self, row: FrontierRow, judged: Iterable[tuple[Found, Verdict]]) -> int:
        """Record that a page was read, together with all that was found on it; returns the number of new rows."""
        with self.catalogue.transaction():
            added = self.add(judged)
            self._set(row, state="done", reason="", evidence="")
        return added

    def finish_image(self, row: FrontierRow, image: ManifestRow) -> bool:
        """Record a stored image; False if its bytes were stored before under another address."""
        with self.catalogue.transaction():
            is_new = self.catalogue.insert_image(image)
            self._set(row, state="stored" if is_new else "duplicate", image_id=image.image_id, reason="", evidence="")
        return is_new

    def reject(self, row: FrontierRow, reason: str, evidence: str = "") -> None:
        """Record that a rule forbids the address for good."""
        self._set(row, state="rejected", reason=reason, evidence=evidence[:2000])

    def fail(self, row: FrontierRow, reason: str, evidence: str = "") -> None:
        """Record a failure that may pass; the next run of the job tries again."""
        self._set(row, state="failed", reason=reason, evidence=evidence[:2000], attempts=row.attempts + 1)

    def postpone(self, row: FrontierRow, until: float, reason: str, *, attempts: int) -> None:
        """Leave a row pending, not to be asked before `until` (seconds since the epoch)."""
        self._set(row, state="pending", not_before=until, reason=reason, attempts=attempts)

    def move(self, row: FrontierRow, url: str, payload: Mapping[str, Any], *, hops: int) -> None:
        """Ask another address for the same row: a redirect's target or a fallback."""
        self._set(row, url=url, host=host_of(url), payload=_dump(payload), hops=hops)

    def hosts(self) -> list[str]:
        """Hosts for which rows are pending."""
        select = "SELECT DISTINCT host FROM frontier WHERE job = ? AND state = 'pending'"
        return [found["host"] for found in self._connection.execute(select, (self.job,))]

    def next_rows(self, host: str, *, rank: int, count: int) -> list[FrontierRow]:
        """The next pending rows of a host up to a rank, images before details before listings."""
        found = self._connection.execute(_NEXT, (self.job, host, rank, count))
        return [_frontier_row(record) for record in found]

    def has_pending(self, held: Collection[str] = ()) -> bool:
        """Whether rows wait for hosts that are not held."""
        return any(host not in held for host in self.hosts())

    def has_images(self, count: int, held: Collection[str] = ()) -> bool:
        """Whether at least so many images wait for hosts that are not held."""
        marks = ", ".join("?" * len(held))
        sql = f"""SELECT COUNT(*) FROM (SELECT 1 FROM frontier WHERE job = ? AND state = 'pending'
        AND rank = {IMAGE_RANK} AND host NOT IN ({marks}) LIMIT ?)"""
        return self.catalogue.count(sql, self.job, *held, count) >= count

    def count(self, *states: str, images_only: bool = False) -> int:
        """How many rows of the job are in one of the states."""
        marks = ", ".join("?" * len(states))
        sql = f"SELECT COUNT(*) FROM frontier WHERE job = ? AND state IN ({marks})"
        return self.catalogue.count(sql + (f" AND rank = {IMAGE_RANK}" if images_only else ""), self.job, *states)

    def reasons(self) -> dict[str, int]:
        """How many rows of the job were rejected or failed, by reason."""
        select = """SELECT reason, COUNT(*) AS times FROM frontier WHERE job = ? AND state IN ('rejected', 'failed')
        GROUP BY reason ORDER BY times DESC, reason"""
        return {found["reason"]: found["times"] for found in self._connection.execute(select, (self.job,))}

    def reopen(self, *, listings: bool) -> None:
        """At the start of a run: try again what failed, forget old waits, ask listings again when wanted."""
        states = "state = 'failed'" + (" OR (state = 'done' AND rank >= 1)" if listings else "")
        self._connection.execute(
            f"UPDATE frontier SET state = 'pending', attempts = 0, not_before = 0 WHERE job = ? AND ({states})",
            (self.job,),
        )

    def _values(self, found: Found, verdict: Verdict) -> dict[str, Any]:
        payload = dict(found.context) if isinstance(found, Page) else {**asdict(found), **(verdict.terms or {})}
        kind, rank = (found.kind, _page_rank(found)) if isinstance(found, Page) else (IMAGE, IMAGE_RANK)
        scope = "" if isinstance(found, Candidate) else self.job
        return {
            "job": self.job,
            "fingerprint": hashlib.sha256(f"{scope}\n{kind}\n{found.url}".encode()).hexdigest(),
            "kind": kind,
            "rank": rank,
            "host": host_of(found.url),
            "url": found.url,
            "payload": _dump(payload),
            "state": "rejected" if verdict.reason else "pending",
            "reason": verdict.reason,
            "evidence": verdict.evidence[:2000],
            "updated_at": now(),
        }

    def _set(self, row: FrontierRow, **values: Any) -> None:
        values["updated_at"] = now()
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        self._connection.execute(f"UPDATE frontier SET {assignments} WHERE id = :id", {**values, "id": row.id})


def host_of(url: str) -> str:
    """Host and port of an address in lower case; "" when it has none (a file) or cannot be read."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def wait_until(seconds: float) -> float:
    """The time that lies so many seconds ahead, as stored in `not_before`."""
    return time.time() + seconds


def _page_rank(page: Page) -> int:
    return LISTING_RANK if page.is_listing else DETAIL_RANK


def _frontier_row(record: sqlite3.Row) -> FrontierRow:
    names = ("id", "kind", "rank", "host", "url", "attempts", "hops", "not_before")
    return FrontierRow(**{name: record[name] for name in names}, payload=json.loads(record["payload"]))


def _dump(payload: Mapping[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, sort_keys=True)
