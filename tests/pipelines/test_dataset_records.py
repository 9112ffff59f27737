"""Serialized examples, record files and PNG, each read back by the library that users read them with."""

import hashlib

import cv2
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.dataset.png import encode_png
from pipelines.dataset.records import WRITERS, file_sha256
from pipelines.dataset.serialize import serialize_example

RECORDS = [b"", b"one", bytes(range(256)) * 500]


def by_protobuf(features):
    example = tf.train.Example()
    for name, value in features.items():
        feature = example.features.feature[name]
        if isinstance(value, int):
            feature.int64_list.value.append(value)
        else:
            feature.bytes_list.value.append(value.encode() if isinstance(value, str) else value)
    return example


VALUES = st.one_of(st.binary(max_size=300), st.text(max_size=20), st.integers(-(2**63), 2**63 - 1))


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=20), VALUES, min_size=1))
def test_protobuf_reads_an_example_back(features):
    assert tf.train.Example.FromString(serialize_example(features)) == by_protobuf(features)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(["degraded", "clean", "key", "mask", "licence"]), VALUES, min_size=1))
def test_an_example_is_what_protobuf_writes_deterministically(features):
    assert serialize_example(features) == by_protobuf(features).SerializeToString(deterministic=True)


def test_the_order_in_which_features_are_given_does_not_matter():
    assert serialize_example({"a": 1, "b": "x"}) == serialize_example({"b": "x", "a": 1})


def test_tensorflow_reads_a_tfrecord_file_back(tmp_path):
    writer = WRITERS["tfrecord"](tmp_path / "file")
    for record in RECORDS:
        writer.write(record)
    digest = writer.close()
    assert [item.numpy() for item in tf.data.TFRecordDataset(str(tmp_path / "file"))] == RECORDS
    assert digest == hashlib.sha256((tmp_path / "file").read_bytes()).hexdigest()


def test_array_record_reads_its_file_back_in_any_order(tmp_path):
    from array_record.python.array_record_data_source import ArrayRecordDataSource

    writer = WRITERS["array_record"](tmp_path / "file.array_record")
    for record in RECORDS:
        writer.write(record)
    digest = writer.close()
    source = ArrayRecordDataSource([str(tmp_path / "file.array_record")])
    assert [source[index] for index in (2, 0, 1)] == [RECORDS[2], RECORDS[0], RECORDS[1]]
    assert digest == file_sha256(tmp_path / "file.array_record")


@pytest.mark.parametrize("shape", [(1, 1, 3), (37, 53, 3), (1, 90), (53, 37)])
def test_png_gives_every_pixel_back(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for decoded in (cv2_pixels(encode_png(image)), tf.io.decode_png(encode_png(image)).numpy()):
        assert np.array_equal(decoded.reshape(shape), image)


def test_png_takes_a_picture_that_is_a_window_of_another():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    assert np.array_equal(cv2_pixels(encode_png(image[5:20, 7:30])), image[5:20, 7:30])


def cv2_pixels(content):
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    return pixels[:, :, ::-1] if pixels.ndim == 3 else pixels
