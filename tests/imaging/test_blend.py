"""How much of a restoration is taken."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.blend import mix, put_texture_back, stretch


def picture(dtype=np.uint8, shape=(300, 40, 3)):
    return np.random.default_rng(2).integers(0, np.iinfo(dtype).max, shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_strength_moves_from_the_one_picture_to_the_other(dtype):
    before, after = picture(dtype), picture(dtype)[::-1].copy()
    np.testing.assert_array_equal(mix(before, after, 0.0), before)
    assert mix(before, after, 1.0) is after
    half = mix(before, after, 0.5).astype(float)
    assert np.abs(half - (before / 2.0 + after / 2.0)).max() <= 0.5


def test_an_enlarged_or_coloured_result_is_mixed_with_an_enlarged_or_repeated_original():
    gray = picture(shape=(8, 9))
    coloured = np.repeat(gray[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(mix(gray, coloured, 0.3), coloured)
    flat = np.full((8, 9, 3), 77, np.uint8)
    assert (mix(flat, np.full((16, 18, 3), 77, np.uint8), 0.5) == 77).all()


def test_texture_comes_back_where_there_is_structure_and_noise_does_not():
    rng = np.random.default_rng(0)
    clean = np.full((600, 200, 3), 128, np.uint8)
    clean[300:, ::8] = 60
    clean[300:, 1::8] = 60
    noise = rng.integers(-20, 21, clean.shape)
    noisy = np.clip(clean + noise, 0, 255).astype(np.uint8)
    result = put_texture_back(noisy, clean, 1.0).astype(int)
    assert np.abs(result[:280] - clean[:280]).mean() < 0.5
    assert np.abs(result[320:] - clean[320:]).mean() > 5
    assert put_texture_back(noisy, clean, 0.0) is clean


def test_strips_leave_no_trace():
    noisy, clean = picture(), np.full((300, 40, 3), 128, np.uint8)
    clean[:, 20:] = 30
    rows = put_texture_back(noisy, clean, 1.0)
    turned = put_texture_back(noisy[100:], clean[100:], 1.0)
    np.testing.assert_array_equal(rows[130:], turned[30:])


def test_a_stretch_spreads_the_histogram_and_keeps_the_order():
    flat = (np.arange(256, dtype=np.uint8).reshape(16, 16) // 4 + 90).astype(np.uint8)
    stretched = stretch(flat, 0.5)
    assert stretched.min() == 0 and stretched.max() == 255
    order = np.argsort(flat.ravel(), kind="stable")
    assert (np.diff(stretched.ravel()[order].astype(int)) >= 0).all()
    assert stretch(flat, 0.0) is flat
    one = np.full((4, 4, 3), 9, np.uint8)
    np.testing.assert_array_equal(stretch(one, 1.0), one)
