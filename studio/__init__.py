"""The studio: a local web page to try restoration on a few pictures before it is run on many.

Importing this package imports no web framework; `serve` does when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.options import StudioOptions

if TYPE_CHECKING:
    from studio.server import ServeReport

__all__ = ["StudioOptions", "serve"]


def serve(options: StudioOptions) -> ServeReport:
    """Serve the studio until it is interrupted; see `studio.server`."""
    from studio.server import serve as run

    return run(options)
