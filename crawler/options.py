"""What a crawl is asked to do; refuses nonsense at birth and imports no Scrapy."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crawler.rights import check_names
from imaging.errors import MisuseError

CONTACT_VARIABLE = "IMAGIC_CONTACT"
DEFAULT_LICENCES = ("CC0-1.0", "LicenseRef-PDM-1.0")
_CONTACT = re.compile(r"^([^@\s()]+@[^@\s()]+\.[^@\s()]+|https?://[^\s()]+)$")
_HOURS = re.compile(r"^([01]?\d|2[0-3])-([01]?\d|2[0-3])$")
# What decides which images a crawl accepts: two crawls that agree in these are the same job, one resuming the other.
_JOB_FIELDS = ("source", "target", "base_url", "query", "filters", "licences", "rights", "min_size")


@dataclass(frozen=True)
class CrawlOptions:
    """One crawl.

    Attributes:
        source: met, artic, cleveland, rijks, commons, loc, smithsonian, europeana, openverse, iiif, urls or local.
        out: folder for the originals, the catalogue and the manifest.
        target: what to read where the source is not a site of its own: a manifest or collection address (iiif),
            a list file (urls), a folder (local).
        limit: stop when so many images of this job are stored; a resumed job counts the earlier ones.
        licences: families (`cc0`, `pdm`, `cc-by`, ...) or normal forms that may be collected.
        rights: the licence that you vouch for, where the source states none (local folders, lists without a column).
        query: words to search for, where the source can search.
        filters: further filters of the source by name, for example department=11; a wrong name lists the right ones.
        base_url: replaces the source's own address; the only way to crawl a host on this machine.
        contact: e-mail or web address for the User-Agent; remembered in the output folder.
        allow_http: accept addresses without TLS.
        delay: seconds between two requests to one host; can only be raised, except for a loopback `base_url`.
        min_size: shortest side in pixels.
        max_pixels: largest picture that is opened at all.
        max_bytes: largest image file; answers of APIs are cut at 16 MiB.
        timeout: seconds for one whole request.
        host_budget: most requests to one host in this run; 0 for no limit.
        hours: only work between these local hours, for example "22-6"; empty for always.
        retries: further attempts after a failure that may pass.
        refresh: ask listing pages again that an earlier run has read.
        lossless: prefer a source's lossless file where it has one (Cleveland's TIFF).
        status: crawl nothing; print what the output folder holds, per source, licence and reason.
        progress: show a progress bar on stderr.
        verbose: let Scrapy's log through.
    """

    source: str
    out: Path
    target: str = ""
    limit: int | None = None
    licences: tuple[str, ...] = DEFAULT_LICENCES
    rights: str = ""
    query: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    base_url: str | None = None
    contact: str = ""
    allow_http: bool = False
    delay: float | None = None
    min_size: int = 256
    max_pixels: int = 120_000_000
    max_bytes: int = 128 * 2**20
    timeout: float = 60.0
    host_budget: int = 0
    hours: str = ""
    retries: int = 4
    refresh: bool = False
    lossless: bool = False
    status: bool = False
    progress: bool = True
    verbose: bool = False

    def __post_init__(self) -> None:
        from crawler.spiders import check_source  # the sources name this module's class in their annotations

        object.__setattr__(self, "out", Path(self.out).expanduser())
        object.__setattr__(self, "filters", {str(k): str(v) for k, v in sorted(dict(self.filters).items())})
        object.__setattr__(self, "licences", check_names(self.licences))
        object.__setattr__(self, "contact", self.contact.strip() or os.environ.get(CONTACT_VARIABLE, "").strip())
        self._check_numbers()
        self._check_texts()
        if not self.status:
            check_source(self)

    @property
    def is_loopback(self) -> bool:
        """Whether `base_url` names this machine, where manners towards strangers do not apply."""
        return bool(self.base_url) and is_loopback_host(urlsplit(self.base_url or "").hostname or "")

    @property
    def job(self) -> str:
        """Identity of the job, 16 hex digits: the same for every run that may resume it."""
        chosen = {name: value for name, value in self.to_dict().items() if name in _JOB_FIELDS}
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form, from which `from_dict` makes equal options."""
        return {**asdict(self), "out": str(self.out), "licences": list(self.licences)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CrawlOptions:
        """Options that travelled as JSON."""
        return cls(**{**values, "out": Path(values["out"]), "licences": tuple(values["licences"])})

    def _check_numbers(self) -> None:
        least = {"limit": 1, "delay": 0, "min_size": 1, "max_pixels": 1, "max_bytes": 1, "timeout": 0.05}
        if self.delay is not None and self.delay < 1 and not self.is_loopback:
            raise MisuseError("A delay can only be raised above one second per host", self.delay, "Leave --delay out")
        for name, bound in {**least, "host_budget": 0, "retries": 0}.items():
            value = getattr(self, name)
            if value is not None and value < bound:
                raise MisuseError(f"A crawl's {name} is at least {bound}", value)

    def _check_texts(self) -> None:
        if self.contact and not _CONTACT.match(self.contact):
            raise MisuseError("A contact is one e-mail or web address", self.contact, "Try --contact you@example.org")
        if self.hours and not _HOURS.match(self.hours):
            raise MisuseError("Hours are two full hours of the day", self.hours, "Try --hours 22-6")
        if self.rights:
            check_names([self.rights])
        if self.base_url and urlsplit(self.base_url).scheme not in ("http", "https"):
            raise MisuseError("A base URL starts with https:// or http://", self.base_url)


def is_loopback_host(host: str) -> bool:
    """Whether a host name or address literal is this machine by its very form."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
