import json

import cv2
import numpy as np
import pytest
from skimage import data

from imagic_models.data import Cutting
from imagic_models.dataset_source import PairSource, find_dataset
from imagic_models.mixtures import Ingredient
from imagic_models.tasks import TASKS
from imaging.errors import MisuseError

tfds = pytest.importorskip("tensorflow_datasets")

DENOISE = (Ingredient("denoise"),)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A folder of two small datasets, one of them with masks: clean is a photograph, degraded its negative."""
    folder = tmp_path_factory.mktemp("data")
    write_pairs(folder / "restoration_pairs" / "denoise" / "1.0.0", mask=False)
    write_pairs(folder / "restoration_pairs" / "art-restoration" / "1.0.0", mask=True)
    return folder


def write_pairs(folder, mask):
    image = tfds.features.Image
    features = {
        "degraded": image(shape=(None, None, 3)),
        "clean": image(shape=(None, None, 3)),
        "key": tfds.features.Text(),
    }
    if mask:
        features["mask"] = image(shape=(None, None, 1))
    features = tfds.features.FeaturesDict(features)
    folder.mkdir(parents=True)
    template = tfds.core.ShardedFileTemplate(
        data_dir=folder, dataset_name="restoration_pairs", filetype_suffix="tfrecord"
    )
    counts = {"train": 5, "validation": 2}
    for split, count in counts.items():
        write_shard(folder / f"restoration_pairs-{split}.tfrecord-00000-of-00001", features, split, count, mask)
    infos = [
        tfds.core.SplitInfo(
            name=name, shard_lengths=[count], num_bytes=1, filename_template=template.replace(split=name)
        )
        for name, count in counts.items()
    ]
    tfds.folder_dataset.write_metadata(
        data_dir=folder,
        features=features,
        split_infos=infos,
        version="1.0.0",
        filename_template=template,
        check_data=False,
    )


def write_shard(path, features, split, count, mask):
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(path)) as writer:
        for number in range(count):
            clean = cv2.resize(data.astronaut(), (50 + 7 * number, 60))
            example = {"clean": clean, "degraded": 255 - clean, "key": f"{split}{number}"}
            if mask:
                example["mask"] = clean[..., :1]
            writer.write(features.serialize_example(features.encode_example(example)))


def source_of(data_dir, mixture=DENOISE, task="restore", **changes):
    settings = {"cutting": Cutting(32, cuts=2), "batch_size": 4, "seed": 0, "validation_pictures": 2} | changes
    return PairSource(data_dir, mixture, TASKS[task], **settings)


def arrays(batches):
    return [array for batch in batches for array in (*batch.inputs, *batch.targets)]


def test_pairs_stay_aligned_through_crop_and_turn(data_dir):
    (batch,) = source_of(data_dir).batches(range(1))
    assert batch.targets[0].shape == (4, 32, 32, 3)
    assert np.abs(batch.inputs[0] + batch.targets[0] - 1).max() < 1e-6


def test_masks_follow_their_pictures(data_dir):
    (batch,) = source_of(data_dir, (Ingredient("art-restoration"),), "repair").batches(range(1))
    clean, mask = batch.targets
    assert np.abs(clean[..., :1] - mask).max() < 1e-6


def test_a_resumed_training_sees_the_steps_that_it_would_have_seen(data_dir):
    whole = list(source_of(data_dir).batches(range(9)))  # 2 pictures a step of 5: several epochs
    resumed = list(source_of(data_dir).batches(range(6, 9)))
    assert len(whole) == 9
    for one, other in zip(arrays(whole[6:]), arrays(resumed), strict=True):
        assert np.array_equal(one, other)


def test_every_epoch_has_every_picture_in_its_own_order(data_dir):
    stream = source_of(data_dir)._stream("denoise", 5, 0)
    first, second = ([example["clean"] for example in next(stream)] for _ in range(2))
    assert sorted(first) == sorted(second)
    assert len(set(first)) == 5
    assert first != second


def test_recipes_are_mixed_by_weight(data_dir):
    mixture = (Ingredient("denoise", 3), Ingredient("art-restoration", 1))
    source = source_of(data_dir, mixture, batch_size=8, cutting=Cutting(32, cuts=1))
    assert source._shares() == [6, 2]
    (batch,) = source.batches(range(1))
    assert len(batch.targets[0]) == 8


def test_validation_takes_the_validation_split(data_dir):
    batches = source_of(data_dir).validation()
    assert list(batches) == ["denoise"]
    assert batches["denoise"].targets[0].shape == (2, 128, 128, 3)


def test_the_hashes_are_of_all_clean_pictures(data_dir):
    assert 1 <= len(source_of(data_dir).hashes()) <= 7


def test_a_missing_dataset_says_how_to_build_it(tmp_path):
    with pytest.raises(MisuseError, match="build-dataset jpeg"):
        find_dataset(tmp_path, "jpeg")


def test_the_newest_version_is_taken(tmp_path):
    for version in ("1.0.0", "1.10.0", "1.9.0"):
        folder = tmp_path / "restoration_pairs" / "jpeg" / version
        folder.mkdir(parents=True)
        (folder / "dataset_info.json").write_text(json.dumps({}))
    assert find_dataset(tmp_path, "jpeg").name == "1.10.0"


def test_a_dataset_trains_a_network(data_dir, tmp_path):
    from imagic_models.options import TrainOptions
    from imagic_models.train import train

    options = TrainOptions(
        "denoise", str(tmp_path), data_dir=str(data_dir), steps=2, batch_size=4, crop=32, width=8, validate_every=2,
        validation_crops=2, tensorboard=False, progress=False,
    )  # fmt: skip
    report = train(options)
    assert report.step == 2
    assert report.best_psnr is not None
    assert json.loads((tmp_path / "training_images.json").read_text())["phash"]
