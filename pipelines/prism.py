"""Prism, Beam's portable runner in Go, on this machine. Imports no Beam."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from imaging.errors import ImagicError
from pipelines.endpoints import host_port, require_open

INSTALL = "go install github.com/apache/beam/sdks/v2/go/cmd/prism@v2.77.0"


@dataclass(frozen=True)
class PrismOptions:
    """Where Prism is.

    Attributes:
        location: the binary; never a download.
        worker_pool: HOST:PORT of a `pipelines.worker_pool`; "" works on threads of this process.
    """

    location: str
    worker_pool: str = ""

    def __post_init__(self) -> None:
        if self.worker_pool:
            host_port(self.worker_pool, "A worker pool")

    def flags(self, workers: int) -> list[str]:
        """Beam's flags for this runner; Prism itself decides how many bundles it works on at a time."""
        place = ["--environment_type=EXTERNAL", f"--environment_config={self.worker_pool}"]
        pool = place if self.worker_pool else ["--environment_type=LOOPBACK"]
        # Beam takes a relative path for a version to download.
        return ["--runner=PrismRunner", f"--prism_location={Path(self.location).resolve()}", *pool]

    def check(self, workers: int) -> None:
        """Refuses a binary or a pool that is not there.

        Raises:
            ImagicError: with the remedy.
        """
        if not (os.path.isfile(self.location) and os.access(self.location, os.X_OK)):
            remedy = f"Install it (`{INSTALL}`) and name it by --prism-location"
            raise ImagicError("Prism is a program on this machine", self.location or "nothing", remedy)
        if self.worker_pool:
            require_open(self.worker_pool, "The worker pool", "Start it: python -m pipelines.worker_pool")
