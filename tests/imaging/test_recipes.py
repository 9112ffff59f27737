"""Recipes: shipped ones are valid, plans are deterministic, traces replay, errors name the field."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage import data

from imaging.degradations import DEGRADATIONS
from imaging.errors import MisuseError
from imaging.recipes import Recipe, get_recipe, list_recipes, parse_recipe, replay

SHIPPED = (
    "art-restoration",
    "colorize",
    "deblur",
    "denoise",
    "exposure",
    "jpeg",
    "low-light",
    "low-photon",
    "old-photo",
    "super-resolution-x2",
    "super-resolution-x4",
)


def photograph(height: int = 96, width: int = 120) -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:height, 100 : 100 + width] / np.float32(255), dtype=np.float32)


def recipe(*steps: dict[str, Any], **fields: Any) -> Recipe:
    return parse_recipe({"name": "mine", "steps": list(steps)} | fields)


def names(mine: Recipe, **key: Any) -> list[str]:
    return [step["name"] for step in mine.plan(**key)["steps"]]


def test_the_shipped_recipes_are_those_that_presets_go_with() -> None:
    assert list_recipes() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_degrades_and_its_trace_replays_to_the_byte(name: str) -> None:
    image, shipped = photograph(), get_recipe(name)
    assert shipped.name == name and shipped.summary
    for key in ("a", "b", "c"):
        degraded, trace = shipped.apply(image, key=key, seed=3)
        assert degraded.dtype == np.float32
        assert degraded.shape == (96 // shipped.scale, 120 // shipped.scale, 3)
        assert degraded.min() >= 0 and degraded.max() <= 1
        stored = json.loads(json.dumps(trace))
        assert stored == trace
        assert replay(image, stored).tobytes() == degraded.tobytes()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_recipe_differs_by_key_seed_and_variant_and_by_nothing_else(name: str) -> None:
    image, shipped = photograph(), get_recipe(name)
    same = [shipped.apply(image, key="k", seed=1, variant=2)[0].tobytes() for _ in range(2)]
    assert same[0] == same[1]
    others = [
        shipped.plan(key="l", seed=1, variant=2),
        shipped.plan(key="k", seed=2, variant=2),
        shipped.plan(key="k", seed=1, variant=3),
    ]
    keys = {step["philox"] for trace in (shipped.plan(key="k", seed=1, variant=2), *others) for step in trace["steps"]}
    assert len(keys) == sum(len(trace["steps"]) for trace in others) + len(
        shipped.plan(key="k", seed=1, variant=2)["steps"]
    )


@pytest.mark.parametrize("name", ["denoise", "art-restoration", "old-photo", "low-light"])
def test_a_recipe_survives_pickling_to_a_worker(name: str) -> None:
    shipped = get_recipe(name)
    copy = pickle.loads(pickle.dumps(shipped))
    assert copy == shipped and copy.digest == shipped.digest
    assert copy.plan(key="a") == shipped.plan(key="a")


PROGRAM = """
import hashlib, sys, numpy as np
from imaging.degradations import DEGRADATIONS, degrade_at
from imaging.recipes import get_recipe
litter = [bytearray(int(sys.argv[1]) * step) for step in range(1, 300)]
image = np.linspace(0, 1, 40 * 50 * 3, dtype=np.float32).reshape(40, 50, 3)
for name in ("denoise", "art-restoration", "old-photo", "low-photon"):
    recipe = get_recipe(name)
    degraded, _ = recipe.apply(image, key="picture", seed=5)
    print(name, recipe.digest, hashlib.sha256(degraded.tobytes()).hexdigest())
for name in DEGRADATIONS:
    degraded, _, _ = degrade_at(name, image, 4, np.random.Generator(np.random.Philox(key=3)))
    print(name, hashlib.sha256(degraded.tobytes()).hexdigest())
"""


def test_every_process_gives_the_same_bytes() -> None:
    # Neither Python's hash seed nor where arrays happen to lie in memory may matter.
    outputs = set()
    for hash_seed in ("0", "123", "77"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", PROGRAM, hash_seed]
        outputs.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(outputs) == 1
    image = np.linspace(0, 1, 40 * 50 * 3, dtype=np.float32).reshape(40, 50, 3)
    here = hashlib.sha256(get_recipe("denoise").apply(image, key="picture", seed=5)[0].tobytes()).hexdigest()
    assert here in outputs.pop()


def test_denoise_meets_all_four_noises_and_covers_their_strengths() -> None:
    traces = [get_recipe("denoise").plan(key=str(key))["steps"] for key in range(400)]
    counts = Counter(steps[0]["name"] for steps in traces)
    assert set(counts) == {"gaussian_noise", "salt_and_pepper", "speckle", "poisson_gaussian"}
    assert min(counts.values()) > 30
    assert all(len(steps) == 1 for steps in traces)
    sigmas = [steps[0]["drawn"]["sigma"] * 255 for steps in traces if steps[0]["name"] == "gaussian_noise"]
    assert min(sigmas) < 3 and max(sigmas) > 52


def test_art_restoration_varies_number_and_order() -> None:
    plans = [names(get_recipe("art-restoration"), key=str(key)) for key in range(200)]
    assert {len(plan) for plan in plans} == {2, 3, 4, 5}
    assert any(
        plan.index("water_spill") < plan.index("scratches") for plan in plans if {"water_spill", "scratches"} <= {*plan}
    )
    assert any(
        plan.index("water_spill") > plan.index("scratches") for plan in plans if {"water_spill", "scratches"} <= {*plan}
    )


@pytest.mark.parametrize(("name", "masked"), [("art-restoration", True), ("old-photo", True), ("denoise", False)])
def test_masks_exist_where_there_is_surface_damage(name: str, masked: bool) -> None:
    shipped = get_recipe(name)
    assert shipped.masks is masked
    results = [shipped.degrade(photograph(), key=str(key)) for key in range(12)]
    assert any(result.mask is not None for result in results) is masked
    for result in results:
        damaged = any(DEGRADATIONS[step["name"]].masks for step in result.trace["steps"])
        assert (result.mask is not None) == damaged
        if result.mask is not None:
            assert result.mask.shape == result.image.shape[:2] and result.mask.dtype == np.float32


def test_masks_of_several_damages_are_united_and_follow_a_change_of_size() -> None:
    damaged = recipe({"name": "scratches"}, {"name": "water_spill"}, {"name": "downscale"})
    result = damaged.degrade(photograph(), key="a")
    assert result.mask is not None and result.mask.shape == (48, 60)
    assert 0 < result.mask.max() <= 1


def test_probability_zero_never_runs_and_one_always_does() -> None:
    mine = recipe({"name": "jpeg", "probability": 0.0}, {"name": "speckle"}, {"name": "sepia", "probability": 0.5})
    plans = [names(mine, key=str(key)) for key in range(300)]
    assert not any("jpeg" in plan for plan in plans)
    assert all(plan[0] == "speckle" for plan in plans)
    assert np.mean(["sepia" in plan for plan in plans]) == pytest.approx(0.5, abs=0.08)


def test_one_of_follows_its_weights() -> None:
    mine = recipe({"one_of": [{"name": "jpeg", "weight": 3}, {"name": "speckle"}]})
    share = np.mean([names(mine, key=str(key)) == ["jpeg"] for key in range(600)])
    assert share == pytest.approx(0.75, abs=0.06)


def test_fixed_order_is_kept_and_shuffled_order_varies_around_pinned_steps() -> None:
    steps = [{"name": "speckle"}, {"name": "sepia"}, {"name": "stain"}, {"name": "jpeg", "pinned": True}]
    fixed = recipe(*steps, count=[2, 3])
    order = ["speckle", "sepia", "stain", "jpeg"]
    for key in range(50):
        plan = names(fixed, key=str(key))
        assert plan == sorted(plan, key=order.index)
    shuffled = [tuple(names(recipe(*steps, order="shuffled"), key=str(key))) for key in range(200)]
    assert len(set(shuffled)) == 6
    assert all(plan[-1] == "jpeg" for plan in shuffled)


def test_a_second_order_recipe_runs_twice_with_fresh_draws() -> None:
    steps = recipe({"name": "gaussian_noise"}, {"name": "jpeg"}, repeat=2).plan(key="a")["steps"]
    assert [step["name"] for step in steps] == ["gaussian_noise", "jpeg"] * 2
    assert steps[0]["drawn"] != steps[2]["drawn"] and steps[0]["philox"] != steps[2]["philox"]


def test_without_clipping_noise_leaves_the_range_and_still_replays() -> None:
    image = photograph()
    mine = recipe({"name": "gaussian_noise", "parameters": {"sigma_range": [0.2, 0.2]}})
    free = mine.degrade(image, key="a", clip=False)
    assert free.image.min() < 0 and free.image.max() > 1
    np.testing.assert_array_equal(np.clip(free.image, 0, 1), mine.degrade(image, key="a").image)
    assert replay(image, json.loads(json.dumps(free.trace))).tobytes() == free.image.tobytes()


def test_the_digest_follows_content_and_not_words() -> None:
    plain = recipe({"name": "jpeg"})
    assert plain.digest == recipe({"name": "jpeg", "probability": 1}, summary="Words.").digest
    assert plain.digest == recipe({"name": "jpeg", "parameters": {"quality_range": [10, 90]}}).digest
    assert plain.digest != recipe({"name": "jpeg", "parameters": {"quality_range": [10, 91]}}).digest
    assert len(plain.digest) == 64


def test_scale_multiplies() -> None:
    twice = {"name": "downscale"}
    assert recipe(twice, {"name": "jpeg"}, twice).scale == 4
    assert recipe({"name": "jpeg"}).scale == 1


def test_a_recipe_of_ones_own_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "faded-slides.yaml"
    path.write_text("name: faded-slides\nsteps:\n  - {name: fading, parameters: {dye_choices: [cyan]}}\n")
    mine = get_recipe(path)
    assert mine.name == "faded-slides"
    assert mine.plan(key="a")["steps"][0]["drawn"]["dye"] == "cyan"


BAD = [
    ({"name": "x"}, "steps: Field required"),
    ({"name": "x", "steps": []}, r"steps: .*at least 1 item.*Received: \[\]"),
    ({"name": "X y", "steps": [{"name": "jpeg"}]}, "name: String should match.*Received: 'X y'"),
    ({"name": "x", "steps": [{"name": "jpg"}]}, "A degradation is one of anisotropic_blur, .*Received: jpg"),
    (
        {"name": "x", "steps": [{"name": "jpeg", "probability": 1.5}]},
        r"steps\.0\.probability: .*equal to 1.*Received: 1.5",
    ),
    ({"name": "x", "steps": [{"name": "jpeg", "chance": 1}]}, r"steps\.0\.chance: .*Received: 1"),
    ({"name": "x", "steps": [{"one_of": []}]}, r"steps\.0\.one_of: .*at least 1 item"),
    ({"name": "x", "steps": [{"one_of": [{"name": "jpeg", "weight": 0}]}]}, r"one_of\.0\.weight: .*greater than 0"),
    ({"name": "x", "steps": [7]}, r"steps\.0: .*Received: 7"),
    ({"name": "x", "order": "random", "steps": [{"name": "jpeg"}]}, "order: .*'fixed' or 'shuffled'.*'random'"),
    ({"name": "x", "count": [0, 2], "steps": [{"name": "jpeg"}]}, r"0 <= least <= most <= 1.*Received: \[0, 2\]"),
    ({"name": "x", "repeat": 0, "steps": [{"name": "jpeg"}]}, "repeat: .*equal to 1.*Received: 0"),
    (
        {"name": "x", "steps": [{"name": "jpeg", "parameters": {"quality_range": [90, 10]}}]},
        r"quality_range of Jpeg is a pair .*1 <= low <= high <= 100\. Received: quality_range: \[90, 10\]",
    ),
    (
        {"name": "x", "steps": [{"name": "jpeg", "parameters": {"quality_range": [float("nan"), 10]}}]},
        "finite numbers.*Received: .*nan",
    ),
    ({"name": "x", "steps": [{"name": "downscale", "probability": 0.5}]}, "changes the size runs always.*downscale"),
    (
        {"name": "x", "steps": [{"name": "downscale", "parameters": {"factor_range": [2, 4]}}]},
        "by one factor",
    ),
]


@pytest.mark.parametrize(("content", "message"), BAD, ids=range(len(BAD)))
def test_what_is_no_recipe_is_refused_in_one_sentence(content: dict[str, Any], message: str) -> None:
    with pytest.raises(MisuseError, match=message) as refusal:
        parse_recipe(content, where="my.yaml")
    assert str(refusal.value).startswith("my.yaml: ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [unclosed", "A recipe file is YAML"),
        ("- a\n- b\n", "holds a mapping with name and steps. Received: .*list"),
        ("", "holds a mapping"),
        ("\x00", "A recipe file is YAML"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(MisuseError, match=message):
        get_recipe(path)


def test_unknown_names_and_missing_files_are_refused() -> None:
    with pytest.raises(MisuseError, match=r"one of art-restoration, colorize, .*Received: denoize"):
        get_recipe("denoize")
    with pytest.raises(MisuseError, match=r"can be read.*nowhere\.yaml.*No such file"):
        get_recipe("nowhere.yaml")


@pytest.mark.parametrize("trace", [{}, {"format": 99, "steps": []}, {"format": 1}])
def test_what_is_no_trace_is_refused(trace: dict[str, Any]) -> None:
    with pytest.raises(MisuseError, match=r"A trace is what Recipe\.apply returned"):
        replay(photograph(), trace)


def test_what_is_no_picture_is_refused_before_any_work() -> None:
    with pytest.raises(MisuseError, match="A picture to degrade"):
        get_recipe("denoise").apply(np.full((8, 8, 3), np.nan, np.float32), key="a")
