"""What was measured on a picture and what that proposes, in the words of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imaging.diagnosis import LIMITS, decide, diagnose
from imaging.pixels import Image
from studio.catalogue import Catalogue


@dataclass(frozen=True)
class Measure:
    """One line of the table.

    Attributes:
        name: in `imaging.diagnosis`.
        title: for people.
        text: how the number is written.
        limit: name in `LIMITS`; "" where there is none.
        least: the limit is the least that is good, rather than the most.
    """

    name: str
    title: str
    text: str
    limit: str = ""
    least: bool = False


MEASURES = (
    Measure("noise", "Noise", "{:.1f} gray levels", "noise"),
    Measure("impulses", "Black and white specks", "{:.2%}", "impulses"),
    Measure("blockiness", "JPEG blocks", "{:.1f} gray levels", "blockiness"),
    Measure("blur", "Softest that sharp edges are", "{:.1f} px", "blur"),
    Measure("motion", "The same where shaken most", "{:.1f} px", "motion"),
    Measure("white", "Brightest tones", "{:.0f} of 255", "dark_white", least=True),
    Measure("contrast", "Tonal range", "{:.0f} of 255", "contrast", least=True),
    Measure("clipped", "Burnt out", "{:.1%}", "clipped"),
    Measure("damage", "Scratches and stains", "{:.1%}", "damage"),
    Measure("cast", "Colour cast", "{:.1f} ΔE"),
)
# What comes nearest while a preset's weights are not there.
STAND_INS = {"denoise": "baseline:nlm", "low-light": "baseline:gamma", "exposure": "baseline:stretch"}


def diagnosed(samples: Image, catalogue: Catalogue) -> dict[str, Any]:
    """Return measurements, proposal and remarks for the page.

    Args:
        samples: the first page in its own colours, as `enhance --auto` measures it.
        catalogue: what can be proposed.
    """
    measured = diagnose(samples)
    needed = decide(measured)
    offered = {offer.name: offer for offer in catalogue.offers}
    proposal, remarks = [], []
    for name, strength in needed:
        stand_in = name if name in offered else STAND_INS.get(name, "")
        if stand_in in offered:
            proposal.append({"model": stand_in, "strength": strength, "title": offered[stand_in].title})
        if name not in offered:
            remarks.append(_missing(name, offered[stand_in].title if stand_in in offered else ""))
    if not needed:
        remarks.append("Nothing is wrong with it by these measures: auto leaves it byte for byte as it is.")
    return {"measures": [_line(measure, measured) for measure in MEASURES], "proposal": proposal, "remarks": remarks}


def needed_networks(samples: Image, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the stages that `enhance --auto` would apply, of those that are offered."""
    offered = {offer.name for offer in catalogue.offers}
    return [{"model": name, "strength": strength} for name, strength in decide(diagnose(samples)) if name in offered]


def _missing(name: str, stand_in: str) -> str:
    nearest = f"; the classical method “{stand_in}” comes nearest" if stand_in else ""
    return f"It asks for {name}, whose weights are not installed here yet{nearest}."


def _line(measure: Measure, measured: dict[str, float]) -> dict[str, Any]:
    value = measured[measure.name]
    limit = LIMITS.get(measure.limit)
    beyond = limit is not None and (value < limit if measure.least else value > limit)
    bound = "" if limit is None else f"{'under' if measure.least else 'over'} {measure.text.format(limit)}"
    return {
        "name": measure.name,
        "title": measure.title,
        "text": measure.text.format(value),
        "verdict": bound if beyond else "" if limit is None else "good",
        "needed": beyond,
    }
