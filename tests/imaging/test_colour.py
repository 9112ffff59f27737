"""Into the working space and back: what is not touched stays, what changes changes in the right direction."""

from __future__ import annotations

import archive
import numpy as np
import pytest

from imaging.colour import bring_home, space_of, to_rgb, to_working
from imaging.matrix_profile import linear_to_srgb, read_matrix_profile, srgb_to_linear


def every_colour(dtype, channels=3):
    """A grid of all corners and levels, gamut's edge included."""
    top = np.iinfo(dtype).max
    levels = np.linspace(0, top, 9).round().astype(dtype)
    grid = np.stack(np.meshgrid(*[levels] * channels, indexing="ij"), axis=-1).reshape(-1, 27, channels)
    return np.ascontiguousarray(grid)


CASES = {
    "wide 8": (np.uint8, 3, archive.adobe_rgb()),
    "wide 16": (np.uint16, 3, archive.adobe_rgb()),
    "inks 8": (np.uint8, 4, None),
    "inks 16": (np.uint16, 4, None),
    "no profile": (np.uint8, 3, None),
    "srgb": (np.uint8, 3, archive.srgb()),
    "broken profile": (np.uint8, 3, b"not a profile" * 20),
}


@pytest.mark.parametrize("case", CASES)
def test_an_untouched_picture_comes_home_exactly(case):
    dtype, channels, icc = CASES[case]
    own = every_colour(dtype, channels)
    space = space_of(own, icc)
    np.testing.assert_array_equal(bring_home(own, to_working(own, space), space), own)


@pytest.mark.parametrize("case", ["wide 8", "wide 16", "inks 8", "inks 16"])
def test_a_brighter_picture_comes_home_brighter(case):
    dtype, channels, icc = CASES[case]
    own = every_colour(dtype, channels) // 2 + np.iinfo(dtype).max // 8
    space = space_of(own, icc)
    work = to_working(own, space)
    brighter = bring_home(own, work + np.iinfo(dtype).max // 20, space)
    change = brighter.astype(np.int64).mean() - own.astype(np.int64).mean()
    assert change < 0 if channels == 4 else change > 0


def test_srgb_and_gray_need_no_conversion():
    own = every_colour(np.uint8)
    assert to_working(own, space_of(own, archive.srgb())) is own
    assert to_working(own[..., 0], space_of(own[..., 0], archive.adobe_rgb())).ndim == 2


def test_the_float_path_agrees_with_littlecms_within_the_common_gamut():
    own = (every_colour(np.uint8) // 4 + 96).astype(np.uint8)
    by_cms = to_working(own, space_of(own, archive.adobe_rgb()))
    deep = own.astype(np.uint16) * 257
    by_matrix = to_working(deep, space_of(deep, archive.adobe_rgb())) / 257
    assert np.abs(by_cms - by_matrix).max() <= 2


def test_adobe_green_lies_outside_srgb():
    profile = read_matrix_profile(archive.adobe_rgb())
    green = profile.to_srgb(np.array([[[0, 1, 0]]], np.float32))
    assert green.min() < -0.1
    np.testing.assert_allclose(profile.from_srgb(green), [[[0, 1, 0]]], atol=2e-3)


def test_an_enlarged_picture_comes_home_in_its_own_space():
    own = every_colour(np.uint8)
    space = space_of(own, archive.adobe_rgb())
    enlarged = bring_home(own, to_working(own, space).repeat(2, 0).repeat(2, 1), space)
    inner = enlarged[::2, ::2].astype(int) - own
    assert enlarged.shape == (own.shape[0] * 2, own.shape[1] * 2, 3) and np.median(np.abs(inner)) <= 1


def test_black_ink_without_a_profile_is_black():
    assert to_rgb(np.array([[[0, 0, 0, 255], [0, 0, 0, 0]]], np.uint8), None).tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_the_srgb_curve_and_its_inverse_cancel_below_zero_too():
    values = np.linspace(-0.5, 1.5, 201, dtype=np.float32)
    np.testing.assert_allclose(linear_to_srgb(srgb_to_linear(values)), values, atol=1e-5)


@pytest.mark.parametrize("cut", [0, 40, 131, 140, 200, 400])
def test_a_profile_that_is_cut_off_is_as_none(cut):
    assert read_matrix_profile(archive.adobe_rgb()[:cut]) is None
