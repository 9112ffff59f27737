"""A search over width, depth, rate and batch of a preset's network with Optuna; it can be interrupted and continued.

Every trial is a short training into its own run folder. After each validation the least promising are stopped.

References:
    T. Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework", KDD 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagic_models.options import TrainOptions, TuneOptions
from imagic_models.presets import get_preset
from imagic_models.run_folder import RunFolder
from imaging.errors import ImagicError, MisuseError

if TYPE_CHECKING:
    import optuna

WIDTHS = (16, 24, 32, 48)
DEPTHS = (1, 2, 3)  # residual blocks at the lowest resolution
BATCH_SIZES = (16, 32, 64)
RATE_RANGE = (1e-4, 3e-3)
VALIDATIONS = 4  # of each trial


@dataclass(frozen=True)
class TuneReport:
    """What a search came to.

    Attributes:
        run_dir: the folder of the study.
        trials: trainings that were finished, stopped early or failed, earlier calls included.
        best: the best trial's settings.
        best_psnr: and its PSNR in dB on the held-out crops.
    """

    run_dir: str
    trials: int
    best: dict[str, Any]
    best_psnr: float
    exit_code: int = 0

    def lines(self) -> list[str]:
        """Returns the report for the terminal."""
        settings = ", ".join(f"{name} {value:g}" for name, value in sorted(self.best.items()))
        return [f"{self.trials} trials, best {self.best_psnr:.2f} dB with {settings}", f"study: {self.run_dir}"]


def tune(options: TuneOptions) -> TuneReport:
    """Tries trainings until `options.trials` have been tried in all, and returns the best.

    Raises:
        MisuseError: for a preset without a U-Net, or where Optuna is not installed.
        ImagicError: where no trial came to its end.
    """
    preset = get_preset(options.preset)
    if preset.architecture != "unet":
        raise MisuseError("Tuning searches over U-Nets", f"{preset.name} has a {preset.architecture}")
    folder = RunFolder(options.run_dir)
    folder.make()
    study = _study(options)
    left = options.trials - len([trial for trial in study.trials if trial.state.is_finished()])
    study.optimize(lambda trial: _score(trial, options), n_trials=max(0, left), catch=(ImagicError,))
    try:
        best = study.best_trial
    except ValueError:
        raise ImagicError(
            "At least one trial comes to its end", f"{len(study.trials)} trials", "Raise --steps"
        ) from None
    folder.write_json("best.json", {"psnr": best.value, **best.params})
    return TuneReport(options.run_dir, len(study.trials), best.params, float(best.value or 0))


def _study(options: TuneOptions) -> optuna.Study:
    """Returns the study in the run folder, made where missing."""
    try:
        import optuna
    except ImportError:
        raise MisuseError("Tuning needs Optuna", "not installed", "pip install 'imagic-restoration[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        study_name=options.preset,
        storage=f"sqlite:///{Path(options.run_dir).resolve() / 'study.sqlite'}",
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=options.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=options.steps // VALIDATIONS),
    )


def _score(trial: optuna.Trial, options: TuneOptions) -> float:
    """Trains one candidate and returns its best PSNR on the held-out crops."""
    import optuna

    from imagic_models.train import train

    def judge(step: int, psnr: float | None) -> None:
        if psnr is None:
            raise ImagicError("Tuning compares on held-out pictures", "none", "Give at least 4 pictures")
        trial.report(psnr, step)
        if trial.should_prune():
            raise optuna.TrialPruned

    report = train(_candidate(trial, options), on_validation=judge)
    return float(report.best_psnr or 0)


def _candidate(trial: optuna.Trial, options: TuneOptions) -> TrainOptions:
    """Returns the training that a trial stands for; its draws are the search space."""
    return TrainOptions(
        options.preset,
        str(Path(options.run_dir) / "trials" / f"{trial.number:03d}"),
        data_dir=options.data_dir,
        images=options.images,
        steps=options.steps,
        width=trial.suggest_categorical("width", WIDTHS),
        depth=trial.suggest_categorical("depth", DEPTHS),
        batch_size=trial.suggest_categorical("batch_size", BATCH_SIZES),
        learning_rate=trial.suggest_float("learning_rate", *RATE_RANGE, log=True),
        warmup_steps=min(200, options.steps // 10),
        validate_every=max(1, options.steps // VALIDATIONS),
        checkpoint_every=options.steps,
        seed=options.seed,
        progress=options.progress,
        tensorboard=False,
    )
