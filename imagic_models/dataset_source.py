"""Training batches from TFDS folders of degraded/clean pairs.

Which examples a step sees is a pure function of (seed, step): each epoch is shuffled by its own seed, and a resumed
training skips, undecoded, to its place in the epoch.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from imagic_models.data import Batch, Cutting, Pair, as_float, at_least, batch_rng, crops_of, stacked, turned
from imagic_models.mixtures import Ingredient
from imagic_models.tasks import Arrays, Task
from imaging.errors import MisuseError
from imaging.phash import phash

DATASET = "restoration_pairs"
SHUFFLE_BUFFER = 512  # undecoded examples held for shuffling
PICTURES = ("degraded", "clean", "mask")
_AHEAD = 4  # batches prepared before they are asked for

Example = dict[str, Any]


@dataclass(frozen=True)
class PairSource:
    """Batches of aligned random crops of stored pairs.

    Attributes:
        data_dir: the folder given to `build-dataset`, or the folder of one version of one dataset.
        mixture: which recipes' datasets, by what weights; each gets a fixed share of every batch.
        task: how a pair becomes inputs and targets.
        cutting: sizes.
        batch_size: crops a batch.
        seed: of order, crops and hints.
        validation_pictures: number of held-out pictures a dataset to validate on.
    """

    data_dir: Path
    mixture: tuple[Ingredient, ...]
    task: Task
    cutting: Cutting
    batch_size: int
    seed: int
    validation_pictures: int

    def batches(self, steps: range) -> Iterator[Batch]:
        """Yields the batch of each step in order, decoded and cut ahead of time by threads."""
        streams = [
            self._stream(ingredient.source, count, steps.start)
            for ingredient, count in zip(self.mixture, self._shares(), strict=True)
        ]
        with ThreadPoolExecutor(2, thread_name_prefix="crops") as pool:
            waiting: list[Any] = []
            for step in steps:
                waiting.append(pool.submit(self._batch, step, [next(stream) for stream in streams]))
                if len(waiting) > _AHEAD:
                    yield waiting.pop(0).result()
            for future in waiting:
                yield future.result()

    def validation(self) -> dict[str, Batch]:
        """Returns one fixed batch of central crops per dataset that has a validation split."""
        batches = {}
        for ingredient in self.mixture:
            builder = self._builder(ingredient.source)
            if not self.validation_pictures or "validation" not in builder.info.splits:
                continue
            rng = batch_rng(self.seed, 0)
            examples = itertools.islice(_undecoded(builder, "validation"), self.validation_pictures)
            pairs = [_centre(self._pair(example), self.cutting) for example in examples]
            if pairs:
                packed = [self.task.pack(pair.clean, pair.degraded, pair.mask, rng) for pair in pairs]
                batches[ingredient.source] = stacked(packed)
        return batches

    def hashes(self) -> list[str]:
        """Returns the perceptual hashes of the clean pictures of all datasets, held-out ones included."""
        found = set()
        for ingredient in self.mixture:
            builder = self._builder(ingredient.source)
            for split in sorted({"train", "validation"} & set(builder.info.splits)):
                found |= {phash(_decoded(example["clean"])) for example in _undecoded(builder, split)}
        return sorted(found)

    def _batch(self, step: int, groups: Sequence[Sequence[Example]]) -> Batch:
        rng = batch_rng(self.seed, step)
        examples: list[tuple[Arrays, Arrays]] = []
        for example in itertools.chain(*groups):
            examples += crops_of(_turned_pair(self._pair(example), rng), self.cutting, self.task, rng)
        return stacked(examples[: self.batch_size])

    def _stream(self, recipe: str, count: int, start: int) -> Iterator[list[Example]]:
        """Yields the `count` examples of each step from step `start` on, epoch after epoch."""
        builder = self._builder(recipe)
        total = builder.info.splits["train"].num_examples
        epoch, offset = divmod(start * count, total)
        epochs = itertools.chain.from_iterable(
            _undecoded(builder, "train", shuffle=self.seed + number, skip=offset if number == epoch else 0)
            for number in itertools.count(epoch)
        )
        while True:
            yield list(itertools.islice(epochs, count))

    def _shares(self) -> list[int]:
        """Returns how many pictures of each dataset a batch takes, at least one of each."""
        pictures = -(-self.batch_size // self.cutting.cuts)
        weights = np.array([ingredient.weight for ingredient in self.mixture])
        shares = np.maximum(1, np.floor(pictures * weights / weights.sum()).astype(int))
        shares[int(weights.argmax())] += max(0, pictures - int(shares.sum()))
        return shares.tolist()

    def _builder(self, recipe: str) -> Any:
        import tensorflow_datasets as tfds

        return tfds.builder_from_directory(str(find_dataset(self.data_dir, recipe)))

    def _pair(self, example: Example) -> Pair:
        """Returns the decoded pair, at least as large as a crop."""
        size, scale = self.cutting.crop, self.cutting.scale
        clean, degraded = (as_float(_decoded(example[name])) for name in ("clean", "degraded"))
        clean = clean[: degraded.shape[0] * scale, : degraded.shape[1] * scale]
        mask = as_float(_decoded(example["mask"], gray=True)) if "mask" in example else None
        return Pair(
            at_least(clean, size),
            at_least(degraded, size // scale),
            None if mask is None else at_least(mask, size),
        )


def find_dataset(data_dir: Path, recipe: str) -> Path:
    """Returns the folder of the newest version of a recipe's dataset.

    Raises:
        MisuseError: where there is none.
    """
    versions = sorted((data_dir / DATASET / recipe).glob("*/dataset_info.json"), key=_version)
    if versions:
        return versions[-1].parent
    if (data_dir / "dataset_info.json").is_file():
        return data_dir
    raise MisuseError(
        f"Training reads the dataset {DATASET}/{recipe}",
        data_dir,
        f"Build it: build-dataset {recipe} --images PICTURES --data-dir {data_dir}",
    )


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.parent.name.split(".") if part.isdigit())


def _undecoded(builder: Any, split: str, *, shuffle: int | None = None, skip: int = 0) -> Iterator[Example]:
    """Yields the examples of a split with pictures as encoded bytes, in stored or in shuffled order."""
    import tensorflow_datasets as tfds

    pictures = [name for name in PICTURES if name in builder.info.features]
    dataset = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding(
            dict.fromkeys(pictures, True), decoders=dict.fromkeys(pictures, tfds.decode.SkipDecoding())
        ),
        read_config=tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1),
    )
    if shuffle is not None:
        dataset = dataset.shuffle(SHUFFLE_BUFFER, seed=shuffle, reshuffle_each_iteration=False)
    return dataset.skip(skip).as_numpy_iterator()


def _decoded(encoded: bytes, gray: bool = False) -> np.ndarray:
    """Returns HWC RGB uint8 (HW if gray) as TFDS would: the orientation tag is not applied."""
    kind = cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    picture = np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), kind))
    return picture if gray else picture[..., ::-1]


def _turned_pair(pair: Pair, rng: np.random.Generator) -> Pair:
    """Returns the pair in one of eight orientations, the same for all its pictures."""
    choice = rng.integers(2**32)

    def turn(picture: np.ndarray) -> np.ndarray:
        return turned(picture, np.random.default_rng(choice))

    return Pair(turn(pair.clean), turn(pair.degraded), None if pair.mask is None else turn(pair.mask))


def _centre(pair: Pair, cutting: Cutting, side: int = 128) -> Pair:
    """Returns the central crop of a pair, of one size for all pairs so that they make a batch."""
    side = max(side, cutting.crop)
    clean, degraded = at_least(pair.clean, side), at_least(pair.degraded, side // cutting.scale)
    top, left = ((length - side // cutting.scale) // 2 for length in degraded.shape[:2])
    small = (slice(top, top + side // cutting.scale), slice(left, left + side // cutting.scale))
    full = tuple(slice(place.start * cutting.scale, place.stop * cutting.scale) for place in small)
    mask = None if pair.mask is None else at_least(pair.mask, side)[full]
    return Pair(clean[full], degraded[small], mask)
