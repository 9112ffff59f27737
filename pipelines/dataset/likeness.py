"""Which pictures look the same: groups by perceptual hash and by work, without comparing each with each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

NEAR_BITS = 6  # of 64; unrelated pictures differ in about 32, a re-encoded or resized copy in 0 to 4
_TELLING = range(16, 49)  # bits set in a hash that says anything; a blank picture's hash has almost none

Hashes = npt.NDArray[np.uint64]


def telling(phash: str) -> bool:
    """Whether a hash describes a picture at all; flat pictures have hashes that match every other flat picture."""
    return bool(phash) and int(phash, 16).bit_count() in _TELLING


def near_pairs(phashes: Sequence[str], bits: int = NEAR_BITS) -> Iterator[tuple[int, int]]:
    """Yields pairs of positions whose hashes differ in at most `bits`; enough of them to connect every group.

    Cut into `bits + 1` bands, two such hashes agree in at least one band, so only hashes that share a band are
    compared.
    """
    positions = [index for index, value in enumerate(phashes) if telling(value)]
    first: dict[str, int] = {}
    for index in positions:
        seen = first.setdefault(phashes[index], index)
        if seen != index:
            yield seen, index
    distinct = sorted(first.values())
    hashes = np.array([int(phashes[index], 16) for index in distinct], np.uint64)
    for left, right in _banded_pairs(hashes, bits):
        yield distinct[left], distinct[right]


def near_any(phashes: Sequence[str], others: Sequence[str], bits: int = NEAR_BITS) -> dict[int, int]:
    """Returns, for each position whose hash is near one of `others`, the position of that other."""
    known = [(index, int(value, 16)) for index, value in enumerate(others) if telling(value)]
    if not known:
        return {}
    table = np.array([value for _, value in known], np.uint64)
    found: dict[int, int] = {}
    for index, value in enumerate(phashes):
        if telling(value):
            distances = np.bitwise_count(table ^ np.uint64(int(value, 16)))
            nearest = int(distances.argmin())
            if distances[nearest] <= bits:
                found[index] = known[nearest][0]
    return found


def groups(size: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Returns for each of `size` positions the smallest position that pairs connect it with (union-find)."""
    parent = list(range(size))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for left, right in pairs:
        low, high = sorted((root(left), root(right)))
        parent[high] = low
    return [root(index) for index in range(size)]


def _banded_pairs(hashes: Hashes, bits: int) -> Iterator[tuple[int, int]]:
    edges = np.linspace(0, 64, bits + 2).astype(int)
    for low, high in pairwise(edges):
        band = (hashes >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        members: dict[int, list[int]] = defaultdict(list)
        for index, value in enumerate(band.tolist()):
            members[value].append(index)
        for same in members.values():
            yield from _close(hashes, np.array(same), bits)


def _close(hashes: Hashes, members: npt.NDArray[np.int64], bits: int) -> Iterator[tuple[int, int]]:
    for place, index in enumerate(members[:-1]):
        later = members[place + 1 :]
        near = later[np.bitwise_count(hashes[later] ^ hashes[index]) <= bits]
        yield from ((int(index), int(other)) for other in near)
