"""The pictures of an evaluation: found, paired with their targets, read, and every misfit named with its reason."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imagic_models.protocols.protocol import Sample
from imaging.errors import ImagicError, MisuseError
from imaging.files import UnreadableImage, find_images, probe, read_rgb
from imaging.phash import phash
from imaging.pixels import Image, from_float, to_float

_GRAY_MODES = ("1", "L", "LA")


@dataclass(frozen=True)
class Failure:
    """A file that is not part of the scores.

    Attributes:
        file: its path as given.
        reason: one word or two: "truncated", "no-partner", "size", "bit-depth", "gray-and-colour", "restore", ...
        detail: what was found.
        model: the contender that failed on it; empty when the file itself is at fault.
    """

    file: str
    reason: str
    detail: str = ""
    model: str = ""


class Misfit(ImagicError):
    """One pair or picture that cannot be scored; caught per file and kept as a `Failure`."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"An input and its target fit each other, and these do not ({reason})", detail)


@dataclass(frozen=True)
class Source:
    """Where one sample comes from: the picture, and its target where the protocol takes pairs."""

    key: str
    path: Path
    target: Path | None = None

    def read(self, *, needs: str) -> Sample:
        """Return the sample as `needs` ("clean", "pair" or "input") asks.

        Raises:
            UnreadableImage: for either file.
            Misfit: when input and target differ in size, depth or in being gray.
        """
        given, depth = _read(self.path)
        step = 1 / 255 if depth == 8 else 1 / 65535
        if needs == "clean":
            return Sample(self.key, to_float(given), step=step)
        if needs == "input" or self.target is None:
            return Sample(self.key, None, to_float(given), step)
        target, target_depth = _read(self.target)
        _check_pair(given, depth, target, target_depth)
        return Sample(self.key, to_float(target), to_float(given), step)


def sources(images: Path, targets: Path | None, limit: int | None = None) -> tuple[list[Source], list[Failure]]:
    """Return the sources under a folder (or of one file), and what has no partner.

    Inputs and targets belong together by their path inside the folder; suffixes may differ.

    Raises:
        MisuseError: when a folder is missing or holds no picture.
    """
    if targets is None:
        found = [Source(key, path) for key, path in _keyed(images)]
        return found[:limit], []
    found, failures = _pairs(images, targets)
    return found[:limit], failures


def hashes(source: Source, sample: Sample) -> dict[str, str]:
    """Return the perceptual hashes of a sample's pictures by path: the truth, and the given input if there is one."""
    pictures = ((source.target or source.path, sample.clean), (source.path, sample.degraded))
    return {str(path): phash(from_float(image, np.uint8)) for path, image in pictures if image is not None}


def _keyed(folder: Path) -> list[tuple[str, Path]]:
    if folder.is_file():
        return [(folder.name, folder)]
    paths = find_images(folder)
    if not paths:
        rule = "Pictures to evaluate on lie in a folder" if folder.exists() else "A folder of pictures exists"
        raise MisuseError(rule, folder, "Give a folder that holds at least one picture")
    return [(path.relative_to(folder).as_posix(), path) for path in paths]


def _pairs(images: Path, targets: Path) -> tuple[list[Source], list[Failure]]:
    partners = defaultdict(list)
    for key, path in _keyed(targets):
        partners[_stem(key, targets)].append(path)
    found, failures, used = [], [], set()
    for key, path in _keyed(images):
        stem = _stem(key, images)
        used.add(stem)
        matches = partners.get(stem, [])
        if len(matches) == 1:
            found.append(Source(key, path, matches[0]))
        else:
            reason = "several-partners" if matches else "no-partner"
            failures.append(Failure(str(path), reason, f"{len(matches)} targets of this name in {targets}"))
    lonely = [path for stem, paths in partners.items() if stem not in used for path in paths]
    failures += [Failure(str(path), "no-partner", f"no input of this name in {images}") for path in lonely]
    return found, failures


def _stem(key: str, folder: Path) -> str:
    # Two single files are a pair whatever they are called.
    return "" if folder.is_file() else str(Path(key).with_suffix(""))


def _read(path: Path) -> tuple[Image, int]:
    """Return (HW gray or HWC RGB, 8 or 16): a file of one gray channel stays one plane."""
    gray = probe(path).mode in _GRAY_MODES
    pixels = read_rgb(path)
    return (np.ascontiguousarray(pixels[..., 0]) if gray else pixels), 8 * pixels.dtype.itemsize


def _check_pair(given: Image, depth: int, target: Image, target_depth: int) -> None:
    if given.ndim != target.ndim:
        kinds = {2: "gray", 3: "colour"}
        raise Misfit("gray-and-colour", f"the input is {kinds[given.ndim]}, the target {kinds[target.ndim]}")
    if given.shape[:2] != target.shape[:2]:
        sizes = [f"{image.shape[1]} x {image.shape[0]}" for image in (given, target)]
        raise Misfit("size", f"the input is {sizes[0]}, the target {sizes[1]} pixels")
    if depth != target_depth:
        raise Misfit("bit-depth", f"the input has {depth} bits, the target {target_depth}")


READ_FAILURES = (UnreadableImage, Misfit)
