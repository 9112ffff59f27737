import json
import os

import cv2
import numpy as np
import pytest
import tensorflow_datasets as tfds

from crawler.manifest import ManifestRow, write_parquet
from imaging.errors import ImagicError, MisuseError
from imaging.files import read_rgb
from imaging.pixels import from_float, to_float
from imaging.recipes import get_recipe, list_recipes, replay
from tfds_builders.build import build_dataset, dataset_folder

SPLITS = ["train", "validation", "test"]


def examples(folder, **how):
    builder = tfds.builder_from_directory(str(folder))
    return {
        split: list(tfds.as_numpy(builder.as_dataset(split=split, **how)))
        for split in builder.info.splits
        if builder.info.splits[split].num_examples
    }


def all_examples(folder, **how):
    return [example for split in examples(folder, **how).values() for example in split]


def test_a_folder_becomes_a_dataset_that_tfds_loads_by_name(options, pictures):
    report = build_dataset(options())
    assert report.exit_code == 0
    loaded = tfds.load("restoration_pairs/denoise", data_dir=options().data_dir)
    assert set(loaded) == set(SPLITS)
    found = {example["key"].decode(): example for split in SPLITS for example in tfds.as_numpy(loaded[split])}
    assert sorted(found) == sorted(os.listdir(pictures))
    for key, example in found.items():
        assert np.array_equal(example["clean"], cv2.imread(str(pictures / key))[:, :, ::-1])
        assert example["degraded"].shape == example["clean"].shape
        assert not np.array_equal(example["degraded"], example["clean"])
        assert example["recipe"] == b"denoise"


def test_traces_replay_every_example_to_the_byte(options):
    build_dataset(options(recipes=("art-restoration",), variants=2))
    skip = {"clean": tfds.decode.SkipDecoding()}
    made = all_examples(dataset_folder(options().data_dir, "art-restoration"), decoders=skip)
    assert len(made) == 24
    for example in made:
        again = replay(to_float(read_rgb(example["clean"])), json.loads(example["trace"]))
        assert np.array_equal(from_float(again, np.uint8), example["degraded"])


@pytest.mark.parametrize("recipe", list_recipes())
def test_every_shipped_recipe_builds(options, recipe):
    build_dataset(options(recipes=(recipe,), mode="in_memory"))
    scale, masks = get_recipe(recipe).scale, get_recipe(recipe).masks
    for example in all_examples(dataset_folder(options().data_dir, recipe)):
        height, width = example["degraded"].shape[:2]
        assert example["clean"].shape == (height * scale, width * scale, 3)
        assert ("mask" in example) == masks
        if masks:
            assert example["mask"].shape == (height, width, 1)


def test_a_recipe_of_one_s_own_is_a_path(options, tmp_path):
    own = "name: my-noise\nsteps:\n  - {name: gaussian_noise, parameters: {sigma_range: [0.1, 0.1]}}\n"
    (tmp_path / "any file.yaml").write_text(own)
    report = build_dataset(options(recipes=(str(tmp_path / "any file.yaml"),)))
    assert report.datasets[0].folder == dataset_folder(options().data_dir, "my-noise")
    assert {example["recipe"] for example in all_examples(report.datasets[0].folder)} == {b"my-noise"}


def test_several_recipes_share_one_look_at_the_inputs_and_their_splits(options):
    report = build_dataset(options(recipes=("denoise", "jpeg")))
    folders = [dataset.folder for dataset in report.datasets]
    keys = [{split: {e["key"] for e in made} for split, made in examples(folder).items()} for folder in folders]
    assert keys[0] == keys[1]


def test_variants_differ_and_have_keys_of_their_own(options):
    build_dataset(options(variants=3))
    made = {e["key"].decode(): e["degraded"] for e in all_examples(dataset_folder(options().data_dir, "denoise"))}
    assert len(made) == 36
    one, two = made["0003.png"], made["0003.png@1"]
    assert not np.array_equal(one, two)


def test_another_seed_gives_another_dataset(options, tmp_path, bytes_of):
    first = build_dataset(options()).datasets[0].folder
    second = build_dataset(options(seed=1, data_dir=str(tmp_path / "other"))).datasets[0].folder
    names = [name for name in bytes_of(first) if "tfrecord" in name]
    assert all(bytes_of(first)[name] != bytes_of(second)[name] for name in names)


@pytest.mark.parametrize(("size", "shape", "each"), [("random:16x3", (16, 16, 3), 3), ("grid:20", (20, 20, 3), 6)])
def test_crops_have_their_size_and_number(options, size, shape, each):
    report = build_dataset(options(size=size))
    made = all_examples(report.datasets[0].folder)
    assert len(made) == 12 * each
    assert {example["clean"].shape for example in made} == {shape}
    assert len({example["key"] for example in made}) == 12 * each


def test_resized_pictures_are_stored_reduced(options):
    report = build_dataset(options(size="resize:32"))
    assert {example["clean"].shape for example in all_examples(report.datasets[0].folder)} == {(24, 32, 3)}


def stored_clean(options, path):
    """Build from one file and return the bytes stored as clean."""
    report = build_dataset(options(images=str(path.parent)))
    (example,) = all_examples(report.datasets[0].folder, decoders={"clean": tfds.decode.SkipDecoding()})
    return example["clean"]


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_an_8_bit_original_is_stored_verbatim(options, tmp_path, pictures, suffix):
    path = tmp_path / "one" / f"x{suffix}"
    path.parent.mkdir()
    cv2.imwrite(str(path), cv2.imread(str(pictures / "0000.png")))
    assert stored_clean(options, path) == path.read_bytes()


def test_a_16_bit_original_is_stored_as_8_bit_png(options, tmp_path):
    path = tmp_path / "one" / "x.png"
    path.parent.mkdir()
    deep = np.random.default_rng(0).integers(0, 65536, (20, 30, 3), dtype=np.uint16)
    cv2.imwrite(str(path), deep[:, :, ::-1])
    stored = cv2.imdecode(np.frombuffer(stored_clean(options, path), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(stored[:, :, ::-1], np.rint(deep / 257).astype(np.uint8))


def test_a_turned_original_is_stored_upright(options, tmp_path, pictures):
    from PIL import Image

    path = tmp_path / "one" / "x.jpg"
    path.parent.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(pictures / "0000.png").save(path, exif=exif)
    stored = cv2.imdecode(np.frombuffer(stored_clean(options, path), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(stored[:, :, ::-1], read_rgb(path))
    assert stored.shape == (64, 48, 3)


def test_a_manifest_brings_licence_credit_and_splits_by_work(options, tmp_path, pictures):
    rows = [
        ManifestRow(f"{i:064x}", f"in/{i:04d}.png", "met", str(i // 4), licence="CC-BY-4.0", attribution=f"Painter {i}")
        for i in range(12)
    ]
    write_parquet(rows, tmp_path / "manifest.parquet")
    report = build_dataset(options(images=str(tmp_path / "manifest.parquet")))
    by_split = examples(report.datasets[0].folder)
    works = {split: {int(example["key"], 16) // 4 for example in made} for split, made in by_split.items()}
    assert sorted(works) == sorted(SPLITS)
    assert all(len(by_split[split]) == 4 * len(works[split]) for split in SPLITS)
    for example in by_split["train"]:
        assert example["licence"] == b"CC-BY-4.0"
        assert example["attribution"].decode() == f"Painter {int(example['key'], 16)}"


def test_a_dataset_can_be_the_source_of_another(options, tmp_path):
    first = build_dataset(options()).datasets[0].folder
    second = build_dataset(options(images=str(first), recipes=("jpeg",), data_dir=str(tmp_path / "again"))).datasets[0]
    of_first, of_second = (
        {example["clean"].tobytes() for example in all_examples(folder)} for folder in (first, second.folder)
    )
    assert of_first == of_second


def test_array_record_is_read_by_data_source(options):
    report = build_dataset(options(format="array_record"))
    source = tfds.data_source("restoration_pairs/denoise", data_dir=options().data_dir, split="train")
    assert len(source) == report.datasets[0].splits["train"]
    assert source[len(source) - 1]["degraded"].shape == (48, 64, 3)


def test_one_picture_is_enough(options, tmp_path, pictures):
    (tmp_path / "one").mkdir()
    (pictures / "0000.png").rename(tmp_path / "one" / "0000.png")
    report = build_dataset(options(images=str(tmp_path / "one")))
    assert (report.exit_code, report.datasets[0].splits) == (0, {"train": 1})


def test_a_dry_run_writes_nothing_and_tells_plan_size_and_time(options, tmp_path):
    report = build_dataset(options(dry_run=True, variants=2))
    told = "\n".join(report.lines())
    assert not (tmp_path / "data").exists()
    for word in ("train", "validation", "shards", "examples   24", "MB", "images/s", "no dataset was written"):
        assert word in told


def test_an_estimated_size_is_near_the_real_one(options):
    from imaging.recipes import get_recipe as recipe_of
    from pipelines.dataset.plan import make_plan
    from tfds_builders.build import look_at_inputs
    from tfds_builders.estimate import take_sample

    recipe = recipe_of("denoise")
    plan = make_plan(look_at_inputs(options())[0], options(), (recipe.name, recipe.digest))
    sample = take_sample(plan, recipe, options())
    assert sample.num_bytes == pytest.approx(build_dataset(options()).datasets[0].num_bytes, rel=0.02)


def test_an_unknown_recipe_is_misuse_before_anything_is_read(options):
    with pytest.raises(MisuseError) as caught:
        build_dataset(options(recipes=("sharpen",), images="/no/such/folder"))
    assert "sharpen" in str(caught.value)


def test_an_empty_folder_is_an_error_of_one_line(options, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImagicError) as caught:
        build_dataset(options(images=str(tmp_path / "empty")))
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "data").exists()


def test_what_looks_like_a_benchmark_picture_is_kept_out(options, tmp_path, pictures):
    (tmp_path / "bench").mkdir()
    copy = cv2.resize(cv2.imread(str(pictures / "0005.png")), None, fx=2, fy=2)
    cv2.imwrite(str(tmp_path / "bench" / "copy.jpg"), copy, [cv2.IMWRITE_JPEG_QUALITY, 70])
    report = build_dataset(options(exclude=(str(tmp_path / "bench"),)))
    (rejection,) = report.datasets[0].rejections
    assert (rejection.key, rejection.reason) == ("0005.png", "excluded")
    assert report.exit_code == 0
    assert report.datasets[0].images == 11


def test_a_folder_to_keep_away_from_must_have_pictures(options, tmp_path):
    with pytest.raises(ImagicError) as caught:
        build_dataset(options(exclude=(str(tmp_path / "nothing"),)))
    assert "nothing" in str(caught.value)
