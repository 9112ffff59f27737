"""Networks that restore pictures: architectures, training, presets and the restorer.

Importing this package imports no Keras; `load_restorer` does when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from imagic_models.restorer import Restorer

__all__ = ["load_restorer"]


def load_restorer(source: str | Path, engine: str = "auto") -> Restorer:
    """Returns the restorer of a preset name, a run folder or a `.keras` file; see `imagic_models.restorer`."""
    from imagic_models.restorer import load_restorer as load

    return load(source, engine=engine)
