"""What the studio is asked to be; importing this file imports no web framework."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from imagic_models.options import ENGINES
from imaging.errors import MisuseError


@dataclass(frozen=True)
class StudioOptions:
    """One studio, its limits included.

    Attributes:
        host: the address to listen on. Anything but a loopback address opens the studio to the network, where nothing
            asks who is there.
        port: the port to listen on; 0 takes a free one.
        max_upload_mb: largest upload, in megabytes (10^6 bytes).
        max_megapixels: largest picture by its header, read before anything is decoded.
        rate: requests with a body that one address may make in a minute; 0 for any number.
        waiting: jobs that may wait at the same time; the next one is sent away.
        workers: jobs that run at the same time.
        keep_minutes: how long an untouched picture stays on the disk.
        store_mb: megabytes of uploads and results on the disk; the oldest pictures make room.
        engine: what computes the networks.
        results: folders with ledgers and evaluation reports to browse.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    max_upload_mb: float = 10.0
    max_megapixels: float = 64.0
    rate: int = 240
    waiting: int = 64
    workers: int = 1
    keep_minutes: float = 60.0
    store_mb: float = 2000.0
    engine: str = "auto"
    results: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.host.strip():
            raise MisuseError("A host is an address or a name", repr(self.host), "Use 127.0.0.1")
        if not 0 <= self.port <= 65535:
            raise MisuseError("A port is between 0 and 65535", self.port)
        for name in ("max_upload_mb", "max_megapixels", "waiting", "workers", "keep_minutes", "store_mb"):
            if not getattr(self, name) > 0:
                raise MisuseError(f"{name} is over 0", getattr(self, name))
        if self.rate < 0:
            raise MisuseError("A rate is at least 0 requests a minute", self.rate, "Use 0 for no limit")
        if self.engine not in ENGINES:
            raise MisuseError(f"An engine is one of {', '.join(ENGINES)}", self.engine)
        for folder in self.results:
            if not Path(folder).is_dir():
                raise MisuseError("Results are browsed in folders that exist", folder, "Check the path")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the studio."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def max_upload_bytes(self) -> int:
        """The largest upload, in bytes."""
        return int(self.max_upload_mb * 1e6)

    @property
    def max_pixels(self) -> int:
        """The largest picture, in pixels."""
        return int(self.max_megapixels * 1e6)
