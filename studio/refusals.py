"""Every way in which a request can be turned away: one table, one status and one remedy for each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from imaging.errors import ImagicError
from imaging.files import UnreadableImage

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """One kind of refusal: its HTTP status, the rule that was broken and what to do."""

    status: int
    rule: str
    remedy: str = ""


# The first seven are the reasons of imaging.files.UnreadableImage.
KINDS: dict[str, Kind] = {
    "empty": Kind(400, "An upload is a picture file, and this one has no bytes", "Choose the file again"),
    "missing": Kind(400, "An upload is a picture file, and none came", "Choose a file"),
    "not-an-image": Kind(415, "An upload is a JPEG, PNG, TIFF, WebP or camera raw file", "Choose a picture file"),
    "unsupported": Kind(415, "This kind of picture cannot be read", "Convert it to TIFF or PNG first"),
    "truncated": Kind(422, "A picture file must be whole, and this one ends early", "Copy it again from its source"),
    "unreadable": Kind(422, "A picture file must be sound, and this one is damaged", "Copy it again from its source"),
    "too-large": Kind(413, "A picture has more pixels than this studio takes", "Use `cli.py enhance` for large ones"),
    "too-many-bytes": Kind(413, "A file is larger than this studio takes", "Start it with a larger --max-upload-mb"),
    "no-length": Kind(411, "A request says how long its body is", "Send a Content-Length header"),
    "misuse": Kind(422, "The request asks for something that there is not"),
    "not-found": Kind(404, "There is nothing here (any more)", "Upload the picture again"),
    "method": Kind(405, "This address is asked in another way", "See /api"),
    "cross-site": Kind(403, "Only the studio's own page and programs may send requests", "Open the studio itself"),
    "wrong-host": Kind(421, "The studio is addressed by the name that it was started with", "Use its printed address"),
    "too-often": Kind(429, "Requests come faster than this studio takes them", "Wait a moment"),
    "busy": Kind(503, "As many pictures are waiting as may wait", "Wait a moment"),
    "cancelled": Kind(409, "The work was cancelled", "Start it again"),
    "failed": Kind(500, "The studio could not finish this", "See its terminal"),
}
_RETRY_SECONDS = {"too-often": "5", "busy": "10"}
_BY_STATUS = {404: "not-found", 405: "method"}


class Refused(ImagicError):
    """A request that is turned away.

    Args:
        kind: a name in `KINDS`.
        received: what was wrong with it; never a path of this machine.
        rule: replaces the kind's own rule.
    """

    def __init__(self, kind: str, received: object = "", rule: str = "", remedy: str = "") -> None:
        self.kind, self.status = kind, KINDS[kind].status
        super().__init__(rule or KINDS[kind].rule, received, remedy or KINDS[kind].remedy)


def refusal_of(error: Exception, name: str = "") -> Refused:
    """Return the refusal that an error amounts to.

    What a decoder says may name files of this machine, so only its one-word reason goes out.

    Args:
        error: whatever was raised.
        name: how the client calls the picture.
    """
    if isinstance(error, Refused):
        return error
    if isinstance(error, UnreadableImage):
        return Refused(error.reason, name)
    if isinstance(error, ImagicError):
        return Refused("misuse", error.received, error.rule, error.remedy)
    if isinstance(error, MemoryError):
        return Refused("too-large", name)
    return Refused("failed", name)


def problem(refused: Refused) -> JSONResponse:
    """Return the response: problem details as in RFC 9457, with `kind` to branch on."""
    content = {
        "type": "about:blank",
        "kind": refused.kind,
        "status": refused.status,
        "title": refused.rule,
        "detail": str(refused),
        "remedy": refused.remedy,
    }
    seconds = _RETRY_SECONDS.get(refused.kind)
    headers = {"Retry-After": seconds} if seconds else None
    return JSONResponse(content, refused.status, headers, MEDIA_TYPE)


async def on_imagic_error(request: Request, error: Exception) -> JSONResponse:
    """Answer an error of the project."""
    return problem(refusal_of(error))


async def on_http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer an address or method that there is not."""
    assert isinstance(error, HTTPException)
    return problem(Refused(_BY_STATUS.get(error.status_code, "misuse")))


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """Answer a parameter or body that does not have the documented form."""
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = dict(error.errors()[0])
    place = ".".join(str(part) for part in first["loc"][1:]) or "body"
    return problem(Refused("misuse", repr(first.get("input"))[:80], f"{place}: {first['msg']}", "See /api"))
