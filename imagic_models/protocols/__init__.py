"""Measuring protocols, exactly as the literature has them."""

from __future__ import annotations

from imagic_models.protocols.blur import DEBLUR
from imagic_models.protocols.codec import JPEG, JPEG_COLOUR
from imagic_models.protocols.colour import COLORIZE
from imagic_models.protocols.noise import GAUSSIAN, GAUSSIAN_CLIPPED, SALT_AND_PEPPER, SPECKLE
from imagic_models.protocols.pairs import EXPOSURE, LOW_LIGHT, NO_REFERENCE, PAIRED
from imagic_models.protocols.protocol import Case, Level, Protocol, Sample
from imagic_models.protocols.resolution import SUPER_RESOLUTION

__all__ = ["PROTOCOLS", "PROTOCOL_NAMES", "Case", "Level", "Protocol", "Sample"]

_ALL = (
    *(GAUSSIAN, GAUSSIAN_CLIPPED, SALT_AND_PEPPER, SPECKLE, JPEG, JPEG_COLOUR, SUPER_RESOLUTION, DEBLUR),
    *(LOW_LIGHT, EXPOSURE, COLORIZE, PAIRED, NO_REFERENCE),
)
PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in _ALL}
# "recipe" is made for one recipe at a time, by `damage.recipe_protocol`.
PROTOCOL_NAMES: tuple[str, ...] = (*PROTOCOLS, "recipe")
