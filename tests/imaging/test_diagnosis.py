"""Each damage is found, and nothing is found in a good picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from imaging.diagnosis import LIMITS, STAGES, decide, diagnose

NAMES = ("astronaut", "chelsea", "coffee")


@pytest.fixture(scope="module", params=NAMES)
def clean(request):
    return np.ascontiguousarray(getattr(skimage.data, request.param)()[:360, :400])


def chosen(image):
    return [preset for preset, _ in decide(diagnose(image))]


def noisy(image):
    return np.clip(image + np.random.default_rng(3).normal(0, 15, image.shape), 0, 255).astype(np.uint8)


def peppered(image):
    where = np.random.default_rng(3).random(image.shape[:2])
    return np.where(where[..., None] < 0.03, 0, np.where(where[..., None] > 0.97, 255, image)).astype(np.uint8)


def squeezed(image):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 20])[1], cv2.IMREAD_COLOR)


def in_linear_light(image, factor):
    return np.rint(np.clip((image / 255.0) ** 2.2 * factor, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


DAMAGES = {
    "noise": (noisy, "denoise"),
    "impulses": (peppered, "denoise"),
    "compression": (squeezed, "jpeg"),
    "blur": (lambda image: cv2.GaussianBlur(image, (0, 0), 2.5), "deblur"),
    "shake": (lambda image: cv2.blur(image, (15, 1)), "deblur"),
    "darkness": (lambda image: in_linear_light(image, 1 / 12), "low-light"),
    "flatness": (lambda image: (image * 0.18 + 100).astype(np.uint8), "exposure"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_is_answered_by_its_preset(clean, damage):
    make, preset = DAMAGES[damage]
    assert preset in chosen(make(clean))


def test_a_burnt_picture_is_answered_by_exposure():
    assert chosen(in_linear_light(skimage.data.coffee(), 5.0)) == ["exposure"]


@pytest.mark.parametrize("name", [*NAMES, "rocket", "camera"])
def test_a_good_picture_is_left_alone(name):
    assert chosen(getattr(skimage.data, name)()) == []


def test_sixteen_bits_and_gray_measure_as_eight_bits_do():
    image = skimage.data.coffee()
    eight, sixteen = diagnose(image), diagnose(image.astype(np.uint16) * 257)
    assert eight == pytest.approx(sixteen, abs=0.05)
    gray = cv2.cvtColor(noisy(image), cv2.COLOR_RGB2GRAY)
    assert chosen(gray) == ["denoise"]


def test_a_large_picture_is_measured_in_windows_with_the_same_result():
    large = np.tile(squeezed(skimage.data.coffee()), (4, 4, 1))
    assert max(large.shape) > 1400 and chosen(large) == ["jpeg"]


def test_noise_is_stated_in_gray_levels():
    flat = np.full((256, 256), 128.0)
    noise = np.random.default_rng(0).normal(0, 20, flat.shape)
    assert diagnose(np.rint(flat + noise).astype(np.uint8))["noise"] == pytest.approx(20, rel=0.15)


def test_a_detector_decides_about_damage_and_sees_a_small_copy():
    seen = []

    def detect(image):
        seen.append(image.shape)
        return np.full(image.shape[:2], 0.9, np.float32)

    measured = diagnose(np.tile(skimage.data.coffee(), (4, 3, 1)), detect)
    assert max(seen[0]) <= 1024 and measured["damage"] == 1.0
    assert decide(measured) == (("old-photo", 1.0),)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (3, 200, 3), (37, 53), (16, 16, 3), (40, 31, 4)])
def test_pictures_of_any_size_can_be_measured(shape):
    measured = diagnose(np.full(shape, 120, np.uint8))
    assert all(np.isfinite(value) for value in measured.values())
    assert set(name for name, _ in decide(measured)) <= set(STAGES)


def test_every_limit_is_used_by_the_table_of_decisions():
    hot = dict.fromkeys(LIMITS, 1e9) | {"white": 255.0, "median": 255.0, "mean": 200.0, "black": 0.0}
    assert [preset for preset, _ in decide(hot)] == ["old-photo"]
    assert [preset for preset, _ in decide(hot | {"damage": 0.0})] == ["jpeg", "denoise"]
    assert set(STAGES) == {"old-photo", "low-light", "jpeg", "denoise", "exposure", "deblur"}
