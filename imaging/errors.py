"""The two errors that a user can see, and the exit codes they end in."""

from __future__ import annotations


class ImagicError(Exception):
    """Something could not be done; the message names the rule, what was received and the remedy.

    Args:
        rule: what must hold, as a clause without a full stop ("A recipe name is one of denoise, jpeg").
        received: the offending value, shown as is.
        remedy: what to do now, as an imperative sentence without a full stop; may be empty.
    """

    exit_code = 1

    def __init__(self, rule: str, received: object = "", remedy: str = "") -> None:
        self.rule, self.received, self.remedy = rule, str(received), remedy
        super().__init__(rule, received, remedy)

    def __str__(self) -> str:
        # One line always: paths and titles may carry newlines, and a log line must stay a line.
        received = self.received.encode("unicode_escape").decode() if "\n" in self.received else self.received
        parts = [self.rule, f"Received: {received}" if received else "", self.remedy]
        return ". ".join(part for part in parts if part) + "."


class MisuseError(ImagicError):
    """The request itself is wrong (an unknown name, a reversed range, a missing path): exit code 2."""

    exit_code = 2
