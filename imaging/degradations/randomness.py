"""Random numbers that depend on names only: the same key gives the same picture on every machine and runner."""

from __future__ import annotations

import hashlib
import json

import numpy as np


def philox_key(*parts: str | int) -> str:
    """Return the 128-bit key of these parts as 32 hex digits.

    The parts are joined as JSON, so that ("a", "bc") and ("ab", "c") differ; blake2b does not change with
    Python's version or its hash seed.
    """
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def generator(key: str) -> np.random.Generator:
    """Return the generator of a key made by `philox_key`, at counter 0 (Salmon et al. 2011, Philox 4x64)."""
    return np.random.Generator(np.random.Philox(key=int(key, 16)))
