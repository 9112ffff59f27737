import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.errors import MisuseError
from pipelines.dataset.options import BuildOptions, FailureLimit, parse_limit
from pipelines.dataset.size import Size, parse_size, views

OPTIONS = {"recipes": ("denoise",), "images": "in", "data_dir": "out"}


def rng():
    return np.random.default_rng(0)


def picture(height, width):
    return rng().integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("text", ["whole", "resize:512", "random:64", "random:64x5", "grid:96"])
def test_a_size_is_written_as_it_was_read(text):
    assert str(parse_size(text)) == text


@pytest.mark.parametrize("text", ["", "wide", "whole:3", "resize", "grid:64x2", "random:7", "random:64x0", "crop:64"])
def test_what_is_no_size_is_refused_with_the_received_text(text):
    with pytest.raises(MisuseError) as caught:
        parse_size(text)
    assert caught.value.received == text


@given(st.integers(16, 90), st.integers(16, 90), st.sampled_from(["random:16x3", "grid:16"]))
def test_crops_lie_inside_and_say_where(height, width, text):
    image, size = picture(height, width), parse_size(text)
    found = list(views(image, size, rng()))
    assert len(found) == size.views_of(width, height)
    for suffix, crop in found:
        top, left, *sides = map(int, suffix[1:].split(","))
        assert sides == [16, 16]
        assert np.array_equal(crop, image[top : top + 16, left : left + 16])


def test_grid_crops_do_not_overlap():
    places = [suffix for suffix, _ in views(picture(70, 50), Size("grid", 16), rng())]
    tops_and_lefts = [tuple(map(int, place[1:].split(",")))[:2] for place in places]
    assert len(places) == 12
    assert {(top - 3) % 16 for top, _ in tops_and_lefts} == {0}
    assert {(left - 1) % 16 for _, left in tops_and_lefts} == {0}


@pytest.mark.parametrize(("shape", "expected"), [((100, 400), (16, 64)), ((400, 3), (64, 1)), ((20, 30), (20, 30))])
def test_resizing_reduces_to_the_longer_side_and_never_enlarges(shape, expected):
    ((suffix, image),) = views(picture(*shape), Size("resize", 64), rng())
    assert (suffix, image.shape[:2]) == ("", expected)


def test_a_whole_picture_is_passed_on_untouched():
    image = picture(5, 7)
    assert next(views(image, Size(), rng()))[1] is image


@pytest.mark.parametrize(
    ("text", "failed", "exceeded"),
    [("", 100, False), ("0", 0, False), ("0", 1, True), ("5", 5, False), ("10%", 10, False), ("10%", 11, True)],
)
def test_a_failure_limit_counts_or_takes_a_share(text, failed, exceeded):
    assert parse_limit(text).exceeded(failed, 100) is exceeded


def test_no_limit_is_the_empty_text():
    assert parse_limit("") == FailureLimit()


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipes": ()},
        {"recipes": "denoise"},
        {"recipes": ("denoise", "denoise")},
        {"images": ""},
        {"variants": 0},
        {"format": "zip"},
        {"shard_mb": 0},
        {"test_fraction": 1.0},
        {"max_failures": "-1"},
        {"max_failures": "101%"},
        {"size": "huge"},
        {"workers": 0},
        {"runner": "spark"},
    ],
)
def test_a_build_refuses_nonsense_at_birth(wrong):
    with pytest.raises(MisuseError):
        BuildOptions(**{**OPTIONS, **wrong})


def test_options_report_and_door_are_imported_without_the_frameworks():
    code = (
        "import sys, pipelines.dataset.options, tfds_builders.report, tfds_builders.build;"
        "print({'apache_beam', 'tensorflow', 'tensorflow_datasets', 'keras'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
