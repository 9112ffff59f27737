"""Serving the studio until it is interrupted."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass

from imaging.errors import ImagicError
from studio.options import StudioOptions

CONNECTIONS = 64  # beside those whose jobs wait; each may hold one upload in memory
_OPEN_WARNING = "Anyone who reaches this address can use the studio: nothing asks who is there."


@dataclass(frozen=True)
class ServeReport:
    """What is left to say when the studio is closed."""

    exit_code: int = 0

    def lines(self) -> list[str]:
        """The report, a line each."""
        return ["The studio is closed; its uploads and results are deleted."]


def serve(options: StudioOptions) -> ServeReport:
    """Serve the studio; returns when it is interrupted.

    Raises:
        ImagicError: when the address cannot be listened on.
    """
    import uvicorn

    from studio.app import create_app

    listening = listen(options)
    port = listening.getsockname()[1]
    host = f"[{options.host}]" if ":" in options.host else options.host
    print(f"The studio is at http://{host}:{port}/ (Ctrl+C closes it).", flush=True)
    if not options.is_local:
        print(_OPEN_WARNING, flush=True)
    config = uvicorn.Config(
        create_app(options),
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=5,
        limit_concurrency=CONNECTIONS + options.waiting,
    )
    with contextlib.suppress(KeyboardInterrupt):  # raised once more when everything has been closed
        uvicorn.Server(config).run(sockets=[listening])
    return ServeReport()


def listen(options: StudioOptions) -> socket.socket:
    """Return the open socket, so that a taken port is told before anything is loaded."""
    try:
        family = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((options.host, options.port), family=family, backlog=128)
    except OSError as error:
        received = f"{options.host}:{options.port} ({error.strerror or error})"
        raise ImagicError("The studio listens on a free address", received, "Choose another --port or --host") from None
