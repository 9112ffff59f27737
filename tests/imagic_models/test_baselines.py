from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from imagic_models.baselines import BASELINES
from imagic_models.baselines.noise import impulses, noise_sigma
from imagic_models.metrics import psnr
from imagic_models.protocols import PROTOCOLS, Sample

KNOWN = {"scale": 2, "psf": np.full((3, 3), 1 / 9)}


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return data.cat()[60:220, 100:300].astype(np.float32) / 255


def gain(name: str, protocol_name: str, level_name: str, clean: np.ndarray) -> float:
    protocol = PROTOCOLS[protocol_name]
    level = next(one for one in protocol.levels if one.name == level_name)
    case = protocol.case(Sample("cat", clean), level, seed=0)
    return psnr(BASELINES[name].restore(case.degraded, case.known), case.target) - psnr(case.degraded, case.target)


@pytest.mark.parametrize("name", list(BASELINES))
@pytest.mark.parametrize("shape", [(37, 53, 3), (37, 53), (1, 1, 3)])
def test_every_baseline_answers_in_kind_and_leaves_its_input_alone(name, shape) -> None:
    image = np.random.default_rng(0).random(shape, np.float32)
    before = image.copy()
    restored = BASELINES[name].restore(image, KNOWN)
    scale = 2 if BASELINES[name].scales else 1
    assert restored.shape == (shape[0] * scale, shape[1] * scale, *shape[2:])
    assert restored.dtype == np.float32 and np.isfinite(restored).all()
    assert np.array_equal(image, before)


@pytest.mark.parametrize(
    ("name", "protocol", "level", "at_least"),
    [
        ("nlm", "gaussian-noise", "25", 5.0),
        ("median", "salt-and-pepper", "10", 10.0),
        ("switching-median", "salt-and-pepper", "10", 18.0),
        ("wiener", "deblur", "gaussian-1.6", 1.0),
        ("wiener", "deblur", "motion-9", 2.0),
        ("richardson-lucy", "deblur", "disk-2", 1.0),
    ],
)
def test_baselines_gain_what_their_kind_can(name, protocol, level, at_least, clean) -> None:
    assert gain(name, protocol, level, clean) > at_least


def test_the_switch_is_worth_many_decibels_over_the_plain_median(clean) -> None:
    plain, switching = (gain(name, "salt-and-pepper", "10", clean) for name in ("median3", "switching-median"))
    assert switching > plain + 5


def test_black_and_white_areas_are_no_impulses() -> None:
    picture = np.full((40, 40, 3), 0.5, np.float32)
    picture[:15], picture[20, 20] = 1.0, 0.0
    found = impulses(picture)
    assert found[20, 20] and not found[:13].any()


def test_the_noise_estimate_finds_the_true_deviation(clean) -> None:
    flat = np.full((128, 128), 0.5, np.float32)
    noisy = flat + np.random.default_rng(0).normal(0, 0.1, flat.shape).astype(np.float32)
    assert noise_sigma(noisy) == pytest.approx(0.1, rel=0.05)


def test_gamma_and_stretch_lift_a_dark_picture(clean) -> None:
    dark = clean**2.2 * 0.4
    for name in ("gamma", "stretch", "clahe-chain"):
        assert psnr(BASELINES[name].restore(dark, {}), clean) > psnr(dark, clean) + 2


def test_white_balance_takes_a_cast_away() -> None:
    gray = np.repeat(np.linspace(0.1, 0.7, 64, dtype=np.float32)[None, :, None], 3, axis=2).repeat(64, axis=0)
    cast = gray * np.array([1.2, 1.0, 0.7], np.float32)
    assert np.ptp(BASELINES["white-balance"].restore(cast, {}), axis=2).max() < 0.01


def test_telea_finds_a_scratch_and_leaves_a_sound_picture_alone() -> None:
    smooth = np.repeat(np.linspace(0.3, 0.6, 160, dtype=np.float32)[None, :, None], 3, axis=2).repeat(120, axis=0)
    scratched = smooth.copy()
    scratched[10:110, 70:73] = 1.0
    telea = BASELINES["telea"].restore
    assert psnr(telea(scratched, {}), smooth) > psnr(scratched, smooth) + 10
    assert np.array_equal(telea(smooth, {}), smooth)
