"""Training batches as a pure function of (seed, step), from clean pictures that are degraded on the fly.

Nothing has to be remembered to resume: step 4,711 yields the same crops and the same damage in every run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imagic_models.mixtures import Ingredient, degrade_crop, draw_ingredient
from imagic_models.tasks import Arrays, Task
from imaging.errors import MisuseError
from imaging.files import UnreadableImage, find_images, read_rgb
from imaging.phash import phash

_TRAINING, _VALIDATION, _SPLIT = 0, 1, 2  # streams of random numbers under one seed
VALIDATION_CROP = 128  # side of the held-out centres; more where the preset needs a larger canvas


@dataclass(frozen=True)
class Batch:
    """Arrays of one step: `inputs` and `targets` are tuples of NHWC float32 arrays, one per input and output."""

    inputs: Arrays
    targets: Arrays


class CleanPictures:
    """Clean pictures in memory, split into training and validation by whole pictures.

    Args:
        pictures: HWC RGB uint8 arrays.
        validation: how many to hold out, at most a quarter of them.
        seed: of the split.
    """

    def __init__(self, pictures: Sequence[np.ndarray], *, validation: int, seed: int) -> None:
        order = _rng(seed, _SPLIT, 0).permutation(len(pictures))
        held_out = min(validation, len(pictures) // 4)
        self.validation = [pictures[index] for index in sorted(order[:held_out])]
        self.training = [pictures[index] for index in sorted(order[held_out:])]
        pixels = np.array([picture.shape[0] * picture.shape[1] for picture in self.training], np.float64)
        self._odds = pixels / pixels.sum()

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Returns a training picture, larger ones more often, so that every pixel is as likely."""
        return self.training[int(rng.choice(len(self.training), p=self._odds))]


def load_pictures(folder: Path) -> list[np.ndarray]:
    """Returns every readable picture of a folder as HWC RGB uint8.

    Raises:
        MisuseError: where the folder is missing or holds no readable picture.
    """
    pictures = []
    for path in find_images(folder):
        try:
            picture = read_rgb(path)
        except UnreadableImage:
            continue
        pictures.append(picture if picture.dtype == np.uint8 else (picture >> 8).astype(np.uint8))
    if not pictures:
        raise MisuseError("Training needs a folder with pictures", folder, "Check the path")
    return pictures


@dataclass(frozen=True)
class Cutting:
    """How training crops are cut out of pictures.

    Attributes:
        crop: side of a crop in pixels of the clean picture.
        canvas: side of the piece that is degraded before crops are cut from it; damage such as scratches is as large
            as the picture is, so it needs more room than a crop. At least `crop`.
        cuts: crops cut from one canvas (or from one picture of a dataset), which spares decoding and degrading.
        scale: how many times smaller the degraded picture is.
    """

    crop: int
    canvas: int = 0
    cuts: int = 1
    scale: int = 1


@dataclass(frozen=True)
class Pair:
    """A clean picture, its degraded form and the mask of the damage (None without), HWC and HW, float32."""

    clean: np.ndarray
    degraded: np.ndarray
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class CropSource:
    """Batches of randomly cropped, flipped, rotated and degraded pictures.

    Attributes:
        pictures: where crops come from.
        mixture: what they are degraded by.
        task: how a pair becomes inputs and targets.
        cutting: sizes.
        batch_size: crops a batch.
        seed: of crops and damage.
    """

    pictures: CleanPictures
    mixture: tuple[Ingredient, ...]
    task: Task
    cutting: Cutting
    batch_size: int
    seed: int

    def batches(self, steps: range) -> Iterator[Batch]:
        """Yields the batch of each step in order."""
        return prefetched(self.batch, steps)

    def batch(self, step: int) -> Batch:
        """Returns the batch of a step; the same arguments give the same bytes."""
        rng = batch_rng(self.seed, step)
        groups = -(-self.batch_size // self.cutting.cuts)
        examples = [example for _ in range(groups) for example in self._group(rng)]
        return stacked(examples[: self.batch_size])

    def validation(self) -> dict[str, Batch]:
        """Returns one fixed batch per ingredient of the mixture, over the centres of the held-out pictures."""
        side = max(VALIDATION_CROP, self.cutting.canvas)
        batches = {}
        for index, ingredient in enumerate(self.mixture if self.pictures.validation else ()):
            rng = _rng(self.seed, _VALIDATION, index)
            centres = [as_float(_central_crop(picture, side)) for picture in self.pictures.validation]
            examples = [_packed(_degraded(centre, ingredient, rng), self.task, rng) for centre in centres]
            batches[f"{index}_{ingredient.source}"] = stacked(examples)
        return batches

    def hashes(self) -> list[str]:
        """Returns the perceptual hashes of all clean pictures, held-out ones included."""
        return sorted(phash(picture) for picture in (*self.pictures.training, *self.pictures.validation))

    def _group(self, rng: np.random.Generator) -> list[tuple[Arrays, Arrays]]:
        side = max(self.cutting.crop, self.cutting.canvas)
        clean = turned(random_crop(self.pictures.draw(rng), side, rng), rng)
        pair = _degraded(clean, draw_ingredient(self.mixture, rng), rng)
        return crops_of(pair, self.cutting, self.task, rng)


def crops_of(pair: Pair, cutting: Cutting, task: Task, rng: np.random.Generator) -> list[tuple[Arrays, Arrays]]:
    """Returns `cuts` random aligned crops of a pair, packed for the network."""
    return [_packed(_cut(pair, cutting, rng), task, rng) for _ in range(cutting.cuts)]


def prefetched(batch: Callable[[int], Batch], steps: range, *, workers: int = 2, ahead: int = 6) -> Iterator[Batch]:
    """Yields `batch(step)` for each step in order, computed ahead of time by threads.

    NumPy's generators and OpenCV release the interpreter lock, so threads keep up with the network.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="crops") as pool:
        waiting: deque[Future[Batch]] = deque()
        for step in steps:
            waiting.append(pool.submit(batch, step))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def random_crop(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Returns a random size x size crop as float32 in [0, 1]; a smaller picture is mirrored at its borders first."""
    picture = at_least(picture, size)
    top, left = (int(rng.integers(length - size + 1)) for length in picture.shape[:2])
    return as_float(picture[top : top + size, left : left + size])


def _cut(pair: Pair, cutting: Cutting, rng: np.random.Generator) -> Pair:
    """Returns a random crop of a pair at one place of all its pictures."""
    size, scale = cutting.crop, cutting.scale
    places = [int(rng.integers((length - size) // scale + 1)) for length in pair.clean.shape[:2]]
    small = tuple(slice(place, place + size // scale) for place in places)
    full = tuple(slice(place * scale, place * scale + size) for place in places)
    return Pair(pair.clean[full], pair.degraded[small], None if pair.mask is None else pair.mask[full])


def turned(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns the picture in one of its eight orientations."""
    choice = int(rng.integers(8))
    picture = np.rot90(picture, choice % 4)
    return np.ascontiguousarray(picture[:, ::-1] if choice >= 4 else picture)


def _central_crop(picture: np.ndarray, size: int) -> np.ndarray:
    picture = at_least(picture, size)
    top, left = ((length - size) // 2 for length in picture.shape[:2])
    return picture[top : top + size, left : left + size]


def at_least(picture: np.ndarray, size: int) -> np.ndarray:
    """Returns the picture, mirrored at its right and lower border where a side is shorter than `size`."""
    bottom, right = (max(0, size - length) for length in picture.shape[:2])
    if not bottom and not right:
        return picture
    border = [(0, bottom), (0, right), *[(0, 0)] * (picture.ndim - 2)]
    return np.pad(picture, border, mode="symmetric")


def _degraded(clean: np.ndarray, ingredient: Ingredient, rng: np.random.Generator) -> Pair:
    degraded, mask = degrade_crop(ingredient, clean, rng)
    return Pair(clean, degraded, mask)


def _packed(pair: Pair, task: Task, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    return task.pack(pair.clean, pair.degraded, pair.mask, rng)


def stacked(examples: Sequence[tuple[Arrays, Arrays]]) -> Batch:
    """Returns the batch of packed examples."""
    inputs, targets = zip(*examples, strict=True)
    return Batch(
        tuple(np.stack(arrays) for arrays in zip(*inputs, strict=True)),
        tuple(np.stack(arrays) for arrays in zip(*targets, strict=True)),
    )


def as_float(picture: np.ndarray) -> np.ndarray:
    """Returns an 8-bit picture as float32 in [0, 1]."""
    return picture.astype(np.float32) * np.float32(1 / 255)


def batch_rng(seed: int, step: int) -> np.random.Generator:
    """Returns the generator of a training step, independent of every other step's."""
    return _rng(seed, _TRAINING, step)


def _rng(seed: int, stream: int, step: int) -> np.random.Generator:
    """Returns a generator whose Philox key is (seed, stream and step): independent for every step."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, (stream << 48) + step], np.uint64)))
