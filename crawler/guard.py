"""Which addresses may be asked at all, judged by their text; `crawler.resolver` judges where they really lead."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80}
MAX_URL = 2083


@dataclass(frozen=True)
class Guard:
    """The rules of one crawl.

    Attributes:
        own: host and port of a loopback `base_url`, the one local address that was allowed by name; "" without.
        hosts: hosts of the source, subdomains included; None for any.
        allow_http: accept addresses without TLS from other hosts too.
    """

    own: str = ""
    hosts: frozenset[str] | None = None
    allow_http: bool = False

    def refuses(self, url: str) -> str:
        """Why an address must not be asked, in one word; "" when it may."""
        if len(url) > MAX_URL or not url.isprintable() or " " in url or "\\" in url:
            return "bad-url"
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            return "bad-url"
        if parts.scheme not in _PORTS:
            return "bad-scheme"
        if self.own and parts.netloc.lower() == self.own:
            return ""
        return self._refuses_stranger(parts.scheme, host, port, has_user="@" in parts.netloc)

    def _refuses_stranger(self, scheme: str, host: str, port: int | None, *, has_user: bool) -> str:
        checks = {
            "bad-url": not host or has_user,
            "private-address": not is_public_host(host),
            "http-not-allowed": scheme == "http" and not self.allow_http,
            "bad-port": port not in (None, _PORTS[scheme]),
            "host-not-allowed": not _is_within(host, self.hosts),
        }
        return next((reason for reason, broken in checks.items() if broken), "")


def is_public_host(host: str) -> bool:
    """False for address literals that are not globally routable, in any writing, and for names of this machine.

    `127.1`, `2130706433` and `0x7f.1` are addresses to a resolver; names made of digits only are refused altogether.
    """
    try:
        return is_public_address(host)
    except ValueError:
        last = host.rpartition(".")[2]
        is_number = last.isdigit() or last.lower().startswith("0x")
        return not is_number and "." in host and not host.endswith((".localhost", ".local", ".internal"))


def is_public_address(address: str) -> bool:
    """Whether an address literal is globally routable; an IPv6 address that wraps an IPv4 one is judged by both.

    Raises:
        ValueError: it is no address literal.
    """
    parsed = ipaddress.ip_address(address)
    wrapped = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    return parsed.is_global and not parsed.is_multicast and (wrapped is None or wrapped.is_global)


def _is_within(host: str, hosts: Collection[str] | None) -> bool:
    return hosts is None or any(host == known or host.endswith(f".{known}") for known in hosts)
