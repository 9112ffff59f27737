from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from imagic_models import evaluate as module
from imagic_models import results
from imagic_models.contenders import Contender
from imagic_models.evaluate import EvaluateOptions, evaluate
from imaging.errors import MisuseError
from imaging.phash import phash


def save(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    save(tmp_path / "set" / "cat.png", data.cat()[:96, :130])
    save(tmp_path / "set" / "below" / "rocket.png", data.rocket()[:90, :120])
    return tmp_path / "set"


def options(**changes: object) -> EvaluateOptions:
    chosen = {"models": ("baseline:nlm",), "protocol": "gaussian-noise", "progress": False, **changes}
    return EvaluateOptions(**chosen)


def test_baseline_and_input_stand_side_by_side(folder) -> None:
    card = evaluate(options(images=folder, levels=("25",)))
    assert card.exit_code == 0 and card.images == 2
    assert card.models == ("baseline:identity", "baseline:nlm")
    assert card.mean("baseline:identity", "25", "psnr") == pytest.approx(20.17, abs=0.1)
    assert card.mean("baseline:nlm", "25", "psnr") > 24
    assert {row.image for row in card.rows} == {"cat.png", "below/rocket.png"}


def test_the_same_seed_gives_the_same_scores_and_another_does_not(folder) -> None:
    first, again, other = (evaluate(options(images=folder, levels=("25",), seed=seed)) for seed in (1, 1, 2))
    assert [row.metrics for row in first.rows] == [row.metrics for row in again.rows]
    assert [row.metrics for row in first.rows] != [row.metrics for row in other.rows]


def test_super_resolution_stands_beside_bicubic(folder) -> None:
    card = evaluate(options(images=folder, protocol="super-resolution", models=("baseline:lanczos",)))
    assert card.models == ("baseline:bicubic", "baseline:lanczos")
    assert card.level_names == ("x2", "x3", "x4")


def test_misfits_are_named_with_their_reason_and_never_resized(tmp_path) -> None:
    picture = data.cat()[:80, :100]
    given, wanted = tmp_path / "input", tmp_path / "target"
    for name in ("good", "size", "depth", "gray", "broken", "lonely"):
        save(given / f"{name}.png", picture)
        save(wanted / f"{name}.png", picture)
    save(wanted / "size.png", picture[:-1])
    save(wanted / "depth.png", picture.astype(np.uint16) * 257)
    save(wanted / "gray.png", picture[..., 0])
    (given / "broken.png").write_bytes((given / "broken.png").read_bytes()[:200])
    (wanted / "lonely.png").rename(wanted / "waiting.png")
    card = evaluate(options(images=given, targets=wanted, protocol="paired", models=("baseline:identity",)))
    reasons = {Path(one.file).name: one.reason for one in card.failures}
    assert card.exit_code == 3 and card.images == 1
    assert reasons.pop("broken.png") in ("truncated", "unreadable")
    assert reasons == {
        "size.png": "size",
        "depth.png": "bit-depth",
        "gray.png": "gray-and-colour",
        "lonely.png": "no-partner",
        "waiting.png": "no-partner",
    }
    assert any("100 x 80" in line and "100 x 79" in line for line in card.lines())


def test_two_targets_of_one_name_are_no_pair(tmp_path) -> None:
    picture = data.cat()[:40, :40]
    save(tmp_path / "input" / "a.png", picture)
    save(tmp_path / "target" / "a.png", picture)
    save(tmp_path / "target" / "a.tif", picture)
    with pytest.raises(MisuseError, match="several-partners"):
        evaluate(options(images=tmp_path / "input", targets=tmp_path / "target", protocol="paired"))


def test_nothing_left_to_measure_is_misuse(tmp_path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(MisuseError, match=r"a\.png: not-an-image"):
        evaluate(options(images=tmp_path))
    with pytest.raises(MisuseError, match="folder of pictures exists"):
        evaluate(options(images=tmp_path / "missing"))


def test_sixteen_bit_and_gray_pictures_are_measured_as_they_are(tmp_path) -> None:
    save(tmp_path / "deep.png", data.cat()[:64, :64].astype(np.uint16) * 257)
    save(tmp_path / "gray.png", data.coins()[:64, :64])
    card = evaluate(options(images=tmp_path, levels=("15",), models=("baseline:median3",)))
    assert card.exit_code == 0 and card.images == 2


def fake(name: str, **changes: object):
    def find(asked: str, engine: str = "auto") -> Contender:
        original = module.__dict__["_real_find"]
        return (
            dataclasses.replace(original("baseline:median3"), name=name, **changes)
            if asked == name
            else original(asked)
        )

    return find


@pytest.fixture
def model(monkeypatch):
    monkeypatch.setattr(module, "_real_find", module.find_contender, raising=False)
    return lambda name, **changes: monkeypatch.setattr(module, "find_contender", fake(name, **changes))


def test_a_model_that_was_trained_on_the_pictures_is_refused_or_marked(folder, tmp_path, model) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "training_images.json").write_text(json.dumps({"phash": [phash(data.cat()[:96, :130])]}))
    model(str(run))
    with pytest.raises(MisuseError, match=r"cat\.png.*--allow-leak"):
        evaluate(options(images=folder, models=(str(run),), levels=("25",)))
    card = evaluate(options(images=folder, models=(str(run),), levels=("25",), allow_leak=True))
    assert [Path(one.file).name for one in card.leaks] == ["cat.png"]
    assert any(line.startswith("LEAK") and "cat.png" in line for line in card.lines())


def test_a_model_without_a_list_is_said_to_have_none(folder, model) -> None:
    model("somebodys")
    assert "cannot be ruled out" in evaluate(options(images=folder, models=("somebodys",), levels=("25",))).notes[0]


def test_an_answer_that_fails_is_a_record(folder, model) -> None:
    def answer(case):
        if case.key == "cat.png":
            raise RuntimeError("out of patience")
        return case.degraded[:-1]

    model("faulty", answer=answer)
    card = evaluate(options(images=folder, models=("faulty",), levels=("25",)))
    assert card.exit_code == 3
    found = {one.file: (one.reason, one.model) for one in card.failures}
    assert found == {"cat.png": ("restore", "faulty"), "below/rocket.png": ("score", "faulty")}
    assert "out of patience" in "\n".join(card.lines())


def test_a_model_that_fits_no_level_is_refused(folder) -> None:
    with pytest.raises(MisuseError, match="baseline:wiener answers at least one level"):
        evaluate(options(images=folder, models=("baseline:wiener",)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"protocol": "psnr"}, "protocol is one of"),
        ({"models": ()}, "At least one model"),
        ({"models": ("a", "a")}, "named once"),
        ({"limit": 0}, "limit is at least 1"),
        ({"metrics": ("beauty",)}, "metric is one of"),
        ({"engine": "abacus"}, "engine is one of"),
        ({"protocol": "paired"}, "takes pairs"),
        ({"targets": "x"}, "makes its own pairs"),
        ({"protocol": "recipe"}, "--recipe goes with"),
        ({"severities": (6,)}, "severity is 1 to 5"),
        ({"all": True}, "--all needs --benchmarks"),
    ],
)
def test_nonsense_is_refused_at_birth(changes, message) -> None:
    with pytest.raises(MisuseError, match=message):
        options(**{"images": "somewhere", **changes})


def test_unknown_levels_and_baselines_are_refused(folder) -> None:
    with pytest.raises(MisuseError, match="15, 25, 50"):
        evaluate(options(images=folder, levels=("33",)))
    with pytest.raises(MisuseError, match="switching-median"):
        evaluate(options(images=folder, models=("baseline:magic",)))


def test_pictures_without_truth_get_statistics_before_and_after(folder) -> None:
    card = evaluate(options(images=folder, protocol="no-reference", models=("baseline:median5",)))
    before, after = (card.mean(model, "as given", "sharpness") for model in card.models)
    assert after < before


def test_further_metrics_are_columns(folder) -> None:
    card = evaluate(options(images=folder, levels=("25",), metrics=("channel_accuracy", "ciede2000")))
    assert card.metrics == ("psnr", "ssim", "channel_accuracy", "ciede2000")


def test_the_whole_card_takes_the_sets_that_are_there_and_says_what_is_not(tmp_path, monkeypatch) -> None:
    save(tmp_path / "Set5" / "a.png", data.cat()[:64, :64])
    monkeypatch.setattr(
        results, "CARD", (results.Entry("super-resolution", ("set5", "set14"), ("no-such",), ("lanczos",)),)
    )
    path = tmp_path / "docs" / "results.md"
    found = evaluate(
        EvaluateOptions(all=True, benchmarks=tmp_path, results=path, progress=False, report=tmp_path / "r")
    )
    text = path.read_text()
    assert found.exit_code == 0 and len(found.cards) == 1
    assert "## super-resolution on Set5 (1 pictures, seed 0)" in text and "| baseline:lanczos |" in text
    assert "preset no-such: it has no shipped weights" in text
    assert (tmp_path / "r" / "super-resolution-Set5" / "index.html").exists()
