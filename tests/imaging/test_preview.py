"""Contact sheets show what the recipe does, and say what they could not show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pillow
from skimage import data

from imaging.degradations import DEGRADATIONS
from imaging.errors import MisuseError
from imaging.preview import PreviewOptions, preview


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images = tmp_path / "images"
    images.mkdir()
    pillow.fromarray(data.astronaut()).save(images / "astronaut.png")
    pillow.fromarray(data.chelsea()).save(images / "cat.jpg")
    pillow.fromarray(data.camera()).save(images / "camera.png")
    return images


def sheet(path: Path) -> np.ndarray:
    return np.asarray(pillow.open(path))


@pytest.mark.parametrize("recipe", ["denoise", "art-restoration", "super-resolution-x4", "colorize"])
def test_a_sheet_has_a_row_for_each_picture(folder: Path, tmp_path: Path, recipe: str) -> None:
    report = preview(PreviewOptions(recipe, folder, tmp_path / "new" / "sheet.png", side=64))
    assert report.exit_code == 0 and report.rows == 3
    assert report.lines() == [f"{tmp_path / 'new' / 'sheet.png'}: 3 rows"]
    assert sheet(report.out).shape[0] > 3 * 40


def test_the_clean_and_the_degraded_picture_stand_side_by_side(folder: Path, tmp_path: Path) -> None:
    report = preview(PreviewOptions("denoise", folder, tmp_path / "sheet.png", side=64, limit=1))
    drawn = sheet(report.out)
    clean, degraded = drawn[6:70, 6:70].astype(float), drawn[6:70, 76:140].astype(float)
    assert 0 < np.abs(clean - degraded).mean() < 60


def test_sheets_are_reproducible_and_follow_the_seed(folder: Path, tmp_path: Path) -> None:
    sheets = [
        sheet(preview(PreviewOptions("denoise", folder, tmp_path / f"{place}.png", side=48, seed=seed)).out)
        for place, seed in enumerate([1, 1, 2])
    ]
    np.testing.assert_array_equal(sheets[0], sheets[1])
    assert np.any(sheets[0] != sheets[2])


@pytest.mark.parametrize(
    ("name", "rows"), [("denoise", 4), ("scratches", 1), ("low-light", 4), ("all", len(DEGRADATIONS))]
)
def test_a_ladder_has_a_row_for_each_degradation(folder: Path, tmp_path: Path, name: str, rows: int) -> None:
    report = preview(PreviewOptions(name, folder, tmp_path / "ladder.jpg", ladder=True, side=40))
    assert report.rows == rows
    assert sheet(report.out).shape[1] > 6 * 30


def test_pictures_that_cannot_be_read_are_named_and_the_rest_is_shown(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    report = preview(PreviewOptions("jpeg", folder, tmp_path / "sheet.png", side=32))
    assert report.exit_code == 3 and report.rows == 3
    assert "broken.png" in report.lines()[1]


def test_a_folder_in_which_nothing_can_be_read_fails(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    report = preview(PreviewOptions("jpeg", tmp_path, tmp_path / "sheet.png"))
    assert report.exit_code == 1
    assert not (tmp_path / "sheet.png").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"limit": 0}, r"limit is at least 1\. Received: 0"),
        ({"side": 5}, "side is from 16 to 4096 pixels"),
        ({"out": Path("sheet.gif")}, r"\.png or \.jpg file"),
        ({"images": Path("nowhere")}, "folder of pictures. Received: nowhere"),
    ],
)
def test_nonsense_is_refused_at_birth(folder: Path, change: dict[str, object], message: str) -> None:
    settings = {"recipe": "jpeg", "images": folder, "out": Path("sheet.png")} | change
    with pytest.raises(MisuseError, match=message):
        PreviewOptions(**settings)  # type: ignore[arg-type]


def test_unknown_recipes_and_empty_folders_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="A recipe is one of"):
        preview(PreviewOptions("denoize", folder, tmp_path / "sheet.png"))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(MisuseError, match="The folder holds pictures"):
        preview(PreviewOptions("denoise", empty, tmp_path / "sheet.png"))
