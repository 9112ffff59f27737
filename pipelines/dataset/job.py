"""The Beam pipeline: shard names in, shard files out. Nothing else travels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.dataset.shards import write_shard
from pipelines.runners import RunnerOptions, import_beam, run_pipeline

if TYPE_CHECKING:
    import apache_beam as beam


def write_shards(folder: Path, names: Sequence[str], runner: RunnerOptions) -> None:
    """Writes the named shards of a planned build.

    Args:
        folder: of the dataset, on a disk that all workers see.
        names: shards to write.
        runner: where to work.

    Raises:
        ImagicError: the job failed.
    """
    transforms = import_beam()

    def assemble(pipeline: beam.Pipeline) -> object:
        # Create reshuffles its elements (its default), which is what spreads them over the workers.
        return (
            pipeline
            | "Name the shards" >> transforms.Create(list(names))
            | "Write each shard" >> transforms.Map(partial(write_shard, str(folder)))
        )

    run_pipeline(runner, assemble)
