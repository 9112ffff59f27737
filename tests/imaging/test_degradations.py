"""The laws that every degradation obeys, driven from the catalogue itself."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from imaging.degradations import DEGRADATIONS, Degradation, degrade_at, require_image
from imaging.degradations.parameters import Parameters
from imaging.errors import MisuseError

ALL = sorted(DEGRADATIONS)
MASKED = [name for name in ALL if DEGRADATIONS[name].masks]
RANGES = [
    (entry.parameters, field)
    for entry in DEGRADATIONS.values()
    for field in entry.parameters.model_fields
    if field.endswith("_range")
]


def photograph(height: int = 120, width: int = 157) -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:height, 100 : 100 + width] / np.float32(255), dtype=np.float32)


def random_picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).random((height, width, 3), dtype=np.float32)


def psnr(image: np.ndarray, other: np.ndarray) -> float:
    return float(-10 * np.log10(max(np.mean((image - other) ** 2), 1e-12)))


def same_size(name: str, severity: int, image: np.ndarray) -> tuple[int, ...]:
    if not DEGRADATIONS[name].resizes:
        return image.shape
    factor = DEGRADATIONS[name].severities[severity - 1]["factor"]
    return (-(-image.shape[0] // factor), -(-image.shape[1] // factor), 3)


@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("name", ALL)
def test_it_returns_a_float32_picture_in_range_and_leaves_its_input_alone(name: str, severity: int) -> None:
    image = photograph()
    before = image.copy()
    degraded, mask, drawn = degrade_at(name, image, severity, np.random.default_rng(severity))
    assert degraded.dtype == np.float32
    assert degraded.shape == same_size(name, severity, image)
    assert degraded.min() >= 0.0 and degraded.max() <= 1.0
    np.testing.assert_array_equal(image, before)
    assert not np.shares_memory(degraded, image)
    assert json.loads(json.dumps(drawn)) == drawn
    assert (mask is not None) == DEGRADATIONS[name].masks


@pytest.mark.parametrize("name", ALL)
def test_the_same_generator_gives_the_same_bytes_and_another_gives_others(name: str) -> None:
    image, entry = photograph(), DEGRADATIONS[name]
    runs = [degrade_at(name, image, 4, np.random.Generator(np.random.Philox(key=key))) for key in (7, 7, 8)]
    assert runs[0][0].tobytes() == runs[1][0].tobytes()
    assert runs[0][2] == runs[1][2]
    draws = [entry.parameters().draw(np.random.default_rng(seed)) for seed in (1, 2)]
    assert draws[0] != draws[1] or name in ("downscale", "grayscale")


@pytest.mark.parametrize("name", [name for name in ALL if DEGRADATIONS[name].weakest is not None])
def test_the_weakest_setting_is_close_to_identity(name: str) -> None:
    image, entry = photograph(), DEGRADATIONS[name]
    rng = np.random.default_rng(3)
    assert entry.weakest is not None
    degraded, mask = entry.apply(image, entry.parameters().draw(rng) | entry.weakest, rng)
    # A mosaic loses fine detail even without noise.
    assert psnr(degraded, image) > (25 if name == "low_photon" else 35)
    assert mask is None or not mask.any()


@pytest.mark.parametrize("name", [name for name in ALL if not DEGRADATIONS[name].resizes])
def test_five_severities_grow_worse(name: str) -> None:
    image = photograph(200, 256)
    scores = [
        np.mean([psnr(degrade_at(name, image, level, np.random.default_rng(seed))[0], image) for seed in range(8)])
        for level in range(1, 6)
    ]
    assert scores[0] > scores[2] > scores[4]
    assert np.all(np.diff(scores) < 1.0), scores


@pytest.mark.parametrize("name", MASKED)
def test_a_mask_covers_exactly_the_changed_pixels(name: str) -> None:
    image = random_picture(150, 200) * np.float32(0.2) + np.float32(0.45)
    degraded, mask, _ = degrade_at(name, image, 4, np.random.default_rng(11))
    assert mask is not None and mask.dtype == np.float32 and mask.shape == image.shape[:2]
    assert mask.min() >= 0.0 and 0.0 < mask.max() <= 1.0
    changed = np.any(degraded != image, axis=2)
    assert not changed[mask == 0].any(), "a pixel outside the mask changed"
    assert changed[mask > 0].mean() > 0.99, "the mask claims pixels that did not change"


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=8, deadline=None)
@given(height=st.integers(1, 300), width=st.integers(1, 300), level=st.integers(1, 5), gray=st.booleans())
def test_any_size_from_one_pixel_up_works(name: str, height: int, width: int, level: int, gray: bool) -> None:
    image = random_picture(height, width)
    if gray:
        image = np.repeat(image[:, :, :1], 3, axis=2)
    degraded, mask, _ = degrade_at(name, image, level, np.random.default_rng(5))
    assert degraded.shape == same_size(name, level, image)
    assert degraded.min() >= 0.0 and degraded.max() <= 1.0
    assert mask is None or mask.shape == image.shape[:2]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("shape", [(1, 1), (37, 53), (1, 64), (64, 1)])
def test_the_awkward_sizes_work(name: str, shape: tuple[int, int]) -> None:
    degraded, _, _ = degrade_at(name, random_picture(*shape), 5, np.random.default_rng(1))
    assert np.isfinite(degraded).all()


@pytest.mark.parametrize("name", ALL)
def test_black_and_white_pictures_stay_in_range(name: str) -> None:
    for value in (0.0, 1.0):
        degraded, _, _ = degrade_at(name, np.full((40, 40, 3), value, np.float32), 5, np.random.default_rng(2))
        assert degraded.min() >= 0.0 and degraded.max() <= 1.0


@pytest.mark.parametrize("name", ALL)
def test_it_needs_at_most_four_more_copies_of_the_picture(name: str) -> None:
    image = np.repeat(np.repeat(photograph(), 8, axis=0), 8, axis=1)
    degrade_at(name, image[:64, :64].copy(), 3, np.random.default_rng(1))
    tracemalloc.start()
    try:
        degrade_at(name, image, 3, np.random.default_rng(1))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 4.1 * image.nbytes, f"{peak / image.nbytes:.1f} copies"


@pytest.mark.parametrize("name", ALL)
def test_it_is_documented_with_physics_and_levels(name: str) -> None:
    entry = DEGRADATIONS[name]
    assert (entry.function.__doc__ or "").startswith("Return ")
    assert entry.parameters.__doc__ and entry.summary
    drawn = entry.parameters().draw(np.random.default_rng(0))
    for level in (*entry.severities, entry.weakest or {}):
        assert set(level) <= set(drawn)


@pytest.mark.parametrize(("parameters", "field"), RANGES, ids=lambda value: getattr(value, "__name__", value))
def test_nonsense_in_a_range_is_refused_with_the_field_what_came_and_what_is_allowed(
    parameters: type[Parameters], field: str
) -> None:
    low, high = parameters.model_fields[field].json_schema_extra["within"]  # type: ignore[index,call-overload]
    wrong = [(high, low), (low - 1, high), (low, high + 1), (float("nan"), high), ("a", "b"), (low,), 3, None]
    for value in wrong:
        with pytest.raises(MisuseError) as refusal:
            parameters(**{field: value})
        message = str(refusal.value)
        assert f"{field} of {parameters.__name__} is a pair" in message
        assert f"{low:g} <= low <= high <= {high:g}" in message
        assert str(value) in message


def test_unknown_fields_are_refused_with_the_known_ones() -> None:
    with pytest.raises(MisuseError, match=r"Scratches takes count_range, .*Received: depht_range"):
        DEGRADATIONS["scratches"].parameters(depht_range=(0, 1))


def test_choices_and_chances_are_checked_too() -> None:
    with pytest.raises(MisuseError, match="method_choices of Downscale is a non-empty list out of bicubic, area"):
        DEGRADATIONS["downscale"].parameters(method_choices=["nearest"])
    with pytest.raises(MisuseError, match="gray_probability of GaussianNoise is a number from 0 to 1"):
        DEGRADATIONS["gaussian_noise"].parameters(gray_probability=1.5)


def test_parameters_are_frozen() -> None:
    parameters = DEGRADATIONS["jpeg"].parameters()
    with pytest.raises(ValueError, match="frozen"):
        parameters.quality_range = (1, 2)  # type: ignore[attr-defined]


def test_draws_fill_their_ranges_and_logarithmic_ones_evenly_in_the_logarithm() -> None:
    rng = np.random.default_rng(0)
    entry: Degradation = DEGRADATIONS["low_photon"]
    photons = np.array([entry.parameters(photons_range=(10, 1000)).draw(rng)["photons"] for _ in range(2000)])
    assert photons.min() >= 10 and photons.max() <= 1000
    assert np.median(photons) == pytest.approx(100, rel=0.15)
    quality = [DEGRADATIONS["jpeg"].parameters(quality_range=(10, 12)).draw(rng)["quality"] for _ in range(100)]
    assert set(quality) == {10, 11, 12}


@pytest.mark.parametrize(
    ("image", "received"),
    [
        (np.zeros((4, 4, 3)), "float64 of shape"),
        (np.zeros((4, 4), np.float32), r"float32 of shape \(4, 4\)"),
        (np.zeros((0, 4, 3), np.float32), r"\(0, 4, 3\)"),
        (np.full((4, 4, 3), np.nan, np.float32), "nan"),
        (np.full((4, 4, 3), 1.5, np.float32), "to 1.5"),
        (np.full((4, 4, 3), -0.5, np.float32), "from -0.5"),
        (np.zeros((4, 4, 3), np.uint8), "uint8"),
    ],
)
def test_what_is_no_picture_is_refused(image: np.ndarray, received: str) -> None:
    with pytest.raises(MisuseError, match=received):
        require_image(image)


def test_rounding_beyond_the_range_is_clipped_and_not_refused() -> None:
    image = np.full((4, 4, 3), 1.0000002, np.float32)
    assert require_image(image).max() == 1.0
    fine = photograph()
    assert require_image(fine) is fine


def test_unknown_names_and_severities_are_refused() -> None:
    with pytest.raises(MisuseError, match=r"one of anisotropic_blur, .*Received: blurr"):
        degrade_at("blurr", photograph(), 1, np.random.default_rng(0))
    with pytest.raises(MisuseError, match=r"from 1 to 5\. Received: 6"):
        degrade_at("jpeg", photograph(), 6, np.random.default_rng(0))
