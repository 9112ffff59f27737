from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from imagic_models.metrics import lightness_shift, luma, psnr
from imagic_models.protocols import PROTOCOL_NAMES, PROTOCOLS, Sample
from imagic_models.protocols.damage import recipe_protocol
from imaging.errors import ImagicError, MisuseError

MAKERS = [protocol for protocol in PROTOCOLS.values() if protocol.needs == "clean"]


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample("cat", data.cat()[:211, :307].astype(np.float32) / 255)


@pytest.fixture(scope="module")
def gray() -> Sample:
    return Sample("coins", data.coins()[:201, :303].astype(np.float32) / 255)


def by_name(name: str, level: str):
    protocol = PROTOCOLS[name]
    return protocol, next(one for one in protocol.levels if one.name == level)


@pytest.mark.parametrize("protocol", MAKERS, ids=lambda one: one.name)
def test_a_case_depends_on_seed_key_and_level_alone(protocol, sample) -> None:
    before = sample.clean.copy()
    first, again = (protocol.case(sample, protocol.levels[0], seed=3) for _ in range(2))
    assert first.degraded.tobytes() == again.degraded.tobytes()
    assert first.degraded.dtype == np.float32 and first.target.dtype == np.float32
    assert np.array_equal(sample.clean, before)


@pytest.mark.parametrize("protocol", MAKERS, ids=lambda one: one.name)
def test_gray_files_stay_one_plane_unless_colour_is_the_question(protocol, gray) -> None:
    if protocol.name == "colorize":
        pytest.skip("there is no colour to ask for")
    case = protocol.case(gray, protocol.levels[0], seed=0)
    assert case.degraded.ndim == 2 and case.target.ndim == 2


@pytest.mark.parametrize(("level", "expected"), [("15", 24.61), ("25", 20.17), ("50", 14.15)])
def test_unclipped_noise_has_exactly_the_published_input_figure(sample, level, expected) -> None:
    protocol, strength = by_name("gaussian-noise", level)
    case = protocol.case(sample, strength, seed=0)
    assert protocol.score(case, case.degraded, as_is=True)["psnr"] == pytest.approx(expected, abs=0.05)
    assert case.degraded.min() < 0 or case.degraded.max() > 1


def test_clipped_noise_is_what_a_file_can_hold(sample) -> None:
    protocol, strength = by_name("gaussian-noise-clipped", "50")
    degraded = protocol.case(sample, strength, seed=0).degraded * 255
    assert degraded.min() >= 0 and degraded.max() <= 255
    assert np.allclose(degraded, np.rint(degraded), atol=1e-3)


def test_impulses_hit_all_channels_of_the_stated_share(sample) -> None:
    protocol, strength = by_name("salt-and-pepper", "10")
    case = protocol.case(sample, strength, seed=0)
    changed = (case.degraded != case.target).any(axis=2)
    assert changed.mean() == pytest.approx(0.10, abs=0.01)
    assert set(np.unique(case.degraded[changed])) == {0.0, 1.0}
    assert (np.ptp(case.degraded[changed], axis=1) == 0).all()


def test_jpeg_is_a_gray_file_of_the_luma_plane(sample) -> None:
    protocol, quality = by_name("jpeg", "q10")
    case = protocol.case(sample, quality, seed=0)
    pixels = np.rint(luma(sample.clean) * 255).astype(np.uint8)
    decoded = cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 10])[1], cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(np.rint(case.degraded * 255), decoded)
    assert np.array_equal(np.rint(case.target * 255), pixels)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_super_resolution_crops_to_a_multiple_and_leaves_out_its_border(sample, scale) -> None:
    protocol, level = by_name("super-resolution", f"x{scale}")
    case = protocol.case(sample, level, seed=0)
    assert case.target.shape == (211 // scale * scale, 307 // scale * scale, 3)
    assert tuple(side * scale for side in case.degraded.shape[:2]) == case.target.shape[:2]
    spoilt = case.target.copy()
    spoilt[:scale], spoilt[:, -scale:] = 0.5, 0.5
    assert protocol.score(case, spoilt)["psnr"] > 100


def test_blurs_are_normalised_and_centred() -> None:
    for level in PROTOCOLS["deblur"].levels:
        psf = level.known["psf"]
        y, x = np.mgrid[: psf.shape[0], : psf.shape[1]]
        assert psf.sum() == pytest.approx(1)
        assert (psf * y).sum() == pytest.approx(psf.shape[0] // 2, abs=0.3)
        assert (psf * x).sum() == pytest.approx(psf.shape[1] // 2, abs=0.3)


def test_colorize_takes_the_colours_and_leaves_the_lightness(sample) -> None:
    protocol = PROTOCOLS["colorize"]
    case = protocol.case(sample, protocol.levels[0], seed=0)
    assert np.ptp(case.degraded, axis=2).max() < 2e-3
    assert lightness_shift(case.degraded, case.target) < 0.01
    assert protocol.score(case, case.target)["ciede2000"] < 0.01


def test_a_recipe_is_measured_as_a_whole_and_damage_by_damage(sample) -> None:
    protocol = recipe_protocol("denoise", damages=("speckle",), severities=(1, 5))
    assert [level.name for level in protocol.levels] == ["denoise", "speckle-1", "speckle-5"]
    mild, severe = (protocol.case(sample, level, seed=0) for level in protocol.levels[1:])
    assert psnr(mild.degraded, mild.target) > psnr(severe.degraded, severe.target) + 3


def test_an_unknown_damage_is_refused_with_the_known_ones() -> None:
    with pytest.raises(MisuseError, match=r"speckle.*Received: coffee"):
        recipe_protocol("denoise", damages=("coffee",))


def test_an_answer_of_another_size_is_refused(sample) -> None:
    protocol, level = by_name("gaussian-noise", "25")
    case = protocol.case(sample, level, seed=0)
    with pytest.raises(ImagicError, match="size of its target"):
        protocol.score(case, case.degraded[:-1])


def test_tiny_pictures_get_what_can_be_measured() -> None:
    protocol, level = by_name("gaussian-noise", "25")
    case = protocol.case(Sample("tiny", np.full((3, 5, 3), 0.5, np.float32)), level, seed=0)
    scores = protocol.score(case, case.degraded)
    assert scores["psnr"] > 10 and np.isnan(scores["ssim"])


def test_every_promised_protocol_exists() -> None:
    promised = "gaussian-noise salt-and-pepper speckle jpeg super-resolution deblur low-light exposure colorize recipe"
    assert {*promised.split(), "paired", "no-reference"} <= set(PROTOCOL_NAMES)
