"""The index of shipped weights: which file, which network, trained how, measured with what result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
INDEX = FOLDER / "index.json"
LARGEST_FILE = 6_000_000  # bytes


def entries() -> dict[str, dict[str, Any]]:
    """Returns the shipped weights by preset name.

    Each entry holds file, sha256, architecture, network (keyword arguments), parameters, training and scores.
    """
    return json.loads(INDEX.read_text()) if INDEX.exists() else {}


def pack(weights: Sequence[np.ndarray], path: Path) -> None:
    """Writes weights as float16 into an .npz whose bytes depend on nothing but the weights."""
    halves: dict[str, Any] = {f"{number:04d}": np.asarray(array, np.float16) for number, array in enumerate(weights)}
    with path.open("wb") as file:
        np.savez(file, **halves)


def enter(name: str, entry: dict[str, Any]) -> None:
    """Adds or replaces the entry of a preset."""
    INDEX.write_text(json.dumps(entries() | {name: entry}, indent=1, sort_keys=True) + "\n")
