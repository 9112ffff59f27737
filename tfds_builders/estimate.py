"""What a build would cost, from a few of its pictures."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from imaging.recipes import Recipe
from pipelines.dataset.examples import ImageFailed, image_examples
from pipelines.dataset.options import BuildOptions
from pipelines.dataset.plan import SPLITS, Plan
from tfds_builders.contact_sheet import evenly, work_of

SAMPLE = 20


@dataclass(frozen=True)
class Sample:
    """What some pictures took.

    Attributes:
        images: that gave examples.
        examples: records.
        num_bytes: of the records.
        seconds: on one worker.
    """

    images: int
    examples: int
    num_bytes: int
    seconds: float


def estimate(plan: Plan, recipe: Recipe, options: BuildOptions) -> list[str]:
    """Returns the plan and its cost as lines: splits, shards, size on disk, time, room."""
    counts = {split: [shard for shard in plan.shards if shard.split == split] for split in SPLITS}
    lines = [
        f"{split:<10} {sum(len(shard.images) for shard in shards):,} images in {len(shards):,} shards"
        for split, shards in counts.items()
        if shards
    ]
    sample = take_sample(plan, recipe, options)
    if not sample.images:
        return [*lines, "no picture of the sample could be used"]
    each = plan.planned / sample.images
    seconds = sample.seconds * each / options.workers
    free = shutil.disk_usage(_existing(Path(options.data_dir))).free
    return [
        *lines,
        f"from a sample of {sample.images} images:",
        f"examples   {round(sample.examples * each):,}",
        f"size       {sample.num_bytes * each / 1e6:,.1f} MB, {free / 1e6:,.0f} MB are free",
        f"time       {seconds:,.0f} s with {options.workers} workers ({plan.planned / seconds:,.1f} images/s)",
        "no dataset was written",
    ]


def take_sample(plan: Plan, recipe: Recipe, options: BuildOptions) -> Sample:
    """Makes the examples of up to 20 pictures from all over the plan and throws them away."""
    images = evenly([image for shard in plan.shards for image in shard.images], SAMPLE)
    work = work_of(recipe, options)
    sizes: list[list[int]] = []
    started = time.perf_counter()
    for image in images:
        try:
            sizes.append([len(record) for record in image_examples(image, work)])
        except ImageFailed:
            continue
    seconds = time.perf_counter() - started
    return Sample(len(sizes), sum(map(len, sizes)), sum(map(sum, sizes)), seconds)


def _existing(path: Path) -> Path:
    """Returns the path, or the nearest folder above it that exists."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
