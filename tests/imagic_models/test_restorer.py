import copy
import zipfile

import numpy as np
import pytest
from skimage import data
from skimage.color import rgb2lab

from imagic_models import load_restorer
from imagic_models.architectures import build_network
from imagic_models.colour import join_lab, split_lab
from imagic_models.engines import KerasEngine, OpenvinoEngine
from imagic_models.network_file import NetworkFile
from imagic_models.restorer import Restorer
from imaging.errors import ImagicError, MisuseError
from imaging.pixels import from_float


def small(dtype=np.uint8, size=(37, 53)):
    picture = data.astronaut()[100 : 100 + size[0], 150 : 150 + size[1]].astype(np.float32) / 255
    return from_float(picture, dtype)


def restorer_of(architecture, multiple, tile=512, **shape):
    network = NetworkFile("test", "0" * 64, lambda: build_network(architecture, **shape), multiple)
    return Restorer(network, KerasEngine(network), tile=tile)


@pytest.fixture(scope="module")
def repairer():
    return restorer_of("unet", 8, width=8, hint_channels=2, mask_head=True)


@pytest.fixture(scope="module")
def colouriser():
    shape = {"width": 8, "input_channels": 1, "hint_channels": 3, "output_channels": 2, "residual": False}
    return restorer_of("unet", 8, **shape)


@pytest.fixture(scope="module")
def denoiser(trained_run):
    return load_restorer(trained_run, engine="keras")


@pytest.mark.parametrize("size", [(1, 1), (37, 53), (64, 8)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_any_size_and_depth_comes_back_as_it_was(denoiser, size, dtype):
    for image in (small(dtype, size), small(dtype, size)[..., 0]):
        before = image.copy()
        restored = denoiser.restore(image)
        assert restored.shape == image.shape
        assert restored.dtype == image.dtype
        assert np.array_equal(image, before)


def test_float_noise_beyond_the_range_reaches_the_network(denoiser):
    image = small(np.float32)
    noisy = image + 0.5
    assert not np.allclose(denoiser.restore(noisy), denoiser.restore(np.clip(noisy, 0, 1)))


def test_a_run_folder_has_preset_and_version(denoiser, trained_run):
    assert denoiser.preset == "denoise"
    assert len(denoiser.version) == 64
    assert denoiser.scale == 1


def test_a_bare_keras_file_restores_like_its_run(denoiser, trained_run, tmp_path):
    bare = tmp_path / "mine.keras"
    bare.write_bytes((trained_run / "model.keras").read_bytes())
    restorer = load_restorer(bare, engine="keras")
    assert restorer.preset == "mine"
    assert restorer.version == denoiser.version
    assert np.array_equal(restorer.restore(small(size=(64, 64))), denoiser.restore(small(size=(64, 64))))


def test_tiles_cannot_be_seen():
    restorer = restorer_of("dncnn", 1, tile=160, depth=5, width=8, normalise=False)
    image = data.coffee()[:300, :280].astype(np.float32) / 255
    whole = _with_tile(restorer, 512).restore(image)
    assert np.abs(restorer.restore(image) - whole).max() < 1e-5


def _with_tile(restorer, tile):
    changed = copy.copy(restorer)
    changed._tile = tile
    return changed


def test_super_resolution_multiplies_the_size():
    restorer = restorer_of("subpixel", 1, scale=4, width=8, blocks=1)
    assert restorer.scale == 4
    assert restorer.restore(small()).shape == (148, 212, 3)
    assert restorer.restore(small()[..., 0]).shape == (148, 212)


def test_a_repairer_finds_damage_and_accepts_a_corrected_mask(repairer):
    image = small()
    found = repairer.detect(image)
    assert found.shape == image.shape[:2]
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1
    drawn = np.zeros(image.shape[:2], np.float32)
    drawn[10:20, 10:20] = 1
    assert not np.array_equal(repairer.restore(image), repairer.restore(image, mask=drawn))
    as_bytes = (drawn * 255).astype(np.uint8)
    assert np.array_equal(repairer.restore(image, mask=drawn), repairer.restore(image, mask=as_bytes))
    assert repairer.restore(image[..., 0], mask=drawn).shape == image.shape[:2]


def test_masks_and_points_are_refused_where_they_mean_nothing(denoiser, repairer):
    with pytest.raises(MisuseError, match="A mask is taken by art-restoration"):
        denoiser.restore(small(), mask=np.zeros((37, 53)))
    with pytest.raises(MisuseError, match=r"\(37, 53\).*\(3, 3\)"):
        repairer.restore(small(), mask=np.zeros((3, 3)))
    with pytest.raises(MisuseError, match="Colour points"):
        denoiser.restore(small(), points=[(1, 1, (255, 0, 0))])
    with pytest.raises(MisuseError, match="Damage is found by"):
        denoiser.detect(small())


def test_colours_are_added_and_lightness_is_kept(colouriser):
    image = small(np.float32)
    gray = image.mean(axis=2)
    restored = colouriser.restore(gray)
    assert restored.shape == image.shape
    before, _ = split_lab(np.repeat(gray[..., None], 3, axis=2))
    after, _ = split_lab(restored)
    assert np.abs(before - after).max() < 1e-5


def test_a_colour_point_changes_the_colours_around_it(colouriser):
    gray = small()[..., 0]
    assert not np.array_equal(colouriser.restore(gray), colouriser.restore(gray, points=[(20, 20, (255, 0, 0))]))


def test_colours_outside_srgb_lose_chroma_and_not_lightness():
    lightness = np.linspace(0.05, 0.95, 19, dtype=np.float32)[:, None, None]
    colour = np.full((19, 1, 2), 0.9, np.float32)
    rgb = join_lab(lightness, colour)
    assert rgb.min() >= 0
    assert rgb.max() <= 1
    again, faded = split_lab(rgb)
    assert np.abs(again - lightness).max() < 1e-3
    assert (np.linalg.norm(faded, axis=-1) < np.linalg.norm(colour, axis=-1)).all()


def test_lab_and_back_is_the_same_picture():
    image = small(np.float32)
    assert np.abs(join_lab(*split_lab(image)) - image).max() < 1e-5


def test_lab_is_that_of_scikit_image():
    image = small(np.float32)
    lightness, colour = split_lab(image)
    assert np.abs(np.concatenate([lightness * 100, colour * 110], axis=2) - rgb2lab(image)).max() < 0.05


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 4, 4), (2, 4, 4, 3)])
def test_what_is_no_picture_is_refused(denoiser, shape):
    with pytest.raises(MisuseError, match="HWC RGB or HW gray"):
        denoiser.restore(np.zeros(shape, np.uint8))


def test_openvino_restores_like_keras(trained_run, tmp_path, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    image = small(np.float32, (64, 72))
    keras_result = load_restorer(trained_run, engine="keras").restore(image)
    restorer = load_restorer(trained_run, engine="openvino")
    assert np.abs(restorer.restore(image) - keras_result).mean() < 0.02  # bfloat16 has 8 bits, weights are random
    assert len(list((tmp_path / "imagic" / "openvino").glob(f"{restorer.version}-*/model.xml"))) == 1


def test_a_cached_network_needs_no_keras_file_to_be_built(trained_run, tmp_path, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built = []

    def build():
        built.append(True)
        return build_network("unet", width=8)

    for _ in range(2):
        OpenvinoEngine(NetworkFile("test", "1" * 64, build, 8))
    assert built == [True]


def test_an_unknown_source_or_engine_is_refused(trained_run):
    with pytest.raises(MisuseError, match="A model is a preset"):
        load_restorer("no such thing")
    with pytest.raises(MisuseError, match="An engine is one of auto, keras, openvino"):
        load_restorer(trained_run, engine="onnx")


def test_a_preset_without_weights_says_how_to_train_it(monkeypatch):
    monkeypatch.setattr("imagic_models.weights.index.entries", dict)
    with pytest.raises(MisuseError, match="train denoise"):
        load_restorer("denoise")


def test_a_damaged_file_is_one_clear_line(tmp_path):
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"PK no zip")
    with pytest.raises(ImagicError, match=r"A \.keras file holds") as caught:
        load_restorer(broken, engine="keras")
    assert "\n" not in str(caught.value)


def test_a_file_with_code_inside_is_refused(tmp_path):
    import keras

    image = keras.Input((None, None, 3))
    model = keras.Model(image, keras.layers.Lambda(lambda x: x)(image))
    model.save(tmp_path / "stranger.keras")
    with pytest.raises(ImagicError, match="needs no code of its own"):
        load_restorer(tmp_path / "stranger.keras", engine="keras")
    assert zipfile.is_zipfile(tmp_path / "stranger.keras")
