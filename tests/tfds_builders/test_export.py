"""Pairs leave a dataset as files that other tools read."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from imaging.errors import MisuseError
from tfds_builders.build import BuildOptions, build_dataset, dataset_folder
from tfds_builders.export import export_pairs


@pytest.mark.slow
def test_every_pair_of_a_split_becomes_two_pngs_of_one_name(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for name in ("a.jpg", "b.png", "c.png"):
        soft = cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (64, 48))
        cv2.imwrite(str(tmp_path / "photos" / name), soft)
    build_dataset(BuildOptions(("denoise",), str(tmp_path / "photos"), str(tmp_path / "data"), progress=False))
    folder = dataset_folder(str(tmp_path / "data"), "denoise")
    for split in ("train", "validation", "test"):
        for name in export_pairs(folder, split, tmp_path / "out" / split):
            clean, degraded = (
                cv2.imread(str(tmp_path / "out" / split / kind / name)) for kind in ("clean", "degraded")
            )
            assert clean.shape == degraded.shape == (48, 64, 3) and (clean != degraded).any()
    assert len(list(tmp_path.glob("out/*/clean/*.png"))) == 3


def test_a_folder_without_a_dataset_is_refused(tmp_path):
    with pytest.raises(MisuseError, match=r"A dataset folder holds dataset_info.json. Received: .*Name the folder"):
        export_pairs(tmp_path, "test", tmp_path / "out")
