"""What a build tells at its end. Imports no Beam and no TensorFlow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.dataset.plan import Rejection


@dataclass(frozen=True)
class DatasetReport:
    """One finished dataset, or the estimate of one that was only planned.

    Attributes:
        recipe: its name.
        folder: where it is.
        splits: examples of each split.
        inputs: pictures that the input named.
        images: pictures that gave examples.
        rejections: pictures that gave none, with their reasons.
        shards: files.
        kept_shards: files that an earlier, interrupted build had finished.
        num_bytes: of the files.
        seconds: that writing the shards took.
        estimate: lines of a dry run; empty after a build.
    """

    recipe: str
    folder: Path
    splits: dict[str, int]
    inputs: int
    images: int
    rejections: tuple[Rejection, ...] = ()
    shards: int = 0
    kept_shards: int = 0
    num_bytes: int = 0
    seconds: float = 0.0
    estimate: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """Inputs that could not be used although no rule of ours leaves them out."""
        return sum(rejection.failed for rejection in self.rejections)

    def lines(self) -> list[str]:
        """Returns the report as lines for a terminal."""
        splits = ", ".join(f"{name} {count:,}" for name, count in self.splits.items()) or "none"
        reasons = Counter(rejection.reason for rejection in self.rejections)
        given = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
        lines = [
            f"{self.recipe}: {self.folder}",
            f"  images    {self.images:,} of {self.inputs:,}" + (f" ({given})" if given else ""),
        ]
        if self.estimate:
            return lines + [f"  {line}" for line in self.estimate]
        kept = f", {self.kept_shards:,} of them from an earlier run" if self.kept_shards else ""
        speed = f", {self.images / self.seconds:.1f} images/s" if self.seconds and not kept else ""
        lines += [
            f"  examples  {splits}",
            f"  files     {self.shards:,} shards, {self.num_bytes / 1e6:,.1f} MB{kept}{speed}",
        ]
        if self.rejections:
            lines.append(f"  reasons   {self.folder / 'failures.jsonl'}")
        return lines


@dataclass(frozen=True)
class BuildReport:
    """What `build_dataset` did, one entry per recipe.

    Attributes:
        datasets: in the order of the recipes.
    """

    datasets: tuple[DatasetReport, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 when every input was used or left out by rule, 3 when some could not be read."""
        return 3 if any(dataset.failed for dataset in self.datasets) else 0

    def lines(self) -> list[str]:
        """Returns the report as lines for a terminal."""
        lines = [line for dataset in self.datasets for line in dataset.lines()]
        if self.datasets and not any(dataset.estimate for dataset in self.datasets):
            first = self.datasets[0]
            lines.append(f'Read it: tfds.builder_from_directory("{first.folder}")')
        return lines
