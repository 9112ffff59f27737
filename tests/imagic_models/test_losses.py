import numpy as np
import pytest
from keras import ops
from skimage import data
from skimage.metrics import structural_similarity

from imagic_models import losses


def number(value):
    return float(ops.convert_to_numpy(value))


def flat(*rgb, side=16):
    return np.broadcast_to(np.array(rgb, np.float32), (1, side, side, 3)).copy()


def photograph(side=176):
    return data.astronaut()[None, :side, :side].astype(np.float32) / 255


def test_charbonnier_is_l1_with_a_round_bottom():
    clean, restored = flat(0.5, 0.5, 0.5), flat(0.8, 0.5, 0.5)
    expected = (np.sqrt(0.3**2 + 1e-6) + 2 * 1e-3) / 3
    assert number(losses.charbonnier(clean, restored)) == pytest.approx(expected, rel=1e-5)


def test_squared_is_the_mean_squared_difference():
    assert number(losses.squared(flat(0, 0, 0), flat(0.3, 0, 0))) == pytest.approx(0.03)


def test_ms_ssim_is_zero_for_equal_pictures_and_grows_with_noise():
    clean = photograph()
    noise = np.random.default_rng(0).standard_normal(clean.shape).astype(np.float32)
    values = [number(losses.ms_ssim(clean, clean + sigma * noise)) for sigma in (0.0, 0.05, 0.2)]
    assert values[0] == pytest.approx(0, abs=1e-5)
    assert values[0] < values[1] < values[2] < 1


def test_ms_ssim_of_one_scale_is_the_ssim_of_scikit_image():
    clean = photograph(21)  # too small for a second scale
    restored = np.clip(clean + 0.1 * np.random.default_rng(0).standard_normal(clean.shape), 0, 1).astype(np.float32)
    gray = [np.sum(picture[0] * (0.299, 0.587, 0.114), axis=-1) for picture in (clean, restored)]
    _, full = structural_similarity(
        *gray, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    expected = full[5:-5, 5:-5].mean()
    assert 1 - number(losses.ms_ssim(clean, restored)) == pytest.approx(expected, abs=1e-4)


def test_colour_angle_ignores_brightness_and_sees_hue():
    assert number(losses.colour_angle(flat(0.8, 0.4, 0.2), flat(0.4, 0.2, 0.1))) == pytest.approx(0, abs=1e-4)
    assert number(losses.colour_angle(flat(1, 0, 0), flat(0, 1, 0))) == pytest.approx(1, abs=1e-4)


def test_colour_constancy_is_zero_for_gray_and_sums_squared_differences():
    assert number(losses.colour_constancy(flat(0.4, 0.4, 0.4))) == pytest.approx(0)
    assert number(losses.colour_constancy(flat(0.6, 0.4, 0.4))) == pytest.approx(0.08, rel=1e-4)


def test_exposure_control_measures_the_distance_of_each_patch_from_the_level():
    half = flat(0.2, 0.2, 0.2, side=32)
    half[:, 16:] = 1.0
    assert number(losses.exposure_control(half)) == pytest.approx((0.4 + 0.4) / 2, rel=1e-4)
    assert number(losses.exposure_control(flat(0.6, 0.6, 0.6))) == pytest.approx(0, abs=1e-6)


def test_illumination_smoothness_takes_rows_and_columns_not_channels():
    by_channel = np.zeros((1, 8, 8, 24), np.float32) + np.arange(24, dtype=np.float32)
    assert number(losses.illumination_smoothness(by_channel)) == 0
    by_row = np.zeros((1, 8, 8, 24), np.float32) + np.arange(8, dtype=np.float32)[:, None, None]
    by_column = np.zeros((1, 8, 8, 24), np.float32) + np.arange(8, dtype=np.float32)[None, :, None]
    assert number(losses.illumination_smoothness(by_row)) == pytest.approx(1)
    assert number(losses.illumination_smoothness(by_row + by_column)) == pytest.approx(4)


def test_spatial_consistency_allows_a_shift_and_punishes_lost_contrast():
    edge = flat(0.2, 0.2, 0.2, side=8)
    edge[:, :, 4:] = 0.6
    assert number(losses.spatial_consistency(edge, edge + 0.2)) == pytest.approx(0, abs=1e-6)
    lost = number(losses.spatial_consistency(edge, np.full_like(edge, 0.4)))
    assert lost == pytest.approx(2 * 0.4**2, rel=1e-4)


def test_zero_reference_adds_its_four_terms_with_the_published_weights():
    dark, curves = flat(0.1, 0.1, 0.1), np.zeros((1, 16, 16, 24), np.float32)
    assert number(losses.zero_reference(dark, dark, curves)) == pytest.approx(10 * 0.5, rel=1e-4)


def test_rebalanced_cross_entropy_weighs_a_pixel_by_its_colour():
    odds = np.array([[[[1, 0], [0, 1]]]], np.float32)
    scores = np.zeros((1, 1, 2, 2), np.float32)
    value = number(losses.rebalanced_cross_entropy(odds, scores, np.array([1.0, 3.0], np.float32)))
    assert value == pytest.approx(np.log(2) * (1 + 3) / 2, rel=1e-5)


def test_rebalancing_favours_rare_colours_and_keeps_the_mean():
    frequency = np.array([0.9, 0.1])
    weights = losses.rebalancing_weights(frequency)
    assert weights[1] > weights[0]
    assert (weights * frequency).sum() == pytest.approx(1)


def test_soft_encoding_gives_odds_that_average_back_to_the_colour():
    grid = np.stack(np.meshgrid([-10.0, 0.0, 10.0], [-10.0, 0.0, 10.0]), axis=-1).reshape(-1, 2)
    odds = losses.soft_encoded(np.array([[[0.0, 0.0]]]), grid)
    assert odds.sum() == pytest.approx(1)
    assert np.count_nonzero(odds) == 5
    assert (odds[0, 0] @ grid).tolist() == pytest.approx([0, 0], abs=1e-6)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_every_loss_falls_when_the_restored_picture_improves(name):
    clean = photograph(64)
    noise = np.random.default_rng(0).standard_normal(clean.shape).astype(np.float32)
    near, far = (number(losses.LOSSES[name](clean, clean + sigma * noise)) for sigma in (0.02, 0.2))
    assert near < far
