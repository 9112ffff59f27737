"""What was measured on a picture and what that proposes, in the words of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imaging.colour import space_of, to_working
from imaging.diagnosis import LIMITS, Measured, decide, diagnose
from imaging.picture import Picture
from studio.catalogue import Catalogue
from studio.treatment import StageRequest


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
    Measure("noise", "Noise", "{:.1f} levels", "noise"),
    Measure("impulses", "Specks", "{:.2%}", "impulses"),
    Measure("blockiness", "JPEG blocks", "{:.1f} levels", "blockiness"),
    Measure("blur", "Blur", "{:.1f} px", "blur"),
    Measure("motion", "Shake", "{:.1f} px", "motion"),
    Measure("white", "Brightest tone", "{:.0f} of 255", "dark_white", least=True),
    Measure("contrast", "Tonal range", "{:.0f} of 255", "contrast", least=True),
    Measure("clipped", "Burnt out", "{:.1%}", "clipped"),
    Measure("damage", "Scratches, stains", "{:.1%}", "damage"),
    Measure("cast", "Colour cast", "{:.1f} ΔE"),
)
# What comes nearest while a preset's weights are not there.
STAND_INS = {"denoise": "baseline:nlm", "low-light": "baseline:gamma", "exposure": "baseline:stretch"}


# The preset that finds damage for the measurement, as `enhance --auto` uses it.
_DETECTOR = "old-photo"


def measure(picture: Picture, catalogue: Catalogue) -> Measured:
    """Return what `enhance --auto` measures on a picture: its first page, in the working space."""
    samples = picture.pages[0].samples
    detect = None
    if catalogue.offers_network(_DETECTOR):
        restorer = catalogue.restorer(_DETECTOR)
        detect = restorer.detect if getattr(restorer, "accepts_mask", False) else None
    return diagnose(to_working(samples, space_of(samples, picture.passport.icc)), detect)


def diagnosed(picture: Picture, catalogue: Catalogue) -> dict[str, Any]:
    """Return measurements, proposal and remarks for the page."""
    measured = measure(picture, catalogue)
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
    looked_for = [line for line in MEASURES if line.name != "damage" or catalogue.offers_network(_DETECTOR)]
    return {"measures": [_line(line, measured) for line in looked_for], "proposal": proposal, "remarks": remarks}


def needed_networks(picture: Picture, catalogue: Catalogue) -> tuple[StageRequest, ...]:
    """Return the stages that `enhance --auto` would apply, of those that are offered."""
    needed = [choice for choice in decide(measure(picture, catalogue)) if catalogue.offers_network(choice[0])]
    return tuple(StageRequest(model=name, strength=strength) for name, strength in needed)


def _missing(name: str, stand_in: str) -> str:
    nearest = f"; the classical method “{stand_in}” comes nearest" if stand_in else ""
    return f"It asks for {name}, whose weights are not installed here yet{nearest}."


def _line(measure: Measure, measured: dict[str, float]) -> dict[str, Any]:
    value = measured[measure.name]
    limit = LIMITS.get(measure.limit)
    beyond = limit is not None and (value < limit if measure.least else value > limit)
    bound = f"{'under' if measure.least else 'over'} {measure.text.format(limit).split()[0]}" if beyond else ""
    return {
        "name": measure.name,
        "title": measure.title,
        "text": measure.text.format(value),
        "verdict": bound or ("" if limit is None else "good"),
        "needed": beyond,
    }
