"""The resolver that every connection goes through: a name that leads to a private address does not resolve.

The checked address is the one that is dialled, so a name that answers differently a moment later gains nothing, and
redirects are covered because they need an address too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from scrapy.resolver import CachingThreadedResolver
from twisted.internet import defer
from twisted.internet.base import ReactorBase
from twisted.internet.error import DNSLookupError

from crawler.guard import is_public_address
from crawler.options import is_loopback_host

_REFUSED: dict[str, str] = {}


def refused_address(url: str) -> str:
    """The private address that a URL's host was found to lead to in this process, "" if it was not.

    Twisted forgets why a name did not resolve on the way to the request's errback, so it is kept here.
    """
    return _REFUSED.get(urlsplit(url).hostname or "", "")


class GuardedResolver(CachingThreadedResolver):
    """Refuses every address that is not globally routable, except the one loopback host that was allowed by name.

    Args:
        reactor: Twisted's reactor.
        cache_size: names to remember.
        timeout: seconds for one look-up.
        own_host: the allowed loopback host, "" for none.
    """

    def __init__(self, reactor: ReactorBase, cache_size: int, timeout: float, own_host: str) -> None:
        super().__init__(reactor, cache_size, timeout)
        self.own_host = own_host

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: ReactorBase) -> GuardedResolver:
        """How Scrapy makes it."""
        settings = crawler.settings
        return cls(reactor, settings.getint("DNSCACHE_SIZE"), settings.getfloat("DNS_TIMEOUT"), settings["OWN_HOST"])

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> defer.Deferred[str]:
        """The address of a name, if it may be dialled."""
        resolved = super().getHostByName(name, timeout)
        return resolved.addCallback(self._check, name)

    def _check(self, address: str, name: str) -> str:
        is_own = bool(self.own_host) and name == self.own_host and is_loopback_host(address)
        if is_own or is_public_address(address):
            return address
        _REFUSED[name] = address
        raise DNSLookupError(f"{name} leads to the private address {address}")
