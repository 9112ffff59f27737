"""Buckets: one in memory, and one of a local server that speaks S3 (skipped where moto is not installed)."""

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import cv2
import pytest
from skimage import data

from imaging.errors import ImagicError
from pipelines import storage
from pipelines.dataset.sources import list_pictures
from tfds_builders.build import BuildOptions, build_dataset

needs_upath = pytest.mark.skipif(
    not importlib.util.find_spec("upath"), reason="buckets need universal-pathlib: pip install universal-pathlib"
)
needs_s3 = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("upath", "s3fs", "moto", "flask_cors"))),
    reason="an S3 server of this machine needs: pip install s3fs 'moto[s3,server]'",
)
pytestmark = needs_upath


@pytest.fixture
def in_memory():
    yield f"memory://{uuid.uuid4().hex}"


@pytest.fixture(scope="module")
def s3():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    told = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**told, "AWS_ENDPOINT_URL": address}.items():
            patch.setenv(name, value)
        with subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                await_answer(port)
                import s3fs

                s3fs.S3FileSystem().mkdir("museum")
                yield "s3://museum"
            finally:
                process.terminate()


def await_answer(port):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), 1).close()
        time.sleep(0.1)
    raise AssertionError("the S3 server did not start")


@pytest.fixture
def bucket(request):
    return request.getfixturevalue(request.param)


kinds = pytest.mark.parametrize(
    "bucket", ["in_memory", pytest.param("s3", marks=[needs_s3, pytest.mark.slow])], indirect=True
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    photograph = data.astronaut()[..., ::-1]
    for index in range(10):
        cv2.imwrite(str(folder / f"{index}.png"), photograph[index * 40 : index * 40 + 64, : 80 + index].copy())
    (folder / "empty.jpg").write_bytes(b"")
    return folder


def copy_up(folder, target):
    for path in folder.iterdir():
        storage.publish(shutil.copy(path, f"{path}.copy") and Path(f"{path}.copy"), storage.place(target) / path.name)
        Path(f"{path}.copy").unlink()


def build(images, data_dir):
    return build_dataset(BuildOptions(("jpeg",), str(images), str(data_dir), progress=False))


def made(data_dir):
    """Every file of the dataset that users see, by its name."""
    folder = storage.place(str(data_dir)) / "restoration_pairs" / "jpeg" / "1.0.0"
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@kinds
def test_a_dataset_in_a_bucket_has_the_bytes_of_one_on_the_disk(bucket, pictures, tmp_path):
    copy_up(pictures, f"{bucket}/pictures")
    there = build(f"{bucket}/pictures", f"{bucket}/data")
    here = build(pictures, tmp_path)
    assert (there.exit_code, there.datasets[0].images) == (here.exit_code, here.datasets[0].images) == (3, 10)
    assert made(f"{bucket}/data") == made(tmp_path)


@kinds
def test_a_lost_shard_is_made_again_and_the_others_are_kept(bucket, pictures):
    target = f"{bucket}/again"
    build(pictures, target)
    before = made(target)
    lost = next(name for name in before if "tfrecord" in name)
    (storage.place(target) / "restoration_pairs" / "jpeg" / "1.0.0" / lost).unlink()
    (report,) = build(pictures, target).datasets
    assert made(target) == before
    assert report.kept_shards == report.shards - 1


@kinds
def test_a_csv_list_in_a_bucket_names_the_pictures_beside_it(bucket, pictures, tmp_path):
    copy_up(pictures, f"{bucket}/listed")
    (storage.place(f"{bucket}/listed") / "list.csv").write_text("path,licence\n1.png,CC0-1.0\n3.png,CC0-1.0\n")
    listed = list_pictures(f"{bucket}/listed/list.csv", tmp_path)
    assert [one.licence for one in listed] == ["CC0-1.0", "CC0-1.0"]
    assert [storage.place(one.path).read_bytes() for one in listed] == [
        (pictures / name).read_bytes() for name in ("1.png", "3.png")
    ]


@kinds
def test_pictures_in_a_bucket_are_listed_by_suffix_and_without_hidden_ones(bucket, tmp_path):
    folder = storage.place(f"{bucket}/mixed")
    for name in ("b.png", "deeper/a.jpg", "note.txt", ".hidden/c.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert [one.key for one in list_pictures(f"{bucket}/mixed", tmp_path)] == ["b.png", "deeper/a.jpg"]


def test_an_empty_bucket_is_told(in_memory, tmp_path):
    with pytest.raises(ImagicError, match="at least one picture"):
        list_pictures(f"{in_memory}/nothing", tmp_path)


def test_an_unknown_kind_of_bucket_is_told():
    with pytest.raises(ImagicError, match="nosuch://"):
        storage.place("nosuch://pictures")


@needs_s3
@pytest.mark.slow
def test_a_bucket_that_may_not_be_written_is_told_before_any_work(s3, pictures):
    with pytest.raises(ImagicError, match="must be writable") as caught:
        build(pictures, "s3://a-bucket-that-is-not-ours/data")
    assert "\n" not in str(caught.value)


@needs_s3
def test_a_bucket_that_does_not_answer_is_told(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()  # one that was made before knows another address
    with pytest.raises(ImagicError, match="must be readable") as caught:
        list_pictures(f"s3://nobody-{uuid.uuid4().hex}/pictures", tmp_path)
    assert "127.0.0.1:9" in str(caught.value)


def test_a_file_on_the_disk_is_published_by_renaming(tmp_path):
    draft = storage.draft_place(tmp_path, "shard")
    draft.write_text("whole")
    storage.publish(draft, tmp_path / "shard")
    assert (tmp_path / "shard").read_text() == "whole" and not draft.exists()


def test_what_is_made_here_is_not_sent_when_it_failed(in_memory):
    folder = storage.place(f"{in_memory}/papers")
    with contextlib.suppress(ZeroDivisionError), storage.made_here(folder) as here:
        (here / "half").write_text("half")
        raise ZeroDivisionError
    assert not (folder / "half").exists()
