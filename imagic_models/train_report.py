"""What a training came to, for the terminal and for scripts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
