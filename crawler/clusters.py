"""Near-duplicate clusters: images whose perceptual hashes differ in at most six bits, flagged and never deleted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from crawler.catalogue import Catalogue

MAX_DISTANCE = 6


def update_clusters(catalogue: Catalogue) -> int:
    """Cluster the images that came since the last time with all others; returns how many rows changed."""
    rows = catalogue.hashes()
    # The hash of a blank picture says nothing: it would tie all empty pages together.
    telling = [row for row in rows if not row["blank"] and row["phash"]]
    before = {row["image_id"]: row["cluster_id"] for row in rows}
    after = {image: image for image in before}
    after |= find_clusters((row["image_id"], row["phash"], row["cluster_id"]) for row in telling)
    changed = {image: cluster for image, cluster in after.items() if before[image] != cluster}
    catalogue.set_clusters(changed)
    return len(changed)


def find_clusters(images: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Connected components of "at most six bits apart".

    Args:
        images: id, hash (16 hex digits) and earlier cluster id of each; "" marks an image that is new. Images that
            both have a cluster id are taken to have been compared before.

    Returns:
        cluster id of each image: the smallest id in its component, whatever the order of the images.
    """
    listed = list(images)
    hashes = np.array([int(phash, 16) for _, phash, _ in listed], np.uint64)
    position = {image: index for index, (image, _, _) in enumerate(listed)}
    parents = list(range(len(listed)))
    for index, (_, _, cluster) in enumerate(listed):
        for other in [position.get(cluster, index)] if cluster else _near(hashes, index):
            _join(parents, index, int(other))
    smallest: dict[int, str] = {}
    for index, (image, _, _) in enumerate(listed):
        root = _root(parents, index)
        smallest[root] = min(smallest.get(root, image), image)
    return {image: smallest[_root(parents, index)] for index, (image, _, _) in enumerate(listed)}


def _near(hashes: npt.NDArray[np.uint64], index: int) -> npt.NDArray[np.intp]:
    return np.flatnonzero(np.bitwise_count(hashes ^ hashes[index]) <= MAX_DISTANCE)


def _root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _join(parents: list[int], first: int, second: int) -> None:
    parents[_root(parents, first)] = _root(parents, second)
