"""What `enhance` is asked to do; one frozen object from the click to the worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from imagic_models.options import ENGINES
from imaging.errors import MisuseError
from pipelines.runners import RunnerOptions

RAW_OUTPUTS = {"tiff": ".tif", "png": ".png"}


@dataclass(frozen=True)
class Stage:
    """One model in the chain, and how much of its result is taken.

    Attributes:
        model: a preset, a run folder or a `.keras` file.
        strength: 0 keeps the picture, 1 takes the restored one, between them they are mixed.
    """

    model: str
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not self.model.strip():
            raise MisuseError("A stage names a preset or a model", repr(self.model), "Run `cli.py models`")
        _require_share("A stage's strength", self.strength)


@dataclass(frozen=True)
class EnhanceOptions:
    """One enhancement of an archive.

    Attributes:
        input: a folder, whose tree is kept, or one picture.
        out: the folder of the results; outside `input`, so that no original is ever written over.
        stages: the chain, in order; empty with `auto`.
        auto: measure every picture and apply only what it needs; a good picture is passed byte for byte.
        strength: multiplies every stage's strength.
        detail: 0 to 1, how much of the texture lost in restoration is put back where the picture has structure.
        stretch: percent of the pixels that a final histogram stretch may clip at either end; 0 for no stretch.
        engine: what computes the networks.
        runner: where the job runs.
        retry_failed: try the failures of earlier runs again; otherwise they stay recorded as they are.
        max_failures: stop with exit code 1 after more failures than this: a count ("20"), a share ("5%") or None.
        dry_run: change nothing; say what would be done, and estimate hours and disk from a sample.
        sidecar: write provenance also to `<name>.imagic.json` beside each result.
        report: write `report.html`, with so many pictures to compare; 0 for none.
        raw_format: what camera raw becomes, at 16 bits: "tiff" or "png".
        max_megapixels: larger pictures are failures with the reason "too-large".
        decode_seconds: a picture whose decoding takes longer (more for large ones) is a failure.
    """

    input: Path
    out: Path
    stages: tuple[Stage, ...] = ()
    auto: bool = False
    strength: float = 1.0
    detail: float = 0.0
    stretch: float = 0.0
    engine: str = "auto"
    runner: RunnerOptions = field(default_factory=RunnerOptions)
    retry_failed: bool = False
    max_failures: str | None = None
    dry_run: bool = False
    sidecar: bool = False
    report: int = 12
    raw_format: str = "tiff"
    max_megapixels: float = 1000.0
    decode_seconds: float = 60.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "input", Path(self.input))
        object.__setattr__(self, "out", Path(self.out))
        if self.auto == bool(self.stages):
            rule = "Either stages are named or --auto chooses them, not both and not neither"
            raise MisuseError(rule, ",".join(stage.model for stage in self.stages), "Add --stages denoise or --auto")
        _require_share("Strength", self.strength)
        _require_share("Detail", self.detail)
        if not 0 <= self.stretch < 50:
            raise MisuseError("A stretch clips at least 0 and less than 50 percent", self.stretch)
        if self.engine not in ENGINES:
            raise MisuseError(f"An engine is one of {', '.join(ENGINES)}", self.engine)
        if self.raw_format not in RAW_OUTPUTS:
            raise MisuseError(f"Camera raw becomes one of {', '.join(RAW_OUTPUTS)}", self.raw_format)
        if self.report < 0 or self.max_megapixels <= 0 or self.decode_seconds <= 0:
            raise MisuseError("Report is at least 0, the limits on megapixels and seconds are over 0")
        self.failures_allowed(1)
        self._check_folders()

    def _check_folders(self) -> None:
        if not self.input.exists():
            raise MisuseError("The input is a folder of pictures or one picture", self.input, "Check the path")
        source, target = self.input.resolve(), self.out.resolve()
        tree = source if source.is_dir() else source.parent
        if target == tree or (source.is_dir() and (tree in target.parents or target in tree.parents)):
            rule = "Results go to a folder that neither holds the originals nor lies among them"
            raise MisuseError(rule, self.out, "Name another --out")

    def failures_allowed(self, inputs: int) -> int | None:
        """Return after how many failures of so many inputs the job goes on; None for any number."""
        text = self.max_failures
        if text is None:
            return None
        number = text.removesuffix("%")
        if not number.replace(".", "", 1).isdigit() or ("." in number and not text.endswith("%")):
            raise MisuseError("Failures are limited by a count or by a share", text, "Write 20 or 5%")
        return int(float(number) * inputs / 100) if text.endswith("%") else int(number)


def parse_stages(text: str) -> tuple[Stage, ...]:
    """Read stages as they are typed: names between commas, each with its strength after a colon if it has one.

    Examples:
        >>> parse_stages("denoise, low-light:0.5")
        (Stage(model='denoise', strength=1.0), Stage(model='low-light', strength=0.5))
    """
    return tuple(_parse_stage(part.strip()) for part in text.split(",") if part.strip())


def _parse_stage(text: str) -> Stage:
    model, colon, strength = text.rpartition(":")
    try:
        return Stage(model, float(strength)) if colon else Stage(text)
    except ValueError:
        return Stage(text)  # a colon in a path


def _require_share(what: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise MisuseError(f"{what} is between 0 and 1", value)
