"""Training of one preset: `train(options)` fills a run folder and can be killed and resumed at any time."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from imagic_models.data import CleanPictures, CropSource, load_pictures, prefetched
from imagic_models.options import TrainOptions
from imagic_models.precision import prepare_backend, training_precision
from imagic_models.presets import Preset, get_preset
from imagic_models.run_folder import RunFolder
from imagic_models.tasks import TASKS
from imaging.errors import MisuseError
from imaging.phash import phash

SPIKE_FACTOR = 5.0  # a loss this many times the recent median is a spike
SPIKE_WINDOW = 100  # losses that the median is taken of; before so many there is no guard


@dataclass(frozen=True)
class TrainReport:
    """What a training came to.

    Attributes:
        run_dir: the run folder.
        step: number of steps done in all.
        steps: number of steps planned.
        parameters: number of weights of the network.
        best_psnr: best mean PSNR in dB on the held-out crops, None where nothing was validated.
        seconds: time of this call.
        steps_per_second: speed of this call.
        waiting_fraction: share of the time in which the network waited for crops.
        rollbacks: how often a loss spike threw training back to a checkpoint.
        stopped: whether a signal ended it early.
    """

    run_dir: str
    step: int
    steps: int
    parameters: int
    best_psnr: float | None
    seconds: float
    steps_per_second: float
    waiting_fraction: float
    rollbacks: int
    stopped: bool

    @property
    def exit_code(self) -> int:
        """0 when all planned steps are done, 1 when a signal came first."""
        return 1 if self.stopped else 0

    def lines(self) -> list[str]:
        """Returns the report for the terminal."""
        best = "not validated" if self.best_psnr is None else f"best validation PSNR {self.best_psnr:.2f} dB"
        lines = [
            f"trained {self.step:,} of {self.steps:,} steps ({self.parameters:,} parameters), {best}",
            f"{self.steps_per_second:.2f} steps/s, busy {1 - self.waiting_fraction:.1%}, rollbacks {self.rollbacks}",
            f"model: {Path(self.run_dir) / 'model.keras'}",
        ]
        return [*lines, "stopped by a signal; continue with --resume"] if self.stopped else lines


def train(options: TrainOptions) -> TrainReport:
    """Trains a preset and returns what came of it; the run folder holds the model.

    Raises:
        MisuseError: for an unknown preset, an empty picture folder, a run folder that holds another run, or a resume
            with another network.
    """
    preset = get_preset(options.preset)
    folder = RunFolder(options.run_dir)
    prepare_backend(options)
    plan = _plan(options, preset, folder)
    source = _source(options, preset, folder)
    return _Training(options, plan, source, folder).run()


@dataclass
class _Progress:
    """What training remembers beside arrays; saved in every checkpoint."""

    step: int = 0
    best_psnr: float | None = None
    rollbacks: int = 0
    losses: list[float] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)


class _Training:
    """One call of `train`: the loop over steps with validation, checkpoints and the guard against loss spikes."""

    def __init__(self, options: TrainOptions, plan: Mapping[str, Any], source: CropSource, folder: RunFolder) -> None:
        from imagic_models.network_state import TrainedNetwork

        self.options, self.folder, self.source = options, folder, source
        precision = training_precision(options)
        self.network = TrainedNetwork(plan["architecture"], plan["network"], options, precision)
        self.progress = _Progress()
        if options.resume:
            arrays, state = folder.load_checkpoint()
            self.network.restore(arrays)
            self.progress = _Progress(**state)
        else:
            folder.write_config(options, plan)
        self.safe_point = self.network.arrays()
        self.recent = deque(self.progress.losses, maxlen=SPIKE_WINDOW)
        self.validation = source.validation()
        self.waited_s = 0.0

    def run(self) -> TrainReport:
        """Trains to the planned step or to a signal."""
        started, first = time.monotonic(), self.progress.step
        with _stop_signals() as stop, self._bar() as bar:
            for batch in self._batches():
                self._step(batch, bar)
                if stop:
                    break
            self._checkpoint()
        seconds = time.monotonic() - started
        done = self.progress.step - first
        return TrainReport(
            run_dir=str(self.folder.path),
            step=self.progress.step,
            steps=self.options.steps,
            parameters=self.network.model.count_params(),
            best_psnr=self.progress.best_psnr,
            seconds=seconds,
            steps_per_second=done / max(seconds, 1e-9),
            waiting_fraction=self.waited_s / max(seconds, 1e-9),
            rollbacks=self.progress.rollbacks,
            stopped=self.progress.step < self.options.steps,
        )

    def _batches(self) -> Iterator[Any]:
        batches = prefetched(self.source.batch, range(self.progress.step, self.options.steps))
        while True:
            asked = time.monotonic()
            batch = next(batches, None)
            self.waited_s += time.monotonic() - asked
            if batch is None:
                return
            yield batch

    def _step(self, batch: Any, bar: Any) -> None:
        loss = self.network.step(self.progress.step, batch)
        self.progress.step += 1
        bar.update()
        if self._is_spike(loss):
            self.network.restore(self.safe_point)
            self.progress.rollbacks += 1
            return
        self.recent.append(loss)
        step, options = self.progress.step, self.options
        if step % options.validate_every == 0 or step == options.steps:
            self._validate(bar)
        if step % options.checkpoint_every == 0:
            self._checkpoint()

    def _is_spike(self, loss: float) -> bool:
        if not np.isfinite(loss):
            return True
        return len(self.recent) == SPIKE_WINDOW and loss > SPIKE_FACTOR * float(np.median(self.recent))

    def _validate(self, bar: Any) -> None:
        model = self.network.use_average()
        scores = {
            f"psnr_{index}_{ingredient.source}": _mean_psnr(batch.targets[0], self.network.restored(batch.inputs))
            for index, (ingredient, batch) in enumerate(zip(self.source.mixture, self.validation, strict=True))
        }
        psnr = float(np.mean(list(scores.values()))) if self.source.pictures.validation else None
        row = {"step": self.progress.step, "loss": float(np.mean(self.recent)), "psnr": psnr, **scores}
        self.progress.history.append(row)
        self.folder.write_history(self.progress.history)
        bar.set_postfix(loss=f"{row['loss']:.4f}", psnr="-" if psnr is None else f"{psnr:.2f} dB")
        if psnr is None or self.progress.best_psnr is None or psnr > self.progress.best_psnr:
            self.progress.best_psnr = psnr
            self.folder.save_model(model)

    def _checkpoint(self) -> None:
        self.progress.losses = list(self.recent)
        self.safe_point = self.network.arrays()
        self.folder.save_checkpoint(self.progress.step, self.safe_point, vars(self.progress))

    def _bar(self) -> Any:
        return tqdm(
            total=self.options.steps,
            initial=self.progress.step,
            desc=f"train {self.options.preset}",
            unit="step",
            disable=not self.options.progress,
            mininterval=1.0,
        )


def _plan(options: TrainOptions, preset: Preset, folder: RunFolder) -> dict[str, Any]:
    """Returns what the network is built from, after checking that a resumed run is built from the same."""
    network = dict(preset.network) | dict(TASKS[preset.task].network)
    if options.width:
        network["width"] = options.width
    plan = {"preset": preset.name, "architecture": preset.architecture, "network": network, "seed": options.seed}
    config = folder.read_config()
    if options.resume and config is None:
        raise MisuseError("resuming needs a run folder", options.run_dir, "train without --resume first")
    if config is not None and not options.resume:
        raise MisuseError(
            "a run folder holds one run", options.run_dir, "give --resume to continue it, or another --run-dir"
        )
    if config is not None and any(config[name] != plan[name] for name in plan):
        kept = {name: config[name] for name in plan}
        raise MisuseError(f"a resumed run keeps its preset, network and seed: {kept}", plan)
    return plan


def _source(options: TrainOptions, preset: Preset, folder: RunFolder) -> CropSource:
    pictures = load_pictures(Path(options.images))
    folder.write_json("training_images.json", {"phash": sorted(phash(picture) for picture in pictures)})
    return CropSource(
        pictures=CleanPictures(pictures, validation=options.validation_crops, seed=options.seed),
        mixture=preset.mixture,
        task=TASKS[preset.task],
        batch_size=options.batch_size,
        crop=options.crop,
        seed=options.seed,
    )


def _mean_psnr(clean: np.ndarray, restored: np.ndarray) -> float:
    """Returns the mean over a batch of the PSNR in dB of pictures in [0, 1]."""
    squares = np.square(np.clip(restored, 0, 1) - clean).mean(axis=(1, 2, 3))
    return float(np.mean(-10 * np.log10(np.maximum(squares, 1e-10))))


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Yields a list that receives SIGINT or SIGTERM, so that training ends after a whole step with a checkpoint."""
    received: list[int] = []
    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, lambda signum, frame: received.append(signum))
    except ValueError:  # not in the main thread: signals stay as they are
        pass
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
