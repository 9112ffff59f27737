import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from imagic_models.losses import LOSSES
from imagic_models.options import LOSS_NAMES, TrainOptions
from imagic_models.schedule import ema_decay_at, learning_rate_at
from imagic_models.train import train
from imagic_models.training_loop import SPIKE_HEIGHT, TrainingLoop, spike_height
from imaging.errors import ImagicError, MisuseError

ROOT = Path(__file__).resolve().parents[2]


def weights_of(folder):
    return keras.models.load_model(folder / "model.keras", compile=False).get_weights()


def newest_checkpoint(folder):
    path = sorted((folder / "checkpoints").glob("step-*.npz"))[-1]
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_a_run_folder_holds_what_the_other_stages_read(trained_run):
    config = json.loads((trained_run / "config.json").read_text())
    assert config["preset"] == "denoise"
    assert config["architecture"] == "unet"
    assert config["network"] == {"width": 8}
    assert TrainOptions.from_json(config["options"]).crop == 32
    hashes = json.loads((trained_run / "training_images.json").read_text())["phash"]
    assert len(hashes) == 5
    assert all(len(digest) == 16 for digest in hashes)
    rows = list(csv.DictReader((trained_run / "history.csv").open()))
    assert [row["step"] for row in rows] == ["3", "6"]
    assert len(list((trained_run / "checkpoints").iterdir())) == 2


def test_the_same_options_give_the_same_weights(trained_run, small_training, tmp_path):
    train(small_training(tmp_path))
    assert same(newest_checkpoint(tmp_path), newest_checkpoint(trained_run))


def test_a_killed_run_resumes_to_the_same_weights(trained_run, small_training, tmp_path, monkeypatch):
    step = TrainingLoop._step

    class Killed(BaseException):
        """Stands for SIGKILL: nothing may be saved after it."""

    def dies_in_the_fifth_step(self, batch, bar):
        if self.progress.step == 5:
            raise Killed
        step(self, batch, bar)

    with monkeypatch.context() as patched:
        patched.setattr(TrainingLoop, "_step", dies_in_the_fifth_step)
        with pytest.raises(Killed):
            train(small_training(tmp_path))
    report = train(small_training(tmp_path, resume=True))
    assert report.step == 6
    assert same(newest_checkpoint(tmp_path), newest_checkpoint(trained_run))
    assert (tmp_path / "history.csv").read_text() == (trained_run / "history.csv").read_text()
    pairs = zip(weights_of(tmp_path), weights_of(trained_run), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)


def test_a_torn_checkpoint_falls_back_to_the_one_before(trained_run, small_training, tmp_path):
    run = shutil.copytree(trained_run, tmp_path / "run")
    newest = sorted((run / "checkpoints").glob("step-*.npz"))[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    report = train(small_training(run, resume=True))
    assert report.exit_code == 0
    assert same(newest_checkpoint(run), newest_checkpoint(trained_run))


def test_a_run_can_be_planned_anew_on_resume(trained_run, small_training, tmp_path):
    run = shutil.copytree(trained_run, tmp_path / "run")
    report = train(small_training(run, steps=8, schedule="stable", decay_steps=2, crop=48, resume=True))
    assert (report.step, report.steps) == (8, 8)


def test_a_loss_that_is_no_number_goes_back_to_a_safe_moment(small_training, tmp_path, monkeypatch):
    from imagic_models.network_state import TrainedNetwork

    step = TrainedNetwork.step

    def spiked(self, number, batch):
        return float("nan") if number == 4 else step(self, number, batch)

    monkeypatch.setattr(TrainedNetwork, "step", spiked)
    report = train(small_training(tmp_path))
    assert report.rollbacks == 1
    assert report.step == 6


def test_eight_high_losses_are_a_spike_and_a_single_one_is_a_hard_batch():
    usual = np.random.default_rng(0).normal(1, 0.15, 100).tolist()
    assert spike_height(usual) < SPIKE_HEIGHT
    assert spike_height([*usual, 1.5]) < SPIKE_HEIGHT
    assert spike_height([*usual, *[2.0] * 8]) > SPIKE_HEIGHT


def test_training_lowers_the_loss(small_training, tmp_path):
    train(small_training(tmp_path, steps=40, batch_size=4, validate_every=20, warmup_steps=5))
    losses = [float(row["loss"]) for row in csv.DictReader((tmp_path / "history.csv").open())]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("preset", ["art-restoration", "colorize", "super-resolution-x2"])
def test_other_tasks_train_and_restore(preset, small_training, tmp_path):
    from imagic_models import load_restorer

    report = train(small_training(tmp_path, preset, steps=2, validate_every=2, width=8))
    assert report.exit_code == 0
    restorer = load_restorer(tmp_path, engine="keras")
    assert restorer.preset == preset
    picture = np.full((20, 30, 3), 100, np.uint8)
    assert restorer.restore(picture).shape == (20 * restorer.scale, 30 * restorer.scale, 3)


def test_a_preset_can_be_trained_with_another_network(small_training, tmp_path):
    train(small_training(tmp_path, steps=1, architecture="rednet"))
    assert json.loads((tmp_path / "config.json").read_text())["architecture"] == "rednet"
    with pytest.raises(MisuseError, match="An architecture is one of"):
        train(small_training(tmp_path / "other", architecture="transformer"))
    assert not (tmp_path / "other").exists()


def test_tensorboard_gets_curves_and_pictures(small_training, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(small_training(tmp_path, steps=3, tensorboard=True))
    log = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert {"loss", "psnr"} <= set(log.Tags()["scalars"])
    assert log.Images("0_gaussian_noise")[0].width == 3 * 128


def test_a_folder_with_a_run_is_not_overwritten(trained_run, small_training):
    with pytest.raises(MisuseError, match="--resume"):
        train(small_training(trained_run))


def test_another_network_cannot_resume(trained_run, small_training):
    with pytest.raises(MisuseError, match="keeps its preset, network and seed"):
        train(small_training(trained_run, width=16, resume=True))


def test_misuse_leaves_no_folder_behind(small_training, tmp_path):
    with pytest.raises(MisuseError, match="a folder with pictures"):
        train(small_training(tmp_path / "run", images=str(tmp_path / "missing")))
    assert not (tmp_path / "run").exists()


def test_a_run_folder_that_cannot_be_made_is_one_line(small_training, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ImagicError, match="A run folder can be written"):
        train(small_training(tmp_path / "file" / "run"))


def test_resuming_nothing_is_refused(small_training, tmp_path):
    with pytest.raises(MisuseError, match="without --resume"):
        train(small_training(tmp_path, resume=True))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"steps": 0}, "steps is at least 1"),
        ({"crop": 33}, "crop is a multiple of 16"),
        ({"schedule": "steep"}, "schedule is one of cosine, stable"),
        ({"data_dir": "data"}, "exactly one of --data-dir and --images"),
        ({"learning_rate": 0.0}, "learning_rate is above 0"),
        ({"loss": "hinge"}, "loss is one of"),
    ],
)
def test_options_refuse_nonsense_at_birth(changes, rule, small_training, tmp_path):
    with pytest.raises(MisuseError, match=rule):
        small_training(tmp_path, **changes)


def test_the_loss_names_are_those_of_the_losses():
    assert tuple(LOSSES) == LOSS_NAMES


def test_the_cosine_rises_and_falls():
    options = TrainOptions(
        "denoise", "run", images="x", steps=100, warmup_steps=10, learning_rate=1.0, final_learning_rate=0.0
    )
    rates = [learning_rate_at(step, options) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0)


def test_the_stable_schedule_is_flat_until_its_last_steps():
    options = TrainOptions(
        "denoise", "run", images="x", steps=100, warmup_steps=10, schedule="stable", decay_steps=20,
        learning_rate=1.0, final_learning_rate=0.0,
    )  # fmt: skip
    assert learning_rate_at(79, options) == 1.0
    assert learning_rate_at(90, options) == pytest.approx(0.5)


def test_the_average_forgets_the_start_sooner_at_first():
    options = TrainOptions("denoise", "run", images="x", ema=0.99)
    assert ema_decay_at(0, options) == pytest.approx(0.1)
    assert ema_decay_at(10_000, options) == 0.99


def test_options_survive_json():
    options = TrainOptions("denoise", "run", images="x", recipes=("denoise=2", "jpeg"))
    assert TrainOptions.from_json(json.loads(json.dumps(options.to_json()))) == options


@pytest.mark.slow
def test_the_same_code_trains_on_jax(photographs, tmp_path):
    pytest.importorskip("jax")
    script = (
        "import sys, keras, numpy as np; from imagic_models.options import TrainOptions;"
        "from imagic_models.train import train; from imagic_models.losses import LOSSES;"
        "o = TrainOptions('art-restoration', sys.argv[1], images=sys.argv[2], steps=1, batch_size=1, crop=16, width=8,"
        " depth=1, validation_crops=1, progress=False);"
        "r = train(o); assert r.step == 1; assert keras.backend.backend() == 'jax';"
        "x = np.random.default_rng(0).random((1, 32, 32, 3), np.float32);"
        "assert all(float(loss(x, x)) < float(loss(x, 1 - x)) for loss in LOSSES.values())"
    )
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script, str(tmp_path), str(photographs)], check=True, env=environment)
    assert weights_of(tmp_path)  # a file trained on JAX loads on this backend
