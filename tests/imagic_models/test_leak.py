from __future__ import annotations

import json

import cv2
import pytest
from skimage import data

from imagic_models import leak
from imaging.errors import ImagicError, MisuseError
from imaging.phash import phash


@pytest.fixture
def run_dir(tmp_path):
    (tmp_path / leak.FILE).write_text(json.dumps({"phash": [phash(data.astronaut()), phash(data.coffee())]}))
    return tmp_path


def test_a_recompressed_smaller_copy_of_a_training_picture_is_found(run_dir) -> None:
    small = cv2.resize(data.astronaut(), (300, 300), interpolation=cv2.INTER_AREA)
    copy = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)
    found = leak.find_leaks(
        "run", leak.training_hashes(str(run_dir)), {"a.jpg": phash(copy), "b.png": phash(data.cat())}
    )
    assert [one.file for one in found] == ["a.jpg"]
    assert found[0].trained_on == phash(data.astronaut()) and found[0].distance <= leak.NEAR


def test_a_keras_file_is_judged_by_the_list_of_its_run(run_dir) -> None:
    assert leak.training_hashes(str(run_dir / "model.keras")) == leak.training_hashes(str(run_dir))


def test_a_shipped_preset_is_judged_by_its_packaged_list(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(leak, "WEIGHTS", tmp_path)
    assert leak.training_hashes("denoise") is None
    (tmp_path / leak.FILE).write_text('{"phash": ["00000000000000ff"]}')
    assert leak.training_hashes("denoise") == ("00000000000000ff",)


def test_a_broken_list_is_an_error_not_a_clean_bill(run_dir) -> None:
    (run_dir / leak.FILE).write_text("[]")
    with pytest.raises(ImagicError, match="list of training pictures"):
        leak.training_hashes(str(run_dir))


def test_refusal_names_the_pictures_and_the_way_out() -> None:
    found = [leak.Leak("run", f"{number}.png", "0" * 16, 1) for number in range(7)]
    with pytest.raises(MisuseError, match=r"0\.png.*and 2 more.*--allow-leak"):
        leak.refuse(found)


def test_the_nearest_training_picture_is_named() -> None:
    found = leak.find_leaks("run", ["000000000000000f", "0000000000000001"], {"a": "0" * 16})
    assert (found[0].trained_on, found[0].distance) == ("0000000000000001", 1)
    assert not leak.find_leaks("run", [], {"a": "0" * 16})
    assert not leak.find_leaks("run", [f"{2**64 - 1:016x}"], {"a": "0" * 16})
