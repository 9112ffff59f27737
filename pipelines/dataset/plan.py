"""The plan of a build: which picture goes to which split and shard, decided before any pixel is worked on."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipelines.dataset.likeness import groups, near_any, near_pairs
from pipelines.dataset.options import DATASET_NAME, BuildOptions
from pipelines.dataset.scan import Scanned
from pipelines.storage import remote

SPLITS = ("train", "validation", "test")
LEFT_OUT = ("duplicate", "excluded", "too-small")  # reasons that are a rule of ours, not trouble with the file
_LAYOUT = 1  # to be raised when the same inputs and options come to mean other bytes
_SPREAD = 16  # shards that a split is cut into at least, so that many workers share it ...
_COMPARABLE = 300_000  # more pictures are not compared again when all come from a crawl, which did it by the same rule
_FEW = 4  # ... unless a shard would have fewer pictures than this
_PNG_BYTES_PER_PIXEL = 2.0  # of a degraded photograph; noise does not compress


@dataclass(frozen=True)
class PlannedImage:
    """One clean picture in its place.

    Attributes:
        key, path, licence, attribution: see `Listed`.
        source: see `Listed`.
        sha256: what the file's content must be when the shard is written.
    """

    key: str
    path: str
    sha256: str
    source: str = ""
    licence: str = ""
    attribution: str = ""


@dataclass(frozen=True)
class Rejection:
    """One input that gives no example.

    Attributes:
        key: its name within the input.
        reason: one word of `UnreadableImage.reason`, or "duplicate", "excluded", "too-small", "changed", "recipe".
        detail: what exactly.
    """

    key: str
    reason: str
    detail: str = ""

    @property
    def failed(self) -> bool:
        """Whether something is wrong with the input, other than that a rule leaves it out."""
        return self.reason not in LEFT_OUT


@dataclass(frozen=True)
class Shard:
    """The unit of work, of retry, of resume and of determinism: one file and its pictures, in order."""

    name: str
    split: str
    images: tuple[PlannedImage, ...]


@dataclass(frozen=True)
class Plan:
    """Everything that a build will do.

    Attributes:
        identity: what the bytes depend on, by name; two plans with equal identities end in equal bytes.
        shards: of all splits, largest split first.
        rejections: inputs that give no example.
        inputs: pictures that the input named.
    """

    identity: dict[str, str]
    shards: tuple[Shard, ...]
    rejections: tuple[Rejection, ...]
    inputs: int

    @property
    def planned(self) -> int:
        """Pictures that go into shards."""
        return sum(len(shard.images) for shard in self.shards)


def make_plan(
    scanned: Sequence[Scanned], options: BuildOptions, recipe: tuple[str, str], excluded: Sequence[Scanned] = ()
) -> Plan:
    """Plans a build.

    Args:
        scanned: every picture of the input, sorted by key.
        options: of the build.
        recipe: name and digest of the recipe.
        excluded: pictures of the folders to keep away from.
    """
    kept, rejections = sift(scanned, options, excluded)
    splits = assign_splits([_work(one) for one in kept], _connections(kept), options)
    shards: list[Shard] = []
    for split in SPLITS:
        members = [one for one, of in zip(kept, splits, strict=True) if of == split]
        shards += cut_shards(split, members, options)
    return Plan(_identity(shards, rejections, options, recipe), tuple(shards), tuple(rejections), len(scanned))


def sift(
    scanned: Sequence[Scanned], options: BuildOptions, excluded: Sequence[Scanned] = ()
) -> tuple[list[Scanned], list[Rejection]]:
    """Parts the pictures that can be used from those that cannot."""
    smallest = max(options.min_side, options.view_size.smallest_side())
    near = near_any([one.phash for one in scanned], [one.phash for one in excluded])
    first: dict[str, str] = {}
    kept: list[Scanned] = []
    rejections: list[Rejection] = []
    for index, one in enumerate(scanned):
        reason, detail = one.reason, one.detail
        if not reason and min(one.width, one.height) < smallest:
            reason, detail = "too-small", f"{one.width} x {one.height}, the shorter side needs {smallest}"
        if not reason and index in near:
            reason, detail = "excluded", f"looks like {excluded[near[index]].listed.key}"
        if not reason and first.setdefault(one.sha256, one.listed.key) != one.listed.key:
            reason, detail = "duplicate", f"has the same bytes as {first[one.sha256]}"
        if reason:
            rejections.append(Rejection(one.listed.key, reason, detail))
        else:
            kept.append(one)
    return kept, rejections


def assign_splits(works: Sequence[str], pairs: Iterable[tuple[int, int]], options: BuildOptions) -> list[str]:
    """Returns the split of each picture, so that no work and no pair of look-alikes is in two splits.

    A group's split follows from a hash of its smallest work alone: it stays where it is when others come or go, and
    is the same for every recipe and seed. Three groups or more fill every split that has a share.

    Args:
        works: identity of each picture's work.
        pairs: positions that belong together although their works differ.
        options: hold the shares.
    """
    first: dict[str, int] = {}
    same_work = [(first.setdefault(work, index), index) for index, work in enumerate(works)]
    members = groups(len(works), [*same_work, *pairs])
    names: dict[int, str] = {}
    for index, group in enumerate(members):
        names[group] = min(names.get(group, works[index]), works[index])
    ordered = sorted(names, key=lambda group: (_unit(names[group]), names[group]))
    split_of = dict(zip(ordered, _splits_in_order([_unit(names[group]) for group in ordered], options), strict=True))
    return [split_of[group] for group in members]


def cut_shards(split: str, members: Sequence[Scanned], options: BuildOptions) -> list[Shard]:
    """Cuts a split into shards of about the wished size, its pictures in an order that only their keys decide."""
    if not members:
        return []
    ordered = sorted(members, key=lambda one: (_digest(one.listed.key), one.listed.key))
    megabytes = sum(_expected_bytes(one, options) for one in members) / 1e6
    count = max(math.ceil(megabytes / options.shard_mb), min(_SPREAD, len(members) // _FEW), 1)
    count = min(count, len(members))
    edges = [len(members) * index // count for index in range(count + 1)]
    return [
        Shard(shard_name(split, index, count, options.format), split, tuple(map(_planned, ordered[low:high])))
        for index, (low, high) in enumerate(pairwise(edges))
    ]


def shard_name(split: str, index: int, count: int, suffix: str) -> str:
    """Returns a shard's file name, by TFDS's template."""
    return f"{DATASET_NAME}-{split}.{suffix}-{index:05d}-of-{count:05d}"


def differences(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """Returns, in words, in what two identities differ."""
    return [f"{name} was {old.get(name, '-')}, is {new.get(name, '-')}" for name in new if old.get(name) != new[name]]


def _identity(
    shards: Sequence[Shard], rejections: Sequence[Rejection], options: BuildOptions, recipe: tuple[str, str]
) -> dict[str, str]:
    told = ("seed", "variants", "size", "format", "shard_mb", "min_side", "max_pixels")
    inputs = hashlib.sha256()  # piece by piece: the text of ten million pictures is larger than their plan
    for shard in shards:
        inputs.update(json.dumps([shard.name, [{**vars(image), "path": ""} for image in shard.images]]).encode())
    inputs.update(json.dumps([[one.key, one.reason] for one in rejections]).encode())
    return {
        "layout": str(_LAYOUT),
        "recipe": recipe[0],
        "recipe digest": recipe[1],
        **{name: str(getattr(options, name)) for name in told},
        "inputs": inputs.hexdigest(),
    }


def _connections(kept: Sequence[Scanned]) -> list[tuple[int, int]]:
    """Returns pairs of positions that look alike, by our own hash and by the crawl's clusters."""
    first: dict[str, int] = {}
    clusters = [(index, one.listed.cluster) for index, one in enumerate(kept) if one.listed.cluster]
    told = [(first.setdefault(cluster, index), index) for index, cluster in clusters]
    if len(clusters) == len(kept) > _COMPARABLE:
        return told
    return [*told, *near_pairs([one.phash for one in kept])]


def _work(one: Scanned) -> str:
    return one.listed.work or one.sha256


def _splits_in_order(units: Sequence[float], options: BuildOptions) -> list[str]:
    """Returns the split of each group, from the lowest hash: test first, then validation, the rest trains."""
    shares = {"test": options.test_fraction, "validation": options.validation_fraction}
    splits: list[str] = []
    edge = 0.0
    for name, share in shares.items():
        edge += share
        wanted = sum(unit < edge for unit in units[len(splits) :])
        least = 1 if share and len(units) >= len(SPLITS) else 0
        splits += [name] * max(wanted, least)
    # Tiny inputs may give all they have to test and validation: training keeps the last group.
    kept = min(len(splits), max(len(units) - 1, 0))
    return splits[:kept] + ["train"] * (len(units) - kept)


def _expected_bytes(one: Scanned, options: BuildOptions) -> float:
    size = options.view_size
    pixels = one.width * one.height
    verbatim = one.num_bytes if size.kind == "whole" else 0
    if size.kind == "resize":
        pixels = int(pixels * min(1.0, size.side / max(one.width, one.height)) ** 2)
    elif size.crops:
        pixels = size.views_of(one.width, one.height) * size.side**2
    clean = verbatim or pixels * _PNG_BYTES_PER_PIXEL
    return clean * options.variants + pixels * _PNG_BYTES_PER_PIXEL * options.variants


def _planned(one: Scanned) -> PlannedImage:
    listed = one.listed
    # Workers may start in another directory.
    path = listed.path if remote(listed.path) else os.path.abspath(listed.path)
    return PlannedImage(listed.key, path, one.sha256, listed.source, listed.licence, listed.attribution)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _unit(text: str) -> float:
    """Returns a number in [0, 1) that only the text decides."""
    return int.from_bytes(_digest(text)[:8], "big") / 2**64
