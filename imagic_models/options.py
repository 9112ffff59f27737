"""What a person may ask of the trainer; importing this file imports no framework."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from imaging.errors import MisuseError

PRECISIONS = ("auto", "float32", "mixed_bfloat16")
SCHEDULES = ("cosine", "stable")
OPTIMIZERS = ("adamw", "lion")
ENGINES = ("auto", "keras", "openvino")
LOSS_NAMES = ("charbonnier", "squared", "charbonnier-ms-ssim", "charbonnier-colour")
CROP_MULTIPLE = 16  # so that every architecture and every super-resolution scale accepts the crop


@dataclass(frozen=True)
class TrainOptions:
    """One training, complete: the same options on the same machine give the same weights.

    Attributes:
        preset: name of a preset (`imagic_models.presets.PRESETS`).
        run_dir: folder to write; must not hold another run unless `resume`.
        data_dir: TFDS folder made by `build-dataset`; give this or `images`.
        images: folder of clean pictures, degraded on the fly by the preset's mixture.
        recipes: recipes to train against instead of the preset's own, each `name` or `name=weight`.
        steps: planned total number of steps, earlier parts of a resumed run included.
        resume: continue the run in `run_dir` from its newest checkpoint; its network and seed are kept, while steps,
            rate, crop and batch may be planned anew.
        batch_size: crops a step.
        crop: side of a crop in pixels of the clean picture, a multiple of 16; 0 for the preset's.
        learning_rate: rate after the warm-up.
        final_learning_rate: rate at the last step.
        warmup_steps: steps of linear rise from zero.
        schedule: `cosine` falls from the warm-up to the last step; `stable` stays constant and falls in the last
            `decay_steps` linearly. A stable run can be extended or wound down at any time: resume with other `steps`.
        decay_steps: length of the fall of the `stable` schedule.
        optimizer: `adamw` or `lion`.
        weight_decay: decoupled weight decay.
        clip_norm: the gradient's global norm is cut to this.
        loss: one of `LOSS_NAMES`, see `imagic_models.losses`; empty for the preset's.
        ema: decay a step of the weights' moving average, which is what is validated and exported.
        seed: of weights, crops and damage.
        precision: of the arithmetic in training; `auto` takes mixed_bfloat16 where the machine gains from it.
        threads: processor threads of the framework; 0 for its default.
        architecture: name of a network in `imagic_models.architectures`; empty for the preset's.
        width: channels of the network at full resolution; 0 for the preset's.
        depth: residual blocks of a U-Net at its lowest resolution; 0 for the preset's.
        checkpoint_every: steps between checkpoints.
        validate_every: steps between validations; the best is exported as `model.keras`.
        validation_crops: number of held-out pictures to validate on.
        tensorboard: whether to write curves and pictures for TensorBoard.
        progress: whether to show a progress bar on stderr.
    """

    preset: str
    run_dir: str
    data_dir: str | None = None
    images: str | None = None
    recipes: tuple[str, ...] = ()
    steps: int = 20_000
    resume: bool = False
    batch_size: int = 32
    crop: int = 0
    learning_rate: float = 8e-4
    final_learning_rate: float = 1e-5
    warmup_steps: int = 200
    schedule: str = "cosine"
    decay_steps: int = 2_000
    optimizer: str = "adamw"
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    loss: str = ""
    ema: float = 0.999
    seed: int = 0
    precision: str = "auto"
    threads: int = 0
    architecture: str = ""
    width: int = 0
    depth: int = 0
    checkpoint_every: int = 500
    validate_every: int = 1_000
    validation_crops: int = 12
    tensorboard: bool = True
    progress: bool = True

    def __post_init__(self) -> None:
        if (self.data_dir is None) == (self.images is None):
            raise MisuseError(
                "Training reads either a dataset or a folder of clean pictures",
                f"data_dir={self.data_dir!r}, images={self.images!r}",
                "Give exactly one of --data-dir and --images",
            )
        for name in ("steps", "batch_size", "decay_steps", "checkpoint_every", "validate_every"):
            self._require(name, getattr(self, name) >= 1, "at least 1")
        for name in ("crop", "warmup_steps", "weight_decay", "threads", "width", "depth", "validation_crops", "seed"):
            self._require(name, getattr(self, name) >= 0, "at least 0")
        for name, choices in (
            ("precision", PRECISIONS),
            ("schedule", SCHEDULES),
            ("optimizer", OPTIMIZERS),
            ("loss", ("", *LOSS_NAMES)),
        ):
            self._require(name, getattr(self, name) in choices, f"one of {', '.join(choices)}")
        self._require("crop", self.crop % CROP_MULTIPLE == 0, f"a multiple of {CROP_MULTIPLE}")
        self._require("ema", 0 <= self.ema < 1, "in [0, 1)")
        self._require("learning_rate", self.learning_rate > 0, "above 0")
        self._require("clip_norm", self.clip_norm > 0, "above 0")

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise MisuseError(f"{name} is {rule}", repr(getattr(self, name)))

    def to_json(self) -> dict[str, Any]:
        """Returns the options as a JSON-able dictionary."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> TrainOptions:
        """Returns the options that `to_json` wrote; names of later versions are ignored."""
        known = {field.name for field in fields(cls)}
        kept: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**{name: value for name, value in kept.items() if name in known})


@dataclass(frozen=True)
class ImportColorizationOptions:
    """The published files of "Colorful Image Colorization" and where to put the imported model.

    Attributes:
        prototxt: description of the network (colorization_deploy_v2.prototxt).
        caffemodel: its weights (colorization_release_v2.caffemodel).
        bins: the ab values of its colours (pts_in_hull.npy).
        out: folder to write; use it as a model.
    """

    prototxt: str
    caffemodel: str
    bins: str
    out: str


@dataclass(frozen=True)
class TuneOptions:
    """A search for a better network or training of a preset.

    Attributes:
        preset: name of a preset whose network is the U-Net.
        run_dir: folder to write: the study, one run folder a trial, and best.json.
        data_dir: TFDS folder made by `build-dataset`; give this or `images`.
        images: folder of clean pictures, degraded on the fly.
        trials: number of trainings to try in all; those already in `run_dir` count.
        steps: steps of each trial; the least promising stop earlier.
        seed: of the search and of every training.
        progress: whether to show progress bars on stderr.
    """

    preset: str
    run_dir: str
    data_dir: str | None = None
    images: str | None = None
    trials: int = 12
    steps: int = 1_000
    seed: int = 0
    progress: bool = True

    def __post_init__(self) -> None:
        for name in ("trials", "steps"):
            if getattr(self, name) < 1:
                raise MisuseError(f"{name} is at least 1", getattr(self, name))
        TrainOptions(self.preset, self.run_dir, data_dir=self.data_dir, images=self.images)


@dataclass(frozen=True)
class ListModelsOptions:
    """Nothing to ask: every preset is listed."""


@dataclass(frozen=True)
class ShowModelOptions:
    """Whose card to show.

    Attributes:
        name: name of a preset.
    """

    name: str


@dataclass(frozen=True)
class ShipModelOptions:
    """A run to make the shipped weights of its preset.

    Attributes:
        run_dir: folder of the training run.
        data: for the card: what the training pictures are.
        licences: for the card: their licences.
        scores: for the card: each a score with its protocol and test set.
    """

    run_dir: str
    data: str
    licences: str
    scores: tuple[str, ...] = ()
