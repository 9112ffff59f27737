"""Pictures and one small trained run that the tests of the models share."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import pytest
from skimage import data

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
def trained_run(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a small denoiser that was trained for six steps."""
    from imagic_models.train import train

    folder = tmp_path_factory.mktemp("runs") / "denoise"
    train(small_training(folder, photographs, steps=6))
    return folder


def small_training(folder: Path, photographs: Path, preset: str = "denoise", **changes: object):
    """Options of a training that takes seconds."""
    from imagic_models.options import TrainOptions

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
