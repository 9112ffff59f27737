import cv2
import numpy as np
import pytest

from tfds_builders.build import BuildOptions


def draw(seed, height=48, width=64):
    """Return a smooth random picture, unlike that of any other seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def write(folder, count, **size):
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        cv2.imwrite(str(folder / f"{seed:04d}.png"), draw(seed, **size))
    return folder


@pytest.fixture
def picture():
    return draw


@pytest.fixture
def write_pictures():
    return write


@pytest.fixture
def pictures(tmp_path):
    return write(tmp_path / "in", 12)


@pytest.fixture
def options(tmp_path, pictures):
    """Return a function that makes build options; what is not told has the values of the smallest useful build."""

    def make(**changes):
        usual = {
            "recipes": ("denoise",),
            "images": str(pictures),
            "data_dir": str(tmp_path / "data"),
            "progress": False,
        }
        return BuildOptions(**{**usual, **changes})

    return make


@pytest.fixture
def bytes_of():
    """Return a function from a dataset folder to the content of its files, without the hidden ones."""

    def read(folder):
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}

    return read
