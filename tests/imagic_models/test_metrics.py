from __future__ import annotations

import importlib.util
import math

import cv2
import numpy as np
import pytest
from skimage import data

from imagic_models import metrics
from imaging.errors import ImagicError, MisuseError


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    clean = data.astronaut()[100:292, 100:324].astype(np.float32) / 255
    noise = np.random.default_rng(0).normal(0, 0.05, clean.shape).astype(np.float32)
    return np.clip(clean + noise, 0, 1), clean


def test_psnr_agrees_with_opencv(pair) -> None:
    restored, target = ((one * 255).astype(np.uint8) for one in pair)
    assert metrics.psnr(restored / 255, target / 255) == pytest.approx(cv2.PSNR(restored, target), abs=1e-6)


def test_psnr_of_equal_pictures_is_infinite(pair) -> None:
    assert metrics.psnr(pair[1], pair[1]) == math.inf


def test_ssim_agrees_with_its_formula_written_out(pair) -> None:
    kernel = np.outer(*[np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))] * 2)
    kernel /= kernel.sum()

    def smooth(plane: np.ndarray) -> np.ndarray:
        windows = np.lib.stride_tricks.sliding_window_view(plane, (11, 11))
        return np.einsum("yxij,ij->yx", windows, kernel)

    x, y = (np.asarray(one[:60, :70, 0], np.float64) for one in pair)
    mean_x, mean_y = smooth(x), smooth(y)
    spread = smooth(x * x) - mean_x**2 + smooth(y * y) - mean_y**2
    shared = smooth(x * y) - mean_x * mean_y
    top = (2 * mean_x * mean_y + 0.01**2) * (2 * shared + 0.03**2)
    expected = np.mean(top / ((mean_x**2 + mean_y**2 + 0.01**2) * (spread + 0.03**2)))
    assert metrics.ssim(x, y) == pytest.approx(expected, abs=1e-7)


@pytest.mark.slow
def test_structural_metrics_and_accuracy_agree_with_tensorflow_and_keras(pair) -> None:
    tensorflow, keras = pytest.importorskip("tensorflow"), pytest.importorskip("keras")
    single = [one[None].astype(np.float32) for one in pair]
    assert metrics.ssim(*pair) == pytest.approx(float(tensorflow.image.ssim(*single, max_val=1.0)[0]), abs=2e-5)
    expected = float(tensorflow.image.ssim_multiscale(*single, max_val=1.0)[0])
    assert metrics.ms_ssim(*pair) == pytest.approx(expected, abs=2e-4)
    accuracy = keras.metrics.CategoricalAccuracy()
    accuracy.update_state(single[1], single[0])
    assert metrics.channel_accuracy(*pair) == pytest.approx(float(accuracy.result()), abs=1e-6)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.0, 2.0), (50.0, 0.0, 0.0), 2.3669),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000_gives_the_values_that_its_authors_published(left, right, expected, monkeypatch) -> None:
    # Sharma, Wu and Dalal's table of test pairs, rows 1, 7, 17 and 34; Lab is handed in as it stands there.
    monkeypatch.setattr(metrics, "_lab", lambda image: image)
    pictures = (np.array(one, np.float64).reshape(1, 1, 3) for one in (left, right))
    assert metrics.ciede2000(*pictures) == pytest.approx(expected, abs=1e-4)


def test_luma_spans_16_to_235_as_in_matlab() -> None:
    black_white_red = np.array([[[0, 0, 0], [1, 1, 1], [1, 0, 0]]], np.float32)
    assert np.allclose(metrics.luma(black_white_red) * 255, [[16, 235, 81.481]], atol=1e-3)


def test_the_truths_mean_hides_a_wrong_brightness_and_only_that(pair) -> None:
    target = pair[1] * 0.8
    assert metrics.psnr(target / 2, target) < 25
    assert metrics.psnr_gt_mean(target / 2, target) > 60


def test_colourfulness_of_gray_is_none_and_of_the_truth_is_one(pair) -> None:
    gray = np.repeat(pair[1].mean(axis=2, keepdims=True), 3, axis=2)
    assert metrics.colourfulness_ratio(gray, pair[1]) == pytest.approx(0, abs=1e-3)
    assert metrics.colourfulness_ratio(pair[1], pair[1]) == 1
    assert math.isnan(metrics.colourfulness_ratio(pair[1], gray))


def test_colour_metrics_leave_lightness_and_chroma_apart(pair) -> None:
    darker = pair[1] * 0.7
    assert metrics.lightness_shift(darker, pair[1]) > 5
    gray = np.repeat(metrics._gray_mean(pair[1]) * np.ones_like(pair[1][..., :1]), 3, axis=2)
    assert metrics.ab_psnr(gray, pair[1]) < metrics.ab_psnr(darker, pair[1])


def test_accuracy_is_blind_to_half_the_brightness(pair) -> None:
    assert metrics.channel_accuracy(pair[1] / 2, pair[1]) == 1


def test_different_shapes_are_refused_and_never_resized(pair) -> None:
    for metric in (metrics.psnr, metrics.ssim, metrics.ms_ssim, metrics.ciede2000, metrics.channel_accuracy):
        with pytest.raises(ImagicError, match="one shape"):
            metric(pair[0][:-1], pair[1])


def test_windows_that_do_not_fit_are_refused() -> None:
    tiny = np.zeros((10, 40), np.float32)
    with pytest.raises(ImagicError, match="at least 11 pixels"):
        metrics.ssim(tiny, tiny)


@pytest.mark.skipif(importlib.util.find_spec("lpips") is not None, reason="lpips is installed here")
def test_lpips_without_its_package_says_what_is_missing(pair) -> None:
    with pytest.raises(MisuseError, match="pip install lpips"):
        metrics.lpips(*pair)
