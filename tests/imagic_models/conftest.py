"""Pictures and one small trained run that the tests of the models share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from skimage import data

from imagic_models.options import TrainOptions

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of five small photographs."""
    folder = tmp_path_factory.mktemp("photographs")
    for name in ("astronaut", "chelsea", "coffee", "rocket", "colorwheel"):
        picture = getattr(data, name)()[..., :3]
        small = cv2.resize(picture, (160, 120), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{name}.png"), small[..., ::-1])
    return folder


@pytest.fixture(scope="session")
def small_training(photographs: Path) -> Callable[..., TrainOptions]:
    """Makes options of a training that takes seconds: (run folder, preset, changes)."""

    def options(folder: Path, preset: str = "denoise", **changes: object) -> TrainOptions:
        settings = {
            "images": str(photographs),
            "steps": 6,
            "batch_size": 2,
            "crop": 32,
            "width": 8,
            "warmup_steps": 2,
            "checkpoint_every": 2,
            "validate_every": 3,
            "validation_crops": 1,
            "tensorboard": False,
            "progress": False,
            "precision": "float32",
        }
        return TrainOptions(preset, str(folder), **(settings | changes))

    return options


@pytest.fixture(scope="session")
def trained_run(small_training: Callable[..., TrainOptions], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a small denoiser that was trained for six steps; not to be changed."""
    from imagic_models.train import train

    folder = tmp_path_factory.mktemp("runs") / "denoise"
    train(small_training(folder))
    return folder
