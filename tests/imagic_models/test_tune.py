import json

import pytest

from imagic_models.options import TuneOptions
from imagic_models.tune import tune
from imaging.errors import MisuseError

optuna = pytest.importorskip("optuna")


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr("imagic_models.tune.WIDTHS", (8,))
    monkeypatch.setattr("imagic_models.tune.DEPTHS", (1, 2))
    monkeypatch.setattr("imagic_models.tune.BATCH_SIZES", (1,))


@pytest.mark.slow
def test_a_search_keeps_its_trials_and_goes_on(photographs, tmp_path, tiny):
    options = {"images": str(photographs), "steps": 4, "progress": False}
    first = tune(TuneOptions("denoise", str(tmp_path), trials=1, **options))
    assert first.trials == 1
    second = tune(TuneOptions("denoise", str(tmp_path), trials=2, **options))
    assert second.trials == 2
    assert second.best_psnr >= first.best_psnr
    best = json.loads((tmp_path / "best.json").read_text())
    assert set(best) == {"psnr", "width", "depth", "batch_size", "learning_rate"}
    assert len(list((tmp_path / "trials").glob("*/model.keras"))) == 2
    assert "2 trials" in second.lines()[0]


def test_only_networks_that_can_be_searched_are_tuned(tmp_path):
    with pytest.raises(MisuseError, match="Tuning searches over U-Nets"):
        tune(TuneOptions("super-resolution-x2", str(tmp_path), images="x"))


def test_a_search_of_nothing_is_refused():
    with pytest.raises(MisuseError, match="trials is at least 1"):
        TuneOptions("denoise", "study", images="x", trials=0)
