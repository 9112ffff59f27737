"""Tiled equals whole, for anything whose reach is shorter than three eighths of the overlap."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from imaging.errors import MisuseError
from imaging.tiling import restore_tiled, spans


def soften(tile):
    """A restorer with a reach of 20 pixels."""
    return cv2.GaussianBlur(tile, (41, 41), 7, borderType=cv2.BORDER_REFLECT_101)


def picture(height, width, dtype=np.uint8, channels=3):
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1.0
    shape = (height, width, channels) if channels else (height, width)
    return (np.random.default_rng(7).random(shape) * top).astype(dtype)


@pytest.mark.parametrize("size", [(300, 500), (257, 129), (129, 640), (1, 700), (700, 1), (37, 53), (1, 1)])
@pytest.mark.parametrize("channels", [0, 3])
def test_tiles_give_what_the_whole_gives(size, channels):
    image = picture(*size, channels=channels)
    whole = restore_tiled(soften, image, tile=4096, overlap=64)
    tiled = restore_tiled(soften, image, tile=160, overlap=64)
    assert whole.shape == image.shape and whole.dtype == image.dtype
    assert np.abs(whole.astype(int) - tiled).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_an_identity_returns_every_value_unchanged(dtype):
    image = picture(211, 350, dtype)
    merged = restore_tiled(lambda tile: tile, image, tile=128, overlap=32)
    tolerance = 1e-6 if dtype is np.float32 else 0
    assert np.abs(merged.astype(np.float64) - image).max() <= tolerance


def test_a_network_that_pools_by_eight_sees_its_grid_in_every_tile():
    def pool(tile):
        assert tile.shape[0] % 8 == 0 and tile.shape[1] % 8 == 0
        small = tile.reshape(tile.shape[0] // 8, 8, tile.shape[1] // 8, 8, 3).mean((1, 3))
        return small.repeat(8, 0).repeat(8, 1)

    image = picture(203, 461)
    whole = restore_tiled(pool, image, tile=1024, multiple=8)
    tiled = restore_tiled(pool, image, tile=100, overlap=32, multiple=8)
    assert np.abs(whole.astype(int) - tiled).max() <= 1


@pytest.mark.parametrize("scale", [2, 4])
def test_an_enlarged_picture_has_no_seams_either(scale):
    image = picture(150, 233)
    enlarge = lambda tile: tile.repeat(scale, 0).repeat(scale, 1)  # noqa: E731
    enlarged = restore_tiled(enlarge, image, tile=96, overlap=32, scale=scale)
    np.testing.assert_array_equal(enlarged, image.repeat(scale, 0).repeat(scale, 1))


def test_what_a_tile_sees_past_its_middle_does_not_reach_the_result():
    """Spoil the outer three eighths of every tile's overlap: none of it may be kept."""

    def spoiled_edges(tile):
        spoiled = tile.copy()
        spoiled[:, :24] = spoiled[:, -24:] = 9.0
        return spoiled

    image = picture(64, 900)
    merged = restore_tiled(spoiled_edges, image, tile=256, overlap=64)
    np.testing.assert_array_equal(merged[:, 24:-24], image[:, 24:-24])


def test_a_gray_picture_may_come_back_in_colour():
    coloured = restore_tiled(
        lambda tile: np.stack([tile] * 3, axis=2), picture(90, 200, channels=0), tile=80, overlap=16
    )
    assert coloured.shape == (90, 200, 3)


def test_a_very_long_picture_is_never_held_as_floats():
    strip = np.zeros((40, 31_000, 3), np.uint8)
    strip[:, ::2] = 200
    sizes = []
    merged = restore_tiled(lambda tile: sizes.append(tile.shape) or tile, strip, tile=512, overlap=64)
    np.testing.assert_array_equal(merged, strip)
    assert max(width for _, width, _ in sizes) <= 512


@pytest.mark.parametrize("length", [1, 511, 512, 513, 1000, 4097])
def test_spans_cover_the_axis_once_and_their_fades_meet(length):
    cut = spans(length, tile=512, overlap=64, multiple=16)
    assert cut[0].keep_from == 0 and cut[-1].keep_to == length
    for left, right in pairwise(cut):
        assert left.keep_to - right.keep_from == left.fade_out == right.fade_in
        assert right.start % 16 == 0 and left.stop - right.start >= 64


def test_a_restorer_that_enlarges_against_its_word_is_refused():
    with pytest.raises(MisuseError, match="scale 1"):
        restore_tiled(lambda tile: tile.repeat(2, 0), picture(9, 9))


def test_a_tile_narrower_than_two_overlaps_is_refused():
    with pytest.raises(MisuseError, match="two overlaps"):
        restore_tiled(soften, picture(9, 9), tile=64, overlap=32)
