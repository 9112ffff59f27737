import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dataset.likeness import groups, near_any, near_pairs, telling
from pipelines.dataset.options import BuildOptions
from pipelines.dataset.plan import SPLITS, assign_splits, differences, make_plan
from pipelines.dataset.scan import Scanned
from pipelines.dataset.sources import Listed

RECIPE = ("denoise", "digest")


def options(**changes):
    return BuildOptions(**{"recipes": ("denoise",), "images": "in", "data_dir": "out", **changes})


def telling_hash(rng):
    bits = np.zeros(64, np.uint8)
    bits[rng.permutation(64)[:32]] = 1
    return np.packbits(bits).tobytes().hex()


def flipped(phash, *bits):
    return f"{int(phash, 16) ^ sum(1 << int(bit) for bit in bits):016x}"


def scanned(count, **changes):
    rng = np.random.default_rng(1)
    return [
        dataclasses.replace(
            Scanned(Listed(f"{i:03d}", f"/in/{i}"), 640, 480, 100_000, f"{i:064d}", telling_hash(rng)), **changes
        )
        for i in range(count)
    ]


def split_of(plan):
    return {image.key: shard.split for shard in plan.shards for image in shard.images}


def test_every_picture_is_planned_once():
    plan = make_plan(scanned(100), options(), RECIPE)
    keys = [image.key for shard in plan.shards for image in shard.images]
    assert sorted(keys) == [f"{i:03d}" for i in range(100)]
    assert plan.planned == plan.inputs == 100


@pytest.mark.parametrize("count", [3, 4, 20])
def test_three_works_are_enough_for_three_splits(count):
    assert set(split_of(make_plan(scanned(count), options(), RECIPE)).values()) == set(SPLITS)


@pytest.mark.parametrize("count", [1, 2])
def test_a_picture_or_two_are_for_training(count):
    assert "train" in split_of(make_plan(scanned(count), options(), RECIPE)).values()


def test_a_split_without_share_stays_empty():
    plan = make_plan(scanned(50), options(validation_fraction=0, test_fraction=0), RECIPE)
    assert set(split_of(plan).values()) == {"train"}


def test_splits_have_about_their_shares():
    splits = list(split_of(make_plan(scanned(1000), options(validation_fraction=0.2), RECIPE)).values())
    assert 150 < splits.count("validation") < 250
    assert 30 < splits.count("test") < 70


def test_a_picture_stays_in_its_split_when_others_come():
    few, many = (split_of(make_plan(scanned(count), options(), RECIPE)) for count in (200, 400))
    assert all(many[key] == split for key, split in few.items())


def test_splits_do_not_depend_on_recipe_or_seed():
    one = make_plan(scanned(100), options(), RECIPE)
    other = make_plan(scanned(100), options(seed=7), ("jpeg", "other"))
    assert split_of(one) == split_of(other)


@given(
    st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40),
    st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=5),
)
def test_no_work_and_no_pair_of_look_alikes_is_in_two_splits(works, pairs):
    pairs = [(left, right) for left, right in pairs if max(left, right) < len(works)]
    splits = assign_splits(works, pairs, options(validation_fraction=0.3, test_fraction=0.3))
    assert all(splits[works.index(work)] == split for work, split in zip(works, splits, strict=True))
    assert all(splits[left] == splits[right] for left, right in pairs)


def test_near_duplicates_by_hash_and_by_the_crawl_s_clusters_stay_together():
    pictures = scanned(60)
    for index in range(0, 60, 3):
        twin = flipped(pictures[index].phash, 1, 33, 50)
        pictures[index + 1] = dataclasses.replace(pictures[index + 1], phash=twin)
        for place in (index, index + 2):
            listed = dataclasses.replace(pictures[place].listed, cluster=f"cluster {index}")
            pictures[place] = dataclasses.replace(pictures[place], listed=listed)
    split = split_of(make_plan(pictures, options(validation_fraction=0.3, test_fraction=0.3), RECIPE))
    assert all(len({split[f"{i + j:03d}"] for j in range(3)}) == 1 for i in range(0, 60, 3))
    assert len(set(split.values())) == 3


def test_what_cannot_be_used_is_told_with_its_reason():
    pictures = scanned(10)
    pictures[1] = dataclasses.replace(pictures[1], sha256=pictures[0].sha256)
    pictures[2] = dataclasses.replace(pictures[2], reason="truncated", detail="ends early")
    pictures[3] = dataclasses.replace(pictures[3], height=12)
    benchmark = dataclasses.replace(scanned(1)[0], phash=flipped(pictures[4].phash, 3))
    plan = make_plan(pictures, options(), RECIPE, [benchmark])
    reasons = {rejection.key: rejection.reason for rejection in plan.rejections}
    assert reasons == {"001": "duplicate", "002": "truncated", "003": "too-small", "004": "excluded"}
    assert plan.planned + len(plan.rejections) == plan.inputs == 10
    assert [rejection.key for rejection in plan.rejections if rejection.failed] == ["002"]


def test_crops_need_pictures_that_are_large_enough():
    plan = make_plan(scanned(5), options(size="random:481"), RECIPE)
    assert {rejection.reason for rejection in plan.rejections} == {"too-small"}


def test_shards_have_about_the_wished_size():
    plan = make_plan(scanned(300, width=1000, height=1000), options(shard_mb=20), RECIPE)
    sizes = [len(shard.images) for shard in plan.shards if shard.split == "train"]
    assert max(sizes) - min(sizes) <= 1
    assert 5 <= max(sizes) <= 20


def test_shards_are_named_as_tfds_names_them():
    (shard, *_) = make_plan(scanned(1), options(format="array_record"), RECIPE).shards
    assert shard.name == "restoration_pairs-train.array_record-00000-of-00001"


def test_a_plan_is_the_same_wherever_the_pictures_lie():
    here = scanned(30)
    there = [dataclasses.replace(one, listed=dataclasses.replace(one.listed, path="/there")) for one in here]
    assert make_plan(here, options(), RECIPE).identity == make_plan(there, options(), RECIPE).identity


@pytest.mark.parametrize(
    ("name", "changes"), [("seed", {"seed": 1}), ("variants", {"variants": 2}), ("size", {"size": "resize:64"})]
)
def test_a_changed_option_is_told_by_name(name, changes):
    old = make_plan(scanned(9), options(), RECIPE).identity
    new = make_plan(scanned(9), options(**changes), RECIPE).identity
    assert [told.split()[0] for told in differences(old, new)] == [name]


def test_changed_inputs_and_recipes_are_told():
    old = make_plan(scanned(9), options(), RECIPE).identity
    new = make_plan(scanned(10), options(), ("denoise", "another")).identity
    assert [told.split(" was ")[0] for told in differences(old, new)] == ["recipe digest", "inputs"]


def test_the_identity_can_be_stored_as_json():
    identity = make_plan(scanned(3), options(), RECIPE).identity
    assert json.loads(json.dumps(identity)) == identity


def test_near_pairs_finds_what_comparing_each_with_each_finds():
    rng = np.random.default_rng(0)
    hashes = [telling_hash(rng) for _ in range(60)]
    hashes += [flipped(hashes[i], *rng.permutation(64)[: i % 9]) for i in range(60)]
    told = [i for i, value in enumerate(hashes) if telling(value)]
    slow = [(i, j) for i in told for j in told if i < j and (int(hashes[i], 16) ^ int(hashes[j], 16)).bit_count() <= 6]
    assert groups(120, near_pairs(hashes)) == groups(120, slow)


def test_flat_pictures_are_not_taken_for_each_other():
    assert list(near_pairs(["8000000000000000"] * 3)) == []
    assert near_any(["8000000000000000"], ["8000000000000000"]) == {}


def test_near_any_names_the_nearest():
    rng = np.random.default_rng(0)
    known = [telling_hash(rng) for _ in range(5)]
    assert near_any([telling_hash(rng), flipped(known[3], 7)], known) == {1: 3}
