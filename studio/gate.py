"""What stands before every request: who may ask, how much, how often; and the headers of every answer."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.options import StudioOptions
from studio.refusals import Refused, problem

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Reports are pages of their own making: their scripts run in a box without an origin, and reach nothing.
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_TILES = ("/api/recipes/", "/api/damages/")  # computed when they are looked at
_ADDRESSES = 4096
TILES_PER_REQUEST = 10


class Gate:
    """ASGI middleware around the whole studio.

    Args:
        app: what is guarded.
        options: the limits.
        clock: seconds, monotonic; a test gives its own.
    """

    def __init__(self, app: ASGIApp, options: StudioOptions, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._options = app, options
        self._pace = Pace(options.rate, clock)
        self._tile_pace = Pace(options.rate * TILES_PER_REQUEST, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on; either way with the security headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except Refused as refused:
            await problem(refused)(scope, receive, _with_headers(send))
            return
        await self._app(scope, receive, _with_headers(send))

    def _check(self, scope: Scope) -> None:
        headers, method = Headers(scope=scope), scope["method"]
        host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
        if self._options.is_local and host not in _LOCAL_NAMES:
            raise Refused("wrong-host", host)  # another site's name that was made to point at this machine
        address = (scope.get("client") or ("",))[0]
        if method in ("GET", "HEAD"):
            if scope["path"].startswith(_TILES):
                self._tile_pace.count(address)
            return
        _check_origin(headers)
        if method in _WITH_BODY:
            _check_length(headers, self._options.max_upload_bytes)
            self._pace.count(address)


def _check_origin(headers: Headers) -> None:
    """Refuse what another site's page sends through a visitor's browser; programs send neither header."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    if site not in ("same-origin", "none") or (origin and urlsplit(origin).netloc != headers.get("host")):
        raise Refused("cross-site", origin or site)


def _check_length(headers: Headers, limit: int) -> None:
    """Refuse by the announced length, before a byte of the body is read; the server reads no more than announced."""
    length = headers.get("content-length", "")
    if not length.isdigit():
        raise Refused("no-length")
    if int(length) > limit:
        raise Refused("too-many-bytes", f"{int(length) / 1e6:.1f} MB, and {limit / 1e6:g} MB are taken")


class Pace:
    """A bucket of requests for each address, that fills evenly through the minute.

    Args:
        rate: requests a minute; 0 for any number.
        clock: seconds, monotonic.
    """

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def count(self, address: str) -> None:
        """Take a request from the address's bucket; Refused when it is empty."""
        if not self._rate:
            return
        now = self._clock()
        left, since = self._buckets.pop(address, (float(self._rate), now))
        left = min(float(self._rate), left + (now - since) * self._rate / 60)
        self._buckets[address] = (max(left - 1, 0.0), now)
        if len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        if left < 1:
            raise Refused("too-often", f"over {self._rate} a minute")


def _with_headers(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return answer
