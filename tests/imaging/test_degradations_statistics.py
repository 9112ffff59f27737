"""Each degradation does to the numbers what its physics says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image as pillow
from skimage import data

from imaging.degradations.blur import (
    defocus_blur,
    disk_kernel,
    gaussian_blur,
    gaussian_kernel,
    motion_kernel,
    out_of_register,
)
from imaging.degradations.codec import double_jpeg, jpeg, posterisation, webp
from imaging.degradations.exposure import colour_cast, overexposure, underexposure, vignetting
from imaging.degradations.fading import fading
from imaging.degradations.fields import smooth_field
from imaging.degradations.light import display_of, linear_of, to_display, to_linear
from imaging.degradations.noise import film_grain, gaussian_noise, poisson_gaussian, salt_and_pepper, speckle
from imaging.degradations.printing import halftone, wave
from imaging.degradations.randomness import generator, normal, philox_key
from imaging.degradations.raw import CAMERAS, Development, demosaic, mosaic, process, unprocess
from imaging.degradations.resample import downscale, grayscale
from imaging.degradations.sensor import counted
from imaging.degradations.strokes import settle, stroke


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def flat(value: float, side: int = 400) -> np.ndarray:
    return np.full((side, side, 3), value, np.float32)


def photograph() -> np.ndarray:
    return (data.astronaut() / np.float32(255)).astype(np.float32)


@pytest.mark.parametrize(("sigma", "expected"), [(15, 24.61), (25, 20.17), (50, 14.15)])
def test_gaussian_noise_gives_the_psnr_of_the_literature(sigma: int, expected: float) -> None:
    image = photograph()
    noisy = gaussian_noise(image, sigma=sigma / 255, gray=False, rng=rng(), clip=False)
    assert -10 * np.log10(np.mean((noisy - image) ** 2)) == pytest.approx(expected, abs=0.02)
    assert noisy.min() < 0 and noisy.max() > 1


def test_gray_noise_is_equal_in_all_channels() -> None:
    difference = gaussian_noise(flat(0.5), sigma=0.1, gray=True, rng=rng()) - flat(0.5)
    np.testing.assert_array_equal(difference[:, :, 0], difference[:, :, 2])
    assert difference.std() == pytest.approx(0.1, rel=0.02)


def test_normal_numbers_are_normal() -> None:
    numbers = normal((1000, 1000), rng())
    assert numbers.mean() == pytest.approx(0, abs=0.004)
    assert numbers.std() == pytest.approx(1, abs=0.003)
    assert np.mean(numbers**4) == pytest.approx(3, abs=0.05)
    assert np.mean(np.abs(numbers) < 1) == pytest.approx(0.6827, abs=0.002)
    assert np.mean(np.abs(numbers) > 3) == pytest.approx(0.0027, abs=0.0003)
    assert abs(np.corrcoef(numbers[:, :-1].ravel(), numbers[:, 1:].ravel())[0, 1]) < 0.004


@pytest.mark.parametrize("density", [0.05, 0.1, 0.3])
def test_salt_and_pepper_strikes_the_share_it_says(density: float) -> None:
    noisy = salt_and_pepper(flat(0.5), density=density, salt=0.4, shared=True, rng=rng())
    assert np.mean(noisy == 1) == pytest.approx(0.4 * density, rel=0.05)
    assert np.mean(noisy == 0) == pytest.approx(0.6 * density, rel=0.05)
    assert np.all(noisy[:, :, 0] == noisy[:, :, 1])
    separate = salt_and_pepper(flat(0.5), density=density, salt=0.4, shared=False, rng=rng())
    assert np.mean(separate != 0.5) == pytest.approx(density, rel=0.05)
    assert np.any(separate[:, :, 0] != separate[:, :, 1])


@pytest.mark.parametrize("value", [0.2, 0.5, 0.8])
def test_speckle_grows_with_the_signal(value: float) -> None:
    noisy = speckle(flat(value), sigma=0.2, gray=False, rng=rng(), clip=False)
    assert noisy.var() == pytest.approx((0.2 * value) ** 2, rel=0.02)
    assert noisy.mean() == pytest.approx(value, rel=0.005)


def test_sensor_noise_has_the_slope_and_the_floor_it_says() -> None:
    values, shot, read = np.array([0.1, 0.3, 0.5, 0.9]), 0.01, 0.02
    variances = [poisson_gaussian(flat(value), shot=shot, read=read, rng=rng(3), clip=False).var() for value in values]
    slope, floor = np.polyfit(values, variances, 1)
    assert slope == pytest.approx(shot, rel=0.03)
    assert floor == pytest.approx(read**2, abs=1e-4)


@pytest.mark.parametrize("photons", [20.0, 99.0, 101.0, 1000.0])
def test_photons_are_counted_with_mean_equal_to_variance(photons: float) -> None:
    counts = counted(np.full((500, 500), 0.5, np.float32), photons, 0.0, rng()) * photons
    assert counts.mean() == pytest.approx(0.5 * photons, rel=0.01)
    assert counts.var() == pytest.approx(0.5 * photons, rel=0.03)


def test_film_grain_is_clumped_strongest_in_the_midtones_and_absent_at_the_ends() -> None:
    middle = film_grain(flat(0.5), strength=0.05, grain=3.0, colour=False, rng=rng()) - 0.5
    assert middle.std() == pytest.approx(0.05, rel=0.08)
    assert np.corrcoef(middle[:, :-1, 0].ravel(), middle[:, 1:, 0].ravel())[0, 1] > 0.5
    light = film_grain(flat(0.95), strength=0.05, grain=3.0, colour=False, rng=rng()) - 0.95
    assert light.std() < 0.6 * middle.std()
    np.testing.assert_array_equal(film_grain(flat(1.0), strength=0.1, grain=2, colour=True, rng=rng()), flat(1.0))


KERNELS = [
    *(gaussian_kernel(along, across, 33.0) for along, across in [(0.1, 0.1), (1, 1), (6, 2)]),
    *(disk_kernel(radius) for radius in [0.0, 0.4, 1.0, 3.3, 7.0]),
    *(motion_kernel(length, 70.0, bend) for length, bend in [(0.0, 0.0), (1.0, 0.0), (15.0, 90.0), (40.0, -300.0)]),
]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: "x".join(map(str, kernel.shape)))
def test_kernels_sum_to_one_and_are_centred(kernel: np.ndarray) -> None:
    assert kernel.sum() == pytest.approx(1.0, abs=1e-6)
    assert kernel.min() >= 0
    y, x = np.indices(kernel.shape) - (np.array(kernel.shape) // 2).reshape(2, 1, 1)
    assert np.hypot((x * kernel).sum(), (y * kernel).sum()) < 0.05


def test_a_straight_motion_kernel_is_as_long_as_it_says() -> None:
    kernel = motion_kernel(20.0, 0.0, 0.0)
    x = np.arange(kernel.shape[1]) - kernel.shape[1] // 2
    # A uniform line of length L has a variance of L^2 / 12; linear interpolation adds 1/6 at most.
    assert (kernel.sum(axis=0) * x**2).sum() == pytest.approx(20**2 / 12, rel=0.03)
    assert kernel.sum(axis=1).max() == pytest.approx(1.0, abs=1e-6)


def test_blurs_keep_the_mean_and_lower_the_detail() -> None:
    image = photograph()
    for blurred in (
        gaussian_blur(image, sigma=2.0, rng=rng()),
        defocus_blur(image, radius=3.0, rng=rng()),
    ):
        assert blurred.mean() == pytest.approx(image.mean(), abs=2e-3)
        assert np.abs(np.diff(blurred, axis=1)).mean() < 0.6 * np.abs(np.diff(image, axis=1)).mean()


def test_a_register_error_leaves_green_alone_and_moves_red_by_its_shift() -> None:
    image = photograph()
    shifted = out_of_register(image, shift=1000 * 3 / np.hypot(*image.shape[:2]), angle=0.0, rng=rng())
    np.testing.assert_array_equal(shifted[:, :, 1], image[:, :, 1])
    np.testing.assert_allclose(shifted[:, 3:, 0], image[:, :-3, 0], atol=1e-3)


def test_linear_light_and_back_is_the_identity() -> None:
    values = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(display_of(linear_of(values)), values, atol=1e-9)
    image = photograph()
    np.testing.assert_allclose(to_display(to_linear(image)), image, atol=2e-4)


def test_a_stop_is_half_the_light() -> None:
    image = photograph()
    dark = underexposure(image, stops=2.0, toe=0, lamps=0, cast=0, shot=1e-9, read=0, rng=rng())
    np.testing.assert_allclose(to_linear(dark), to_linear(image) / 4, atol=4e-4)
    bright = overexposure(image, stops=1.0, shoulder=0.0, rng=rng())
    np.testing.assert_allclose(to_linear(bright), np.minimum(to_linear(image) * 2, 1.0), atol=2e-3)


def test_lamps_stay_brighter_than_the_rest_of_a_night() -> None:
    ramp = np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[np.newaxis, :, np.newaxis], 64, axis=0).repeat(3, axis=2)
    settings = {"stops": 4.0, "toe": 0.0, "cast": 0.0, "shot": 1e-9, "read": 0.0}
    plain = underexposure(ramp, lamps=0.0, rng=rng(), **settings)
    spared = underexposure(ramp, lamps=1.0, rng=rng(), **settings)
    assert spared[:, -1].mean() > 2 * plain[:, -1].mean()
    assert spared[:, 20].mean() < 2 * plain[:, 20].mean()


def test_a_warm_cast_raises_red_lowers_blue_and_keeps_white_balanced_luma() -> None:
    degraded = colour_cast(flat(0.4), warmth=0.6, tint=0.0, rng=rng())
    assert degraded[0, 0, 0] > degraded[0, 0, 1] > degraded[0, 0, 2]
    luma = to_linear(degraded)[0, 0] @ np.array([0.2126, 0.7152, 0.0722])
    assert luma == pytest.approx(linear_of(np.array(0.4)), rel=0.02)


def test_vignetting_takes_the_light_it_says_from_the_corners_and_none_from_the_middle() -> None:
    degraded = vignetting(flat(0.8, 401), strength=0.6, shift=0.0, rng=rng())
    assert degraded[200, 200, 0] == pytest.approx(0.8, abs=1e-3)
    assert degraded[0, 0, 0] == pytest.approx(0.8 * 0.4 ** (1 / 2.2), rel=0.02)


def test_fading_grays_black_keeps_white_and_follows_the_dye() -> None:
    black, white = flat(0.0, 8), flat(1.0, 8)
    degraded = fading(black, strength=0.5, stain=0.0, dye="cyan", rng=rng())[0, 0]
    assert degraded[0] > degraded[1] > 0.02 and degraded[0] > degraded[2]
    np.testing.assert_allclose(fading(white, strength=0.5, stain=0.0, dye="cyan", rng=rng()), 1.0, atol=1e-3)


@pytest.mark.parametrize("camera", CAMERAS)
def test_unprocessing_and_processing_return_the_picture(camera: str) -> None:
    # Colours near the gamut's edge clip inside a camera, and highlights are protected: stay within the midtones.
    image = photograph() * np.float32(0.5) + np.float32(0.2)
    development = Development(camera, 2.1, 1.6)
    returned = process(unprocess(image, development), development)
    assert np.abs(returned - image).mean() < 0.004
    assert np.quantile(np.abs(returned - image), 0.95) < 0.01


def test_a_gray_picture_has_equal_raw_channels_after_white_balance() -> None:
    development = Development()
    raw = unprocess(flat(0.5, 8), development) * development.gains
    np.testing.assert_allclose(raw, raw[0, 0, 0], rtol=1e-3)


def test_demosaicking_a_smooth_picture_returns_it() -> None:
    smooth = cv2.GaussianBlur(photograph(), (0, 0), 4)
    assert np.abs(demosaic(mosaic(smooth)) - smooth).mean() < 0.004
    constant = np.broadcast_to(np.array([0.2, 0.5, 0.7], np.float32), (9, 12, 3)).copy()
    np.testing.assert_allclose(demosaic(mosaic(constant)), constant, atol=1e-6)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_bicubic_shrinking_equals_pillow(factor: int) -> None:
    # Of low contrast, because Pillow clips overshoots between its two passes over an 8-bit picture, and rounds there.
    image = data.astronaut()[:480, :480] // 2 + 64
    expected = pillow.fromarray(image).resize((480 // factor, 480 // factor), pillow.Resampling.BICUBIC)
    degraded = downscale((image / np.float32(255)).astype(np.float32), factor=factor, method="bicubic", rng=rng())
    assert np.abs(degraded * 255 - np.asarray(expected, np.float32)).max() <= 1.01


def test_shrinking_rounds_sizes_up_and_keeps_the_mean() -> None:
    image = photograph()[:101, :203]
    degraded = downscale(image, factor=4, method="area", rng=rng())
    assert degraded.shape == (26, 51, 3)
    assert degraded.mean() == pytest.approx(image.mean(), abs=5e-3)


def test_gray_is_the_luma_in_three_equal_channels() -> None:
    gray = grayscale(photograph(), strength=1.0, rng=rng())
    np.testing.assert_array_equal(gray[:, :, 0], gray[:, :, 2])
    np.testing.assert_allclose(gray[:, :, 0], photograph() @ np.array([0.299, 0.587, 0.114]), atol=1e-5)


def test_jpeg_is_that_of_the_library_and_blocks_grow_with_its_loss() -> None:
    image = photograph()
    coded = cv2.imencode(".jpg", data.astronaut()[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 30])[1]
    expected = cv2.imdecode(coded, cv2.IMREAD_COLOR)[:, :, ::-1]
    np.testing.assert_allclose(jpeg(image, quality=30, subsampled=True, rng=rng()) * 255, expected, atol=1e-3)
    assert double_jpeg(image, quality=20, second_quality=90, shift=3, subsampled=True, rng=rng()).shape == image.shape


def test_pictures_longer_than_a_codec_allows_are_coded_in_pieces() -> None:
    long = np.tile(photograph()[:8], (1, 34, 1))
    assert long.shape[1] > 16383
    degraded = webp(long, quality=50, rng=rng())
    assert degraded.shape == long.shape
    assert 0 < np.abs(degraded - long).mean() < 0.1


def test_posterisation_leaves_the_levels_it_says() -> None:
    assert len(np.unique(posterisation(photograph(), levels=6, rng=rng()))) == 6


def test_halftone_dots_keep_the_tone_on_average() -> None:
    for value in (0.3, 0.5, 0.7):
        dots = halftone(flat(value), pitch=15.0, strength=1.0, angle=20.0, colour=True, rng=rng())
        assert dots.mean() == pytest.approx(value, abs=0.08)
        assert dots.std() > 0.2


def test_a_wave_has_the_period_it_says() -> None:
    line = wave((1, 1000), 25.0, 0.0)[0]
    assert np.argmax(np.abs(np.fft.rfft(line))) == 40


def test_smooth_fields_look_the_same_at_every_resolution() -> None:
    small = smooth_field((100, 140), rng(5), cells=4, octaves=1)
    large = smooth_field((400, 560), rng(5), cells=4, octaves=1)
    shrunk = cv2.resize(large, (140, 100), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(small.ravel(), shrunk.ravel())[0, 1] > 0.99


def test_a_stroke_covers_its_area() -> None:
    mask = np.zeros((100, 200), np.float32)
    path = np.stack([np.arange(20, 180, 0.5), np.full(320, 50.3)], axis=1)
    stroke(mask, path, np.full(320, 4.0), np.ones(320), rng(), ragged=0.0)
    assert mask.sum() == pytest.approx(160 * 4.0, rel=0.02)
    assert settle(mask).max() <= 1.0


def test_keys_are_pinned_so_that_old_traces_stay_valid() -> None:
    assert philox_key("a", "bc") != philox_key("ab", "c")
    assert philox_key("pinned", 1) == "744ba3730bd6c51a17dd36726a4b077a"
    assert generator(philox_key("pinned", 1)).integers(0, 65536, 4, dtype=np.uint16).tolist() == [
        48424,
        14252,
        1864,
        59420,
    ]
