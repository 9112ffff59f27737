"""The Beam pipeline: the dataset's folder in, shard names on the way, shard files out. Nothing else travels.

The names are read on a worker, so that the job's graph has the same size for ten pictures and for ten millions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.dataset.shards import missing_shards, write_shard
from pipelines.dataset.workspace import Workspace
from pipelines.runners import RunnerOptions, import_beam, run_pipeline
from pipelines.storage import address

if TYPE_CHECKING:
    import apache_beam as beam


def write_shards(folder: Path, names: Sequence[str], runner: RunnerOptions) -> None:
    """Writes the named shards of a planned build.

    Args:
        folder: of the dataset, on a disk that all workers see; they may work in another directory.
        names: shards to write.
        runner: where to work.

    Raises:
        ImagicError: the job failed.
    """
    Workspace(folder).store_missing(names)
    run_pipeline(runner, lambda pipeline: add_steps(pipeline, address(folder)))


def add_steps(pipeline: beam.Pipeline, folder: str) -> object:
    """Adds the job to a pipeline."""
    transforms = import_beam()
    return (
        pipeline
        | "Name the dataset" >> transforms.Create([folder])
        | "Name the shards" >> transforms.FlatMap(missing_shards)
        | "Spread them over the workers" >> transforms.Reshuffle()
        | "Write each shard" >> transforms.Map(partial(write_shard, folder))
    )
