import hashlib
import json

import cv2
import numpy as np
import pytest
import tensorflow as tf

from imaging.degradations.registry import DEGRADATIONS
from imaging.pixels import to_float
from imaging.recipes import Recipe, get_recipe
from pipelines.dataset.content import keeps_its_bytes
from pipelines.dataset.examples import ImageFailed, Work, image_examples, image_pairs
from pipelines.dataset.plan import PlannedImage
from pipelines.dataset.size import parse_size


def work(recipe="denoise", size="whole", variants=1, seed=0, max_pixels=1 << 20):
    return Work(get_recipe(recipe), seed, variants, parse_size(size), max_pixels)


@pytest.fixture
def planned(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    content = cv2.imencode(".png", pixels)[1].tobytes()
    (tmp_path / "x.png").write_bytes(content)
    return PlannedImage("x", str(tmp_path / "x.png"), hashlib.sha256(content).hexdigest(), licence="CC0-1.0")


def failure(planned, work):
    with pytest.raises(ImageFailed) as caught:
        list(image_examples(planned, work))
    return caught.value.rejection


def test_the_recipe_is_keyed_by_view_and_variant(planned):
    recipe = get_recipe("denoise")
    for pair in image_pairs(planned, work(size="random:16x2", variants=2)):
        trace = recipe.plan(key=pair.key.split("@")[0], seed=0, variant=int("@" in pair.key))
        assert pair.trace == json.loads(json.dumps(trace)) | {"clip": True}


def test_the_same_key_gives_the_same_bytes(planned):
    same = work("art-restoration", "random:16x2")
    assert list(image_examples(planned, same)) == list(image_examples(planned, same))


def test_another_seed_moves_the_crops(planned):
    keys = [{pair.key for pair in image_pairs(planned, work(size="random:16x3", seed=seed))} for seed in (0, 1)]
    assert keys[0] != keys[1]


def test_an_example_holds_what_the_features_say(planned):
    (record,) = image_examples(planned, work("art-restoration"))
    features = tf.train.Example.FromString(record).features.feature
    names = {"attribution", "clean", "degraded", "key", "licence", "mask", "recipe", "trace"}
    assert set(features) == names
    assert features["licence"].bytes_list.value == [b"CC0-1.0"]


def test_degrading_leaves_the_clean_picture_alone(planned):
    for pair in image_pairs(planned, work(variants=3)):
        assert np.array_equal(pair.clean, cv2.imread(planned.path)[:, :, ::-1])


def test_a_file_that_changed_since_the_plan_is_not_used(planned, tmp_path):
    (tmp_path / "x.png").write_bytes((tmp_path / "x.png").read_bytes() + b"more")
    assert failure(planned, work()).reason == "changed"


def test_a_file_that_is_gone_or_too_large_is_told(planned, tmp_path):
    assert failure(planned, work(max_pixels=100)).reason == "too-large"
    (tmp_path / "x.png").unlink()
    assert failure(planned, work()).reason == "missing"


def test_a_recipe_that_fails_on_a_picture_is_that_picture_s_trouble(planned, monkeypatch):
    def fail(*args, **kwargs):
        raise FloatingPointError("divide by zero")

    monkeypatch.setattr(Recipe, "degrade", fail)
    told = failure(planned, work())
    assert (told.reason, told.detail) == ("recipe", "FloatingPointError: divide by zero")


def test_masks_are_there_even_where_nothing_was_damaged(planned):
    undamaged = [
        pair
        for pair in image_pairs(planned, work("art-restoration", variants=12))
        if not any(DEGRADATIONS[step["name"]].masks for step in pair.trace["steps"])
    ]
    assert undamaged
    assert all(pair.mask.shape == (40, 60) and not pair.mask.any() for pair in undamaged)


def encoded(mode, suffix):
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new(mode, (20, 10)).save(out, suffix)
    return out.getvalue()


@pytest.mark.parametrize(
    ("mode", "suffix", "kept"),
    [
        ("RGB", "jpeg", True),
        ("L", "jpeg", True),
        ("CMYK", "jpeg", False),
        ("RGB", "png", True),
        ("L", "png", True),
        ("RGBA", "png", False),
        ("P", "png", False),
        ("1", "png", False),
        ("I;16", "png", False),
        ("RGB", "tiff", False),
        ("RGB", "webp", False),
    ],
)
def test_bytes_are_kept_only_where_a_reader_sees_the_same_picture(mode, suffix, kept):
    content = encoded(mode, suffix)
    assert keeps_its_bytes(content) is kept
    if kept:
        from imaging.files import read_rgb

        decoded = tf.io.decode_image(content, channels=3).numpy()
        assert np.array_equal(to_float(decoded), to_float(read_rgb(content)))
