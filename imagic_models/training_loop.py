"""The loop of a training: steps, validations, checkpoints, and the guard against loss spikes."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tqdm import tqdm

from imagic_models.data import CropSource
from imagic_models.dataset_source import PairSource
from imagic_models.network_state import TrainedNetwork
from imagic_models.options import TrainOptions
from imagic_models.precision import training_precision
from imagic_models.run_folder import RunFolder
from imagic_models.tensorboard import TensorboardLog
from imagic_models.train_report import TrainReport

LOSS_WINDOW = 100  # losses whose median and spread are taken; before so many there is no guard
LATEST = 8  # losses that are compared with them: one high loss is a hard batch, eight are a spike
SPIKE_HEIGHT = 10.0  # a spike: their mean lies so many standard errors above the median
CALM_HEIGHT = 2.0  # a moment may be gone back to if it lies at most so many above
SAFE_EVERY = 100  # steps between moments to go back to


@dataclass
class _Progress:
    """What training remembers beside arrays; saved in every checkpoint."""

    step: int = 0
    best_psnr: float | None = None
    rollbacks: int = 0
    losses: list[float] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)


class TrainingLoop:
    """The loop over steps with validation, checkpoints and the guard against loss spikes.

    Args:
        options: complete.
        plan: architecture and network.
        source: of batches.
        folder: to write.
    """

    def __init__(
        self, options: TrainOptions, plan: Mapping[str, Any], source: CropSource | PairSource, folder: RunFolder
    ) -> None:
        self.options, self.folder, self.source = options, folder, source
        precision = training_precision(options)
        self.network = TrainedNetwork(plan["architecture"], plan["network"], options, precision)
        self.progress = _Progress()
        if options.resume:
            arrays, state = folder.load_checkpoint()
            self.network.restore(arrays)
            self.progress = _Progress(**state)
        self.recent = deque(self.progress.losses, maxlen=LOSS_WINDOW)
        self._remember()
        self.validation = source.validation()
        self.log = TensorboardLog(folder.path / "tensorboard") if options.tensorboard else None
        self.on_validation: Callable[[int, float | None], None] = lambda step, psnr: None
        self.waited_s = 0.0

    def run(self, on_validation: Callable[[int, float | None], None] | None = None) -> TrainReport:
        """Trains to the planned step or to a signal; `on_validation` gets step and PSNR."""
        self.on_validation = on_validation or self.on_validation
        started, first = time.monotonic(), self.progress.step
        with stop_signals() as stop, self._bar() as bar:
            for batch in self._batches():
                self._step(batch, bar)
                if stop:
                    break
            self._checkpoint()
        if self.log:
            self.log.close()
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
        batches = self.source.batches(range(self.progress.step, self.options.steps))
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
        self.recent.append(loss)
        if self._is_spike(loss):
            self._roll_back()
        step, options = self.progress.step, self.options
        if step % options.validate_every == 0 or step == options.steps:
            self._validate(bar)
        if step % options.checkpoint_every == 0:
            self._checkpoint()
        elif step % SAFE_EVERY == 0 and spike_height(self.recent) <= CALM_HEIGHT:
            self._remember()

    def _is_spike(self, loss: float) -> bool:
        full = len(self.recent) == LOSS_WINDOW
        return not np.isfinite(loss) or (full and spike_height(self.recent) > SPIKE_HEIGHT)

    def _roll_back(self) -> None:
        """Sends weights and optimizer back to the last safe moment; step and data go on, so no batch is met twice."""
        arrays, losses = self.safe
        self.network.restore(arrays)
        self.recent = deque(losses, maxlen=LOSS_WINDOW)
        self.progress.rollbacks += 1

    def _remember(self) -> None:
        self.safe = (self.network.arrays(), list(self.recent))

    def _validate(self, bar: Any) -> None:
        model = self.network.use_average()
        restored = {name: self.network.restored(batch.inputs) for name, batch in self.validation.items()}
        scores = {
            f"psnr_{name}": mean_psnr(batch.targets[0], restored[name]) for name, batch in self.validation.items()
        }
        psnr = float(np.mean(list(scores.values()))) if scores else None
        row = {"step": self.progress.step, "loss": float(np.mean(self.recent)), "psnr": psnr, **scores}
        self.progress.history.append(row)
        self.folder.write_history(self.progress.history)
        self._show(row, restored)
        bar.set_postfix(loss=f"{row['loss']:.4f}", psnr="-" if psnr is None else f"{psnr:.2f} dB")
        if psnr is None or self.progress.best_psnr is None or psnr > self.progress.best_psnr:
            self.progress.best_psnr = psnr
            self.folder.save_model(model)
        self.on_validation(self.progress.step, psnr)

    def _show(self, row: Mapping[str, Any], restored: Mapping[str, np.ndarray]) -> None:
        """Writes the row of the history and the first pictures of each validation batch for TensorBoard."""
        if self.log is None:
            return
        step = row["step"]
        self.log.numbers(step, {name: value for name, value in row.items() if name != "step" and value is not None})
        for name, pictures in restored.items():
            batch = self.validation[name]
            self.log.pictures(step, name, batch.inputs[0], pictures, batch.targets[0])

    def _checkpoint(self) -> None:
        self._remember()
        arrays, self.progress.losses = self.safe
        self.folder.save_checkpoint(self.progress.step, arrays, vars(self.progress))

    def _bar(self) -> Any:
        return tqdm(
            total=self.options.steps,
            initial=self.progress.step,
            desc=f"train {self.options.preset}",
            unit="step",
            disable=not self.options.progress,
            mininterval=1.0,
        )


def spike_height(losses: Sequence[float]) -> float:
    """Returns how far the mean of the latest losses lies above the median of all, in its standard errors.

    The spread is the median absolute deviation (times 1.4826 for a Gaussian's), which the spike itself hardly moves.
    """
    median = float(np.median(losses))
    spread = 1.4826 * float(np.median(np.abs(np.array(losses) - median))) + 1e-3 * median
    return (float(np.mean(list(losses)[-LATEST:])) - median) / (spread / np.sqrt(LATEST))


def mean_psnr(clean: np.ndarray, restored: np.ndarray) -> float:
    """Returns the mean over a batch of the PSNR in dB of pictures in [0, 1]."""
    squares = np.square(np.clip(restored, 0, 1) - clean).mean(axis=(1, 2, 3))
    return float(np.mean(-10 * np.log10(np.maximum(squares, 1e-10))))


@contextmanager
def stop_signals() -> Iterator[list[int]]:
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
