"""Whether a model has seen the pictures it is about to be measured on: near-duplicates by perceptual hash."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imaging.errors import ImagicError, MisuseError

FILE = "training_images.json"
WEIGHTS = Path(__file__).resolve().parent / "weights"
# Of 64 bits. Recompression, rescaling and a change of brightness flip up to 6; unrelated pictures differ in about 32.
NEAR = 8


@dataclass(frozen=True)
class Leak:
    """An evaluation picture that looks like a training picture.

    Attributes:
        model: whose training picture.
        file: the evaluation picture.
        trained_on: the training picture's hash.
        distance: bits that differ, 0 to `NEAR`.
    """

    model: str
    file: str
    trained_on: str
    distance: int


def training_hashes(model: str) -> tuple[str, ...] | None:
    """Return the hashes of the pictures that a model was trained on; None where nothing is recorded.

    Args:
        model: a run folder, a `.keras` file in one, or the name of a shipped preset.

    Raises:
        ImagicError: for a list that cannot be read: then a leak cannot be ruled out.
    """
    record = next((path for path in _places(model) if path.is_file()), None)
    if record is None:
        return None
    try:
        return tuple(str(one) for one in json.loads(record.read_text())["phash"])
    except (ValueError, KeyError, TypeError) as error:
        raise ImagicError('A list of training pictures is JSON: {"phash": [...]}', record, str(error)) from error


def find_leaks(model: str, trained_on: Iterable[str], pictures: Mapping[str, str]) -> list[Leak]:
    """Return every evaluation picture within `NEAR` bits of a training picture, with its nearest one.

    Args:
        model: for the record.
        trained_on: hashes of the training pictures.
        pictures: hash of each evaluation file.
    """
    known = np.array([int(one, 16) for one in trained_on], np.uint64)
    if known.size == 0:
        return []
    leaks = []
    for file, digest in pictures.items():
        distances = np.bitwise_count(known ^ np.uint64(int(digest, 16)))
        nearest = int(distances.argmin())
        if distances[nearest] <= NEAR:
            leaks.append(Leak(model, file, f"{int(known[nearest]):016x}", int(distances[nearest])))
    return leaks


def refuse(leaks: list[Leak]) -> None:
    """Raise MisuseError that names the leaked pictures, if there are any."""
    if leaks:
        named = "; ".join(f"{leak.file} ({leak.model}, {leak.distance} of 64 bits apart)" for leak in leaks[:5])
        more = f" and {len(leaks) - 5} more" if len(leaks) > 5 else ""
        raise MisuseError(
            "A model is not measured on pictures that it was trained on",
            named + more,
            "Take them out of the folder, or pass --allow-leak and have them marked in the scorecard",
        )


def _places(model: str) -> list[Path]:
    path = Path(model)
    beside = path / FILE if path.is_dir() else path.parent / FILE if path.suffix == ".keras" else None
    return [beside] if beside else [WEIGHTS / model / FILE, WEIGHTS / f"{model}.{FILE}", WEIGHTS / FILE]
