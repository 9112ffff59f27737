"""What was measured on a picture, and what that proposes: as the page shows it."""

from __future__ import annotations

from typing import Any

from imaging.pixels import Image
from studio.catalogue import Catalogue


def diagnosed(image: Image, catalogue: Catalogue) -> dict[str, Any]:
    """Return the measurements and the stages that they propose, as far as those are offered."""
    return {"measures": [], "proposal": [], "remarks": []}
