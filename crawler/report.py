"""What a crawl came to, for printing and for the exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class CrawlReport:
    """Figures of one run and of its job.

    Attributes:
        source: the source's name.
        out: the output folder.
        outcome: "finished", "interrupted" or what stopped the run.
        stored: images stored by this run.
        total: images stored by this job so far.
        duplicates: images of this run whose bytes were there already.
        num_bytes: bytes stored by this run.
        pending: addresses left for another run.
        failed: addresses of the job that were tried in vain.
        reasons: how many addresses of the job were rejected or failed, by reason.
        held: hosts that could not be asked in this run, and why.
        seconds: duration of the run.
    """

    source: str
    out: Path
    outcome: str
    stored: int
    total: int
    duplicates: int = 0
    num_bytes: int = 0
    pending: int = 0
    failed: int = 0
    unread_pages: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 when all went as it should, 3 when something could not be read, 1 when the run broke off or read nothing.

        Images that a rule rejects are the rules at work, not failures.
        """
        trouble = self.failed or self.unread_pages or self.held
        if self.outcome != "finished" or (trouble and not self.total):
            return 1
        return 3 if trouble else 0

    def lines(self) -> list[str]:
        """The report for people."""
        rate = f", {self.stored / self.seconds:.1f} images/s" if self.stored and self.seconds else ""
        size = f"{self.num_bytes / 1e6:.1f} MB in {self.seconds:.1f} s{rate}"
        known = f", {self.duplicates} known already" if self.duplicates else ""
        return [
            f"{self.source}: {self.stored} images stored ({size}){known}; {self.total} in all in {self.out}",
            *(f"  not kept: {count} x {reason}" for reason, count in self.reasons.items()),
            *(f"  held: {host} ({why}); run the same command again later" for host, why in self.held.items()),
            *([f"  {self.outcome}; run the same command again to go on"] if self.outcome != "finished" else []),
        ]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CrawlReport:
        """The report that travelled as JSON."""
        return cls(**{**values, "out": Path(values["out"])})
