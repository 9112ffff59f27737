import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from imagic_models import load_restorer, registry
from imagic_models.architectures import ARCHITECTURES, build_network
from imagic_models.cards import CARDS
from imagic_models.network_file import file_digest
from imagic_models.options import ListModelsOptions, ShipModelOptions, ShowModelOptions
from imagic_models.presets import PRESETS, get_preset
from imagic_models.tasks import TASKS
from imagic_models.weights import index
from imaging.errors import ImagicError, MisuseError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """An empty folder of shipped weights."""
    monkeypatch.setattr(index, "FOLDER", tmp_path)
    monkeypatch.setattr(index, "INDEX", tmp_path / "index.json")
    return tmp_path


def shipped(shelf, trained_run):
    options = ShipModelOptions(str(trained_run), "five photographs", "CC0-1.0", ("33.5 dB, sigma 15",))
    assert "shipped denoise" in registry.ship_model(options).lines()[0]
    return shelf / "denoise.npz"


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_names_a_network_that_fits_and_a_task(name):
    preset = PRESETS[name]
    assert preset.architecture in ARCHITECTURES
    network = {**preset.network, **TASKS[preset.task].network}
    parameters = build_network(preset.architecture, **network).count_params()
    assert parameters * 2 <= index.LARGEST_FILE  # float16


def test_every_preset_has_a_card():
    assert set(CARDS) == set(PRESETS)


@pytest.mark.parametrize("name", index.entries())
def test_shipped_weights_are_the_ones_in_the_index(name):
    entry = index.entries()[name]
    path = index.FOLDER / entry["file"]
    assert file_digest(path) == entry["sha256"]
    assert path.stat().st_size <= index.LARGEST_FILE


def test_a_shipped_run_restores_nearly_like_the_run(shelf, trained_run):
    path = shipped(shelf, trained_run)
    restorer = load_restorer("denoise", engine="keras")
    assert restorer.version == file_digest(path)
    picture = np.random.default_rng(0).random((40, 40, 3), np.float32)
    exact = load_restorer(trained_run, engine="keras").restore(picture)
    assert np.abs(restorer.restore(picture) - exact).max() < 5e-3
    assert json.loads((shelf / "denoise.training_images.json").read_text())["phash"]


def test_shipping_twice_gives_the_same_bytes(shelf, trained_run):
    assert file_digest(shipped(shelf, trained_run)) == file_digest(shipped(shelf, trained_run))


def test_altered_weights_are_refused(shelf, trained_run):
    path = shipped(shelf, trained_run)
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ImagicError, match=r"sha256 is .* Reinstall"):
        load_restorer("denoise")


def test_the_list_tells_shipped_from_unshipped(shelf, trained_run):
    shipped(shelf, trained_run)
    lines = registry.list_models(ListModelsOptions()).lines()
    assert len(lines) == 1 + len(PRESETS)
    assert "no weights yet" not in next(line for line in lines if line.startswith("denoise"))
    assert "no weights yet" in next(line for line in lines if line.startswith("deblur"))


def test_a_card_tells_scores_data_version_and_failures(shelf, trained_run):
    path = shipped(shelf, trained_run)
    card = "\n".join(registry.show_model(ShowModelOptions("denoise")).lines())
    for told in ("33.5 dB, sigma 15", "five photographs", "CC0-1.0", file_digest(path), "Failure modes", "6 steps"):
        assert told in card
    assert "none shipped yet" in "\n".join(registry.show_model(ShowModelOptions("deblur")).lines())


def test_weights_that_are_too_large_are_not_shipped(shelf, trained_run, monkeypatch):
    monkeypatch.setattr(index, "LARGEST_FILE", 1000)
    with pytest.raises(ImagicError, match="at most 1,000 bytes"):
        shipped(shelf, trained_run)
    assert list(shelf.iterdir()) == []


def test_an_unknown_preset_is_refused_with_the_known_ones():
    with pytest.raises(MisuseError, match="denoise, deblur"):
        get_preset("dehaze")
    with pytest.raises(MisuseError, match="denoise, deblur"):
        registry.show_model(ShowModelOptions("dehaze"))


def test_what_is_no_run_is_not_shipped(shelf, tmp_path):
    with pytest.raises(MisuseError, match="folder of a training run"):
        registry.ship_model(ShipModelOptions(str(tmp_path), "", ""))


def test_the_presets_are_known_without_keras():
    script = "import sys; import imagic_models.presets, imagic_models.options; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, cwd=ROOT).returncode == 0
