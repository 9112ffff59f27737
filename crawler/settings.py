"""Scrapy's settings for a polite and careful crawl; each line that flips a default says why."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from crawler.work import Work

_HTTP = "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"
_MEMORY_LIMIT_MB = 4096


def make_settings(work: Work) -> dict[str, Any]:
    """The settings of one run."""
    options = work.options
    own_host = urlsplit(options.base_url or "").hostname if options.is_loopback else ""
    return {
        "USER_AGENT": work.user_agent,
        "DEFAULT_REQUEST_HEADERS": {"Accept": "application/json, image/*;q=0.9, */*;q=0.1"},
        "SCHEDULER": "crawler.scheduler.FrontierScheduler",
        "DOWNLOADER_MIDDLEWARES": {"crawler.middlewares.GateMiddleware": 50},
        **_OWN_PARTS_INSTEAD,
        **_CLOSED_DOORS,
        # One rejected address, one slow host: the frontier decides how many requests fly, per host.
        "CONCURRENT_REQUESTS": 64,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 64,
        "DOWNLOAD_DELAY": 0,
        "DOWNLOAD_TIMEOUT": options.timeout,
        "DOWNLOAD_MAXSIZE": options.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DNS_TIMEOUT": min(options.timeout, 20),
        "TWISTED_DNS_RESOLVER": "crawler.resolver.GuardedResolver",
        "OWN_HOST": own_host,
        # Bodies in work at a time; the default of 5 MB would let one large image block the engine.
        "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 128 * 2**20,
        "MEMUSAGE_LIMIT_MB": _MEMORY_LIMIT_MB,
        "LOG_ENABLED": options.verbose,
        "LOG_LEVEL": "INFO",
        "STATS_DUMP": options.verbose,
    }


# Scrapy's own parts that forget at a kill, fail open, or keep no evidence.
_OWN_PARTS_INSTEAD = {
    "ROBOTSTXT_OBEY": False,  # an error counts as permission there; see GateMiddleware
    "RETRY_ENABLED": False,  # in memory only, and deaf to Retry-After
    "REDIRECT_ENABLED": False,  # a hop must be a committed state, judged like any address
    "METAREFRESH_ENABLED": False,
    "HTTPERROR_ALLOW_ALL": True,
    "COOKIES_ENABLED": False,
    "REFERER_ENABLED": False,
    "HTTPPROXY_ENABLED": False,  # a proxy resolves names itself, behind the guarded resolver's back
    "LOGSTATS_INTERVAL": 0,
}

# Defaults of Scrapy 2.19 that open the process to the network or the disk.
_CLOSED_DOORS = {
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "DOWNLOAD_HANDLERS": {"http": _HTTP, "https": _HTTP, "file": None, "data": None, "ftp": None, "s3": None},
}
