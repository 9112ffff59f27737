"""From one planned picture to its serialized examples: decode, view, degrade, encode. Pure but for reading the file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imaging.files import UnreadableImage, read_rgb
from imaging.pixels import Image, from_float, to_float
from pipelines.dataset.content import as_uint8, decodable, keeps_its_bytes, read_content
from pipelines.dataset.plan import PlannedImage, Rejection
from pipelines.dataset.png import encode_png
from pipelines.dataset.serialize import serialize_example
from pipelines.dataset.size import Size, views

if TYPE_CHECKING:
    from imaging.recipes import Recipe


@dataclass(frozen=True)
class Work:
    """What is done with every picture of a build.

    Attributes:
        recipe: how to degrade.
        seed: of all drawn parameters.
        variants: degraded versions of each view.
        size: which views.
        max_pixels: what promises more is not decoded.
    """

    recipe: Recipe
    seed: int
    variants: int
    size: Size
    max_pixels: int


@dataclass(frozen=True)
class Pair:
    """A clean view and what the recipe made of it.

    Attributes:
        key: of the example.
        clean: HWC RGB uint8.
        degraded: HWC RGB uint8, smaller than `clean` for super-resolution.
        mask: HW uint8, where the damage is; None when the recipe leaves none.
        trace: what was drawn.
        verbatim: a file whose pixels are `clean`, as it came; empty when there is none.
    """

    key: str
    clean: Image
    degraded: Image
    mask: Image | None
    trace: dict[str, Any]
    verbatim: bytes


class ImageFailed(Exception):
    """One picture cannot become an example; carries its `Rejection`."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection)
        self.rejection = rejection


def image_examples(image: PlannedImage, work: Work) -> Iterator[bytes]:
    """Yields the serialized examples of a picture, one at a time.

    Raises:
        ImageFailed: the picture is unreadable, not what it was when planned, or the recipe failed on it.
    """
    for pair in image_pairs(image, work):
        yield serialize_pair(pair, image, work.recipe.name)


def image_pairs(image: PlannedImage, work: Work) -> Iterator[Pair]:
    """Yields the pairs of a picture: every variant of every view.

    Raises:
        ImageFailed: see `image_examples`.
    """
    clean, content = _load(image, work)
    rng = np.random.Generator(np.random.Philox(key=_philox_key(work.seed, image.key)))
    for suffix, view in views(clean, work.size, rng):
        verbatim = content if view is clean else b""
        for variant in range(work.variants):
            try:
                yield _degrade(f"{image.key}{suffix}", view, variant, work, verbatim)
            except Exception as error:  # whatever a recipe does to one picture is that picture's trouble, not the job's
                raise ImageFailed(Rejection(image.key, "recipe", f"{type(error).__name__}: {error}")) from error


def serialize_pair(pair: Pair, image: PlannedImage, recipe: str) -> bytes:
    """Returns a pair as a serialized tf.train.Example."""
    features: dict[str, bytes | str | int] = {
        "degraded": encode_png(pair.degraded),
        "clean": pair.verbatim or encode_png(pair.clean),
        "key": pair.key,
        "recipe": recipe,
        "trace": json.dumps(pair.trace, sort_keys=True, separators=(",", ":")),
        "licence": image.licence,
        "attribution": image.attribution,
    }
    if pair.mask is not None:
        features["mask"] = encode_png(pair.mask)
    return serialize_example(features)


def example_key(key: str, variant: int) -> str:
    """Returns the key of an example: that of its view, with the variant where there are several."""
    return f"{key}@{variant}" if variant else key


def _load(image: PlannedImage, work: Work) -> tuple[Image, bytes]:
    """Returns a picture as uint8 RGB, and its file's bytes if they can be stored as they are (else none)."""
    try:
        content = read_content(image.path)
        if hashlib.sha256(content).hexdigest() != image.sha256:
            raise ImageFailed(Rejection(image.key, "changed", "the file is not the one that was planned with"))
        clean = as_uint8(read_rgb(decodable(image.path, content), max_pixels=work.max_pixels))
        verbatim = not work.size.crops and keeps_its_bytes(content)
    except UnreadableImage as error:
        raise ImageFailed(Rejection(image.key, error.reason, error.detail)) from error
    except MemoryError as error:
        raise ImageFailed(Rejection(image.key, "too-large", "not enough memory to decode it")) from error
    return clean, content if verbatim else b""


def _degrade(key: str, view: Image, variant: int, work: Work, verbatim: bytes) -> Pair:
    made = work.recipe.degrade(to_float(view), key=key, seed=work.seed, variant=variant)
    mask = made.mask
    if work.recipe.masks and mask is None:  # this picture drew no damage, but every example has the same features
        mask = np.zeros(made.image.shape[:2], np.float32)
    return Pair(
        example_key(key, variant),
        view,
        from_float(made.image, np.uint8),
        None if mask is None else from_float(mask, np.uint8),
        made.trace,
        verbatim,
    )


def _philox_key(seed: int, key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/views/{key}".encode()).digest()[:16], "big")
