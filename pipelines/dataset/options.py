"""What a build is told: one frozen record that travels whole from the click to the workers. Imports no Beam."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from imaging.errors import MisuseError
from pipelines.dataset.size import Size, parse_size
from pipelines.runners import ENGINES, Engine, RunnerOptions

DATASET_NAME = "restoration_pairs"
VERSION = "1.0.0"
_NAME = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
FORMATS = ("tfrecord", "array_record")


@dataclass(frozen=True)
class FailureLimit:
    """How many pictures may fail before a job stops: a number, or a fraction of all inputs.

    Attributes:
        count: pictures; None when a fraction is given or nothing is limited.
        fraction: in [0, 1]; None when a count is given or nothing is limited.
    """

    count: int | None = None
    fraction: float | None = None

    def exceeded(self, failed: int, inputs: int) -> bool:
        """Whether `failed` of `inputs` pictures are too many."""
        if self.count is not None:
            return failed > self.count
        return self.fraction is not None and failed > self.fraction * inputs


def parse_limit(text: str) -> FailureLimit:
    """Returns the limit that `text` writes down: "5", "2.5%" or "" for none.

    Raises:
        MisuseError: it is neither.
    """
    if not text:
        return FailureLimit()
    found = re.fullmatch(r"(\d+)|(\d+(?:\.\d+)?)%", text.strip())
    if not found or (found[2] and float(found[2]) > 100):
        raise MisuseError('A failure limit is a number of pictures ("5") or a share of them ("2%")', text)
    return FailureLimit(int(found[1]), None) if found[1] else FailureLimit(None, float(found[2]) / 100)


@dataclass(frozen=True)
class BuildOptions:
    """What `build_dataset` makes, from what, and how.

    Attributes:
        recipes: names or YAML paths of the recipes; each becomes one dataset.
        images: the clean pictures: a crawl's output folder or manifest, a folder tree, a glob, a CSV or Parquet list,
            a TFDS dataset folder or a Hugging Face `datasets` folder.
        data_dir: where the datasets go, `DATA_DIR/restoration_pairs/RECIPE/1.0.0`.
        name: of the dataset, instead of its recipe's name, so that several datasets of one recipe lie side by side.
        seed: of all drawn parameters; equal seeds and inputs give equal bytes.
        variants: degraded versions of each view.
        size: which part becomes an example: "whole", "resize:SIDE", "random:SIDExCOUNT" or "grid:SIDE" crops.
        format: "tfrecord" (read by `tfds.load`) or "array_record" (read by `tfds.data_source`).
        shard_mb: size of a shard to aim at, in MB of 10^6 bytes.
        validation_fraction: share of the works, not of the pictures.
        test_fraction: the same for the test split.
        exclude: folders of benchmark pictures; what looks like one of them is left out.
        min_side: pixels the shorter side of a picture needs, beside what `size` needs.
        max_pixels: a header that promises more is not decoded.
        max_failures: "N" or "N%" of unreadable pictures; more stop the job. "" for no limit.
        runner: where to work: "fnapi" in this process, or "flink", "prism", "dataflow".
        workers: threads or processes that work at the same time.
        mode: how "fnapi" works: "multi_threading", "multi_processing" or "in_memory" (one after the other).
        runner_flags: further flags for Beam.
        engine: where the engine is, for runners other than "fnapi"; see `pipelines.runners.ENGINES`.
        dry_run: only plan, and estimate from a few pictures.
        progress: show a bar on standard error.
    """

    recipes: tuple[str, ...]
    images: str
    data_dir: str
    name: str = ""
    seed: int = 0
    variants: int = 1
    size: str = "whole"
    format: str = "tfrecord"
    shard_mb: float = 64.0
    validation_fraction: float = 0.05
    test_fraction: float = 0.05
    exclude: tuple[str, ...] = ()
    min_side: int = 16
    max_pixels: int = 1 << 28
    max_failures: str = ""
    runner: str = "fnapi"
    workers: int = 2
    mode: str = "multi_threading"
    runner_flags: tuple[str, ...] = field(default=())
    engine: Engine | None = field(default=None, metadata={"choices": ENGINES})
    dry_run: bool = False
    progress: bool = True

    def __post_init__(self) -> None:
        for holds, rule, received in self._rules():
            if not holds:
                raise MisuseError(rule, received)
        parse_size(self.size)
        parse_limit(self.max_failures)
        self.runner_options()

    def _rules(self) -> list[tuple[bool, str, object]]:
        shares = self.validation_fraction, self.test_fraction
        return [
            (bool(self.recipes) and not isinstance(self.recipes, str), "A build has a tuple of recipes", self.recipes),
            (len(set(self.recipes)) == len(self.recipes), "A recipe is built once", ", ".join(self.recipes)),
            (not self.name or len(self.recipes) == 1, "A name is for one dataset, so for one recipe", self.name),
            (not self.name or bool(_NAME.fullmatch(self.name)), "A name has letters, digits and hyphens", self.name),
            (bool(self.images), "A build has clean pictures", self.images),
            (bool(self.data_dir), "A build has a data folder", self.data_dir),
            (self.variants >= 1, "A picture has at least one variant", self.variants),
            (self.format in FORMATS, f"A format is one of {', '.join(FORMATS)}", self.format),
            (self.shard_mb > 0, "A shard has a size above 0 MB", self.shard_mb),
            (min(shares) >= 0 and sum(shares) < 1, "Validation and test leave a share for training", shares),
            (self.min_side >= 1, "The smallest side is at least 1 pixel", self.min_side),
            (self.max_pixels >= 1, "The largest picture has at least 1 pixel", self.max_pixels),
        ]

    @property
    def view_size(self) -> Size:
        """Which part of a picture becomes an example."""
        return parse_size(self.size)

    @property
    def failure_limit(self) -> FailureLimit:
        """How many pictures may fail."""
        return parse_limit(self.max_failures)

    def runner_options(self) -> RunnerOptions:
        """Returns where the job runs."""
        return RunnerOptions(self.runner, self.workers, self.mode, self.runner_flags, self.engine)
