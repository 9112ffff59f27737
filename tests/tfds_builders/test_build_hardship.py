"""Builds that are killed, starved, disturbed or fed with rubbish."""

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time
import zlib

import cv2
import numpy as np
import pytest

from crawler.manifest import ManifestRow, write_parquet
from imaging.errors import ImagicError
from tfds_builders.build import build_dataset, dataset_folder


def failures(folder):
    return [json.loads(line) for line in (folder / "failures.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("format", ["tfrecord", "array_record"])
def test_bytes_do_not_depend_on_the_number_of_workers(options, tmp_path, bytes_of, format):
    folders = [
        build_dataset(
            options(
                format=format, workers=workers, mode=mode, recipes=("art-restoration",), data_dir=str(tmp_path / name)
            )
        )
        .datasets[0]
        .folder
        for name, workers, mode in [
            ("one", 1, "in_memory"),
            ("two", 2, "multi_threading"),
            ("eight", 8, "multi_threading"),
        ]
    ]
    assert bytes_of(folders[0]) == bytes_of(folders[1]) == bytes_of(folders[2])


@pytest.mark.slow
def test_bytes_do_not_depend_on_threads_or_processes(options, tmp_path, bytes_of):
    threads = build_dataset(options()).datasets[0].folder
    processes = build_dataset(options(mode="multi_processing", data_dir=str(tmp_path / "other"))).datasets[0].folder
    assert bytes_of(threads) == bytes_of(processes)


BUILD = """
import sys
from tfds_builders.build import BuildOptions, build_dataset
build_dataset(BuildOptions(("denoise",), sys.argv[1], sys.argv[2], shard_mb=0.3, progress=False, mode=sys.argv[3]))
"""


def start_build(images, data_dir, mode="multi_threading"):
    return subprocess.Popen([sys.executable, "-c", BUILD, str(images), str(data_dir), mode], start_new_session=True)


def receipts(folder):
    return sorted(folder.glob(".build/receipts/*.json"))


def wait_for_receipts(process, folder, count):
    deadline = time.monotonic() + 60
    while len(receipts(folder)) < count and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.slow
def test_a_build_that_was_killed_continues_and_ends_in_the_same_bytes(options, tmp_path, bytes_of, write_pictures):
    images = write_pictures(tmp_path / "many", 60, height=300, width=300)
    folder = dataset_folder(str(tmp_path / "data"), "denoise")
    process = start_build(images, tmp_path / "data")
    wait_for_receipts(process, folder, 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = {path: path.stat().st_mtime_ns for path in receipts(folder)}
    assert finished and not (folder / "dataset_info.json").exists()

    same = options(images=str(images), shard_mb=0.3)
    report = build_dataset(same).datasets[0]
    assert report.kept_shards == len(finished) < report.shards
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    untouched = build_dataset(options(images=str(images), shard_mb=0.3, data_dir=str(tmp_path / "other"))).datasets[0]
    assert bytes_of(folder) == bytes_of(untouched.folder)
    assert list((folder / ".build" / "partial").iterdir()) == []


def test_a_finished_build_is_verified_and_not_repeated(options, bytes_of):
    first = build_dataset(options()).datasets[0]
    before = {path.name: path.stat().st_mtime_ns for path in first.folder.glob("*.tfrecord*")}
    again = build_dataset(options()).datasets[0]
    assert again.kept_shards == again.shards == len(before)
    assert {path.name: path.stat().st_mtime_ns for path in first.folder.glob("*.tfrecord*")} == before


@pytest.mark.parametrize("harm", ["cut", "flip", "remove"])
def test_a_damaged_shard_is_noticed_and_made_again(options, bytes_of, harm):
    folder = build_dataset(options()).datasets[0].folder
    good = bytes_of(folder)
    shard = next(folder.glob("*train*"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    {
        "cut": lambda: shard.write_bytes(content[:-9]),
        "flip": lambda: shard.write_bytes(content),
        "remove": shard.unlink,
    }[harm]()
    assert build_dataset(options()).datasets[0].kept_shards == len(receipts(folder)) - 1
    assert bytes_of(folder) == good


@pytest.mark.parametrize(("changes", "told"), [({"seed": 5}, "seed was 0, is 5"), ({"variants": 2}, "variants was 1")])
def test_another_build_is_not_mixed_in(options, bytes_of, changes, told):
    folder = build_dataset(options()).datasets[0].folder
    before = bytes_of(folder)
    with pytest.raises(ImagicError) as caught:
        build_dataset(options(**changes))
    assert told in str(caught.value)
    assert bytes_of(folder) == before


def test_changed_inputs_are_not_mixed_in(options, pictures, picture):
    build_dataset(options())
    cv2.imwrite(str(pictures / "new.png"), picture(99))
    with pytest.raises(ImagicError) as caught:
        build_dataset(options())
    assert "inputs was" in str(caught.value)


def test_a_second_build_waits_outside(options):
    folder = build_dataset(options()).datasets[0].folder
    with open(folder / ".build" / "lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ImagicError) as caught:
            build_dataset(options())
    assert "One build works in a folder at a time" in str(caught.value)


def test_rubbish_is_told_counted_and_survived(options, pictures, picture):
    (pictures / "empty.png").write_bytes(b"")
    (pictures / "text.jpg").write_text("hello")
    (pictures / "copy.png").write_bytes((pictures / "0003.png").read_bytes())
    cv2.imwrite(str(pictures / "small.png"), picture(50, height=8, width=8))
    jpeg = cv2.imencode(".jpg", picture(51, height=400, width=400))[1].tobytes()
    (pictures / "half.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    report = build_dataset(options())
    (dataset,) = report.datasets
    reasons = {row["key"]: row["reason"] for row in failures(dataset.folder)}
    assert reasons == {
        "copy.png": "duplicate",
        "empty.png": "empty",
        "half.jpg": "truncated",
        "small.png": "too-small",
        "text.jpg": "not-an-image",
    }
    assert (report.exit_code, dataset.images, dataset.inputs, dataset.failed) == (3, 12, 17, 3)
    assert "12 of 17 (1 duplicate, 1 empty, 1 not-an-image, 1 too-small, 1 truncated)" in "\n".join(report.lines())


def test_a_bomb_is_defused_by_its_header(options, pictures, picture):
    huge = bytearray(cv2.imencode(".png", picture(7))[1].tobytes())
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    huge[29:33] = zlib.crc32(huge[12:29]).to_bytes(4, "big")
    (pictures / "bomb.png").write_bytes(huge)
    report = build_dataset(options())
    assert [row["reason"] for row in failures(report.datasets[0].folder)] == ["too-large"]


def test_a_manifest_that_names_missing_files_is_survived(options, tmp_path):
    rows = [
        ManifestRow(f"{i:064x}", f"in/{i:04d}.png", "met", str(i), phash="0f1e2d3c4b5a6978", width=64, height=48)
        for i in range(14)
    ]
    write_parquet(rows, tmp_path / "manifest.parquet")
    report = build_dataset(options(images=str(tmp_path / "manifest.parquet")))
    assert [row["reason"] for row in failures(report.datasets[0].folder)] == ["missing", "missing"]
    assert (report.exit_code, report.datasets[0].images) == (3, 12)


def test_when_nothing_can_be_used_there_is_no_dataset(options, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.jpg").write_text("hello")
    with pytest.raises(ImagicError) as caught:
        build_dataset(options(images=str(tmp_path / "bad")))
    assert "not-an-image" in str(caught.value)


@pytest.mark.parametrize("limit", ["1", "10%"])
def test_too_many_failures_stop_the_build(options, pictures, limit):
    for name in ("x.png", "y.png"):
        (pictures / name).write_text("hello")
    with pytest.raises(ImagicError) as caught:
        build_dataset(options(max_failures=limit))
    assert caught.value.exit_code == 1
    assert "2 failed of 14" in str(caught.value)


def test_failures_within_the_limit_pass(options, pictures):
    (pictures / "x.png").write_text("hello")
    assert build_dataset(options(max_failures="1")).exit_code == 3


def test_failures_that_come_while_writing_stop_the_build_too(options, pictures, tmp_path):
    rows = [
        ManifestRow(f"{i:064x}", f"in/{i:04d}.png", "met", str(i), phash="0f1e2d3c4b5a6978", width=64, height=48)
        for i in range(12)
    ]
    write_parquet(rows, tmp_path / "manifest.parquet")
    for path in pictures.iterdir():
        path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(ImagicError) as caught:
        build_dataset(options(images=str(tmp_path / "manifest.parquet"), max_failures="2"))
    assert "--max-failures" in str(caught.value)


@pytest.mark.parametrize("format", ["tfrecord", "array_record"])
def test_a_file_that_may_not_grow_is_one_clear_error_and_leaves_nothing_half_written(options, format, bytes_of):
    same = options(format=format, size="resize:48", shard_mb=1e3)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, old[1]))
    try:
        with pytest.raises(ImagicError) as caught:
            build_dataset(same)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert "disk" in str(caught.value)
    folder = dataset_folder(same.data_dir, "denoise")
    assert not list(folder.glob("*train*"))
    assert not list((folder / ".build" / "partial").iterdir())
    assert build_dataset(same).exit_code == 0


@pytest.fixture
def tiny_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_one_clear_error(options, tiny_disk, tmp_path, write_pictures):
    images = write_pictures(tmp_path / "large", 6, height=300, width=300)
    with pytest.raises(ImagicError) as caught:
        build_dataset(options(images=str(images), data_dir=str(tiny_disk / "data")))
    assert "No space left on device" in str(caught.value)
    folder = dataset_folder(str(tiny_disk / "data"), "denoise")
    assert not (folder / "dataset_info.json").exists()


@pytest.mark.parametrize("target", ["file", "proc"])
def test_an_unwritable_target_is_one_clear_error(options, tmp_path, target):
    (tmp_path / "file").write_text("in the way")
    data_dir = {"file": tmp_path / "file" / "data", "proc": "/proc/data"}[target]
    with pytest.raises(ImagicError) as caught:
        build_dataset(options(data_dir=str(data_dir)))
    assert "must be writable" in str(caught.value)


@pytest.mark.slow
def test_thousands_of_tiny_pictures(options, tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (2000, 16, 16, 3), dtype=np.uint8)
    for index, pixels in enumerate(noise):
        cv2.imwrite(str(folder / f"{index:05d}.png"), pixels)
    report = build_dataset(options(images=str(folder), recipes=("jpeg",)))
    assert (report.exit_code, report.datasets[0].images) == (0, 2000)
    assert sum(report.datasets[0].splits.values()) == 2000
