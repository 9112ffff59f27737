"""Random numbers that depend on names only: the same key gives the same picture on every machine and runner."""

from __future__ import annotations

import functools
import hashlib
import json
import math

import cv2
import numpy as np
import numpy.typing as npt
from scipy.special import ndtri


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


_CHUNK = 1 << 17
"""Numbers made at once: bits and results stay in the processor's cache, however large the picture."""


@functools.cache
def _normal_quantiles() -> npt.NDArray[np.float32]:
    """Return the normal quantiles at the middles of 65,536 equal probabilities, scaled to a variance of exactly 1."""
    quantiles = ndtri((np.arange(65536) + 0.5) / 65536)
    return (quantiles / quantiles.std()).astype(np.float32).reshape(1, -1)


def normal(shape: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return standard normal numbers, several times faster than `rng.standard_normal`.

    Inversion: 16 random bits choose one of 65,536 quantiles. Mean and variance are exact; values end at 4.3 standard
    deviations, beyond which one value in 50,000 would lie, and 8-bit pictures cannot tell.

    Args:
        shape: of the result.
        rng: gives the bits.

    References: Devroye 1986, "Non-uniform random variate generation", section II.2 (inversion).
    """
    numbers = np.empty(math.prod(shape), np.float32)
    for start in range(0, numbers.size, _CHUNK):
        chunk = numbers[start : start + _CHUNK].reshape(1, -1)
        bits = rng.integers(0, 65536, chunk.shape, dtype=np.uint16)
        chunk[:] = cv2.LUT(bits, _normal_quantiles())
    return numbers.reshape(shape)
