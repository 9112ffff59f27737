"""Addresses of services, and whether somebody answers there."""

from __future__ import annotations

import json
import re
import socket
import urllib.error
import urllib.request
from typing import Any

from imaging.errors import ImagicError, MisuseError

WORKER_POOL_PORT = 50000
_WAIT_S = 5.0


def host_port(text: str, what: str) -> tuple[str, int]:
    """Returns host and port of an address.

    Args:
        text: "HOST:PORT".
        what: whose address, for the message.

    Raises:
        MisuseError: it is none.
    """
    found = re.fullmatch(r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})", text)
    if not found or not 0 < int(found[2]) < 65536:
        raise MisuseError(f"{what} is at HOST:PORT", text)
    return found[1].strip("[]"), int(found[2])


def require_open(text: str, what: str, remedy: str) -> None:
    """Refuses an address where nobody listens.

    Raises:
        ImagicError: the connection was refused or took too long.
    """
    try:
        socket.create_connection(host_port(text, what), _WAIT_S).close()
    except OSError as error:
        raise ImagicError(f"{what} must answer", f"{text} ({_reason(error)})", remedy) from error


def get_json(url: str, what: str, remedy: str) -> dict[str, Any]:
    """Returns the JSON object that a service answers with.

    Raises:
        ImagicError: nobody answers, or with something else.
    """
    try:
        with urllib.request.urlopen(url, timeout=_WAIT_S) as answer:
            told = json.load(answer)
    except (OSError, ValueError) as error:
        raise ImagicError(f"{what} must answer", f"{url} ({_reason(error)})", remedy) from error
    if not isinstance(told, dict):
        raise ImagicError(f"{what} answers with a JSON object", url, remedy)
    return told


def _reason(error: Exception) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(getattr(inner, "strerror", None) or inner)
