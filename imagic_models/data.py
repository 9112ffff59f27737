"""Training batches as a pure function of (seed, step), from clean pictures that are degraded on the fly.

Nothing has to be remembered to resume: step 4,711 yields the same crops and the same damage in every run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from imagic_models.mixtures import Ingredient, degrade_crop, draw_ingredient
from imagic_models.tasks import Arrays, Task
from imaging.errors import MisuseError
from imaging.files import UnreadableImage, find_images, read_rgb

_TRAINING, _VALIDATION, _SPLIT = 0, 1, 2  # streams of random numbers under one seed


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
        raise MisuseError("training needs a folder with pictures", folder, "check the path")
    return pictures


@dataclass(frozen=True)
class CropSource:
    """Batches of randomly cropped, flipped, rotated and degraded pictures.

    Attributes:
        pictures: where crops come from.
        mixture: what they are degraded by.
        task: how a pair becomes inputs and targets.
        batch_size: crops a batch.
        crop: side of a crop in pixels.
        seed: of crops and damage.
    """

    pictures: CleanPictures
    mixture: tuple[Ingredient, ...]
    task: Task
    batch_size: int
    crop: int
    seed: int

    def batch(self, step: int) -> Batch:
        """Returns the batch of a step; the same arguments give the same bytes."""
        rng = _rng(self.seed, _TRAINING, step)
        return _stack([self._example(rng) for _ in range(self.batch_size)])

    def _example(self, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
        clean = turned(random_crop(self.pictures.draw(rng), self.crop, rng), rng)
        return _damaged(clean, draw_ingredient(self.mixture, rng), self.task, rng)

    def validation(self, crop: int = 128) -> list[Batch]:
        """Returns one fixed batch per ingredient of the mixture, over the central crops of the held-out pictures."""
        batches = []
        for index, ingredient in enumerate(self.mixture):
            rng = _rng(self.seed, _VALIDATION, index)
            crops = [_as_float(_central_crop(picture, crop)) for picture in self.pictures.validation]
            batches.append(_stack([_damaged(clean, ingredient, self.task, rng) for clean in crops]))
        return batches


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
    picture = _at_least(picture, size)
    top, left = (int(rng.integers(length - size + 1)) for length in picture.shape[:2])
    return _as_float(picture[top : top + size, left : left + size])


def turned(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns the picture in one of its eight orientations."""
    choice = int(rng.integers(8))
    picture = np.rot90(picture, choice % 4)
    return np.ascontiguousarray(picture[:, ::-1] if choice >= 4 else picture)


def _central_crop(picture: np.ndarray, size: int) -> np.ndarray:
    picture = _at_least(picture, size)
    top, left = ((length - size) // 2 for length in picture.shape[:2])
    return picture[top : top + size, left : left + size]


def _at_least(picture: np.ndarray, size: int) -> np.ndarray:
    bottom, right = (max(0, size - length) for length in picture.shape[:2])
    if not bottom and not right:
        return picture
    return cv2.copyMakeBorder(picture, 0, bottom, 0, right, cv2.BORDER_REFLECT)


def _damaged(
    clean: np.ndarray, ingredient: Ingredient, task: Task, rng: np.random.Generator
) -> tuple[Arrays, Arrays]:
    degraded, mask = degrade_crop(ingredient, clean, rng)
    return task.pack(clean, degraded, mask, rng)


def _stack(examples: Sequence[tuple[Arrays, Arrays]]) -> Batch:
    inputs, targets = zip(*examples, strict=True)
    return Batch(
        tuple(np.stack(arrays) for arrays in zip(*inputs, strict=True)),
        tuple(np.stack(arrays) for arrays in zip(*targets, strict=True)),
    )


def _as_float(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32) * np.float32(1 / 255)


def _rng(seed: int, stream: int, step: int) -> np.random.Generator:
    """Returns a generator whose Philox key is (seed, stream and step): independent for every step."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, (stream << 48) + step], np.uint64)))
