import csv
import os
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawler.manifest import ManifestRow, write_parquet
from imaging.errors import ImagicError, MisuseError
from imaging.phash import hamming
from pipelines.dataset.scan import scan
from pipelines.dataset.sources import Listed, list_pictures

ODD_NAMES = ["a b.png", "größe.png", "new\nline.png", "comma,quote'.png", "#1.png", "100%.png"]


def encoded(seed=0, shape=(24, 32, 3), suffix=".png"):
    image = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return cv2.imencode(suffix, image)[1].tobytes()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in" / "below").mkdir(parents=True)
    for seed, name in enumerate(["b.png", "a.png", "below/c.png"]):
        (tmp_path / "in" / name).write_bytes(encoded(seed))
    return tmp_path / "in"


def keys(images, tmp_path):
    return [one.key for one in list_pictures(str(images), tmp_path / "cache")]


def looked(listed, max_pixels=10_000):
    return list(scan(listed, max_pixels=max_pixels, workers=2))


def test_a_folder_tree_gives_sorted_keys_relative_to_it(folder, tmp_path):
    assert keys(folder, tmp_path) == ["a.png", "b.png", "below/c.png"]


def test_the_same_folder_elsewhere_gives_the_same_keys(folder, tmp_path):
    before = keys(folder, tmp_path)
    folder.rename(tmp_path / "moved")
    assert keys(tmp_path / "moved", tmp_path) == before


def test_a_glob_is_relative_to_its_fixed_part(folder, tmp_path):
    assert keys(folder / "**" / "*.png", tmp_path) == ["a.png", "b.png", "below/c.png"]
    assert keys(folder / "[a-b].png", tmp_path) == ["a.png", "b.png"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_read_and_kept(tmp_path, name):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(encoded())
    (one,) = list_pictures(str(tmp_path / "in"), tmp_path)
    assert one.key == name
    assert looked([one])[0].reason == ""


def test_a_name_that_is_no_utf8_becomes_printable(tmp_path):
    (tmp_path / "in").mkdir()
    path = os.path.join(os.fsencode(tmp_path / "in"), b"caf\xe9.png")
    with open(path, "wb") as file:
        file.write(encoded())
    (one,) = list_pictures(str(tmp_path / "in"), tmp_path)
    assert one.key == "caf\\xe9.png"
    assert looked([one])[0].reason == ""


def test_a_loop_of_links_ends(folder, tmp_path):
    (folder / "below" / "up").symlink_to(folder)
    assert keys(folder, tmp_path) == ["a.png", "b.png", "below/c.png"]


def test_a_manifest_brings_work_licence_credit_and_hash(tmp_path):
    row = ManifestRow(
        "ab" * 32,
        "originals/x.png",
        "met",
        "17",
        licence="CC-BY-4.0",
        attribution="A. Painter",
        phash="0f" * 8,
        cluster_id="ab" * 32,
    )
    write_parquet([row], tmp_path / "manifest.parquet")
    expected = Listed(
        "ab" * 32,
        str(tmp_path / "originals/x.png"),
        "met/17",
        "met",
        "CC-BY-4.0",
        "A. Painter",
        "0f" * 8,
        "ab" * 32,
    )
    for images in (tmp_path, tmp_path / "manifest.parquet"):
        assert list_pictures(str(images), tmp_path) == [expected]


def test_pictures_of_unknown_works_are_not_taken_for_one_work(tmp_path):
    write_parquet([ManifestRow(f"{i:064x}", f"{i}.png", "met", "") for i in range(2)], tmp_path / "manifest.parquet")
    assert [one.work for one in list_pictures(str(tmp_path), tmp_path)] == ["", ""]


def test_a_list_that_is_no_utf8_is_refused(tmp_path):
    (tmp_path / "list.csv").write_bytes(b"path\ncaf\xe9.png\n")
    with pytest.raises(ImagicError) as caught:
        list_pictures(str(tmp_path / "list.csv"), tmp_path)
    assert "UTF-8" in str(caught.value)


def test_csv_and_parquet_lists_name_files_beside_them(folder, tmp_path):
    rows = [
        {"path": "a.png", "licence": "CC0-1.0", "work_id": "one"},
        {"path": "below/c.png", "licence": "", "work_id": ""},
    ]
    with open(folder / "list.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    pq.write_table(pa.Table.from_pylist(rows), folder / "list.parquet")
    from_csv, from_parquet = (list_pictures(str(folder / f"list.{kind}"), tmp_path) for kind in ("csv", "parquet"))
    assert from_csv == from_parquet
    assert [(one.key, one.work, one.licence) for one in from_csv] == [
        ("a.png", "one", "CC0-1.0"),
        ("below/c.png", "", ""),
    ]
    assert [one.reason for one in looked(from_csv)] == ["", ""]


def hugging_face_table():
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = [{"bytes": encoded(seed), "path": f"{seed}.png"} for seed in range(3)]
    return pa.table({"label": pa.array([1, 2, 3]), "image": pa.array(rows, kind)})


def test_a_hugging_face_folder_is_taken_out_once_and_verbatim(tmp_path):
    (tmp_path / "hub").mkdir()
    with pa.OSFile(str(tmp_path / "hub/data-00000-of-00001.arrow"), "wb") as sink:
        table = hugging_face_table()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    listed = list_pictures(str(tmp_path / "hub"), tmp_path / "cache")
    assert [Path(one.path).read_bytes() for one in listed] == [encoded(seed) for seed in range(3)]
    assert [one.key for one in listed] == [f"data-00000-of-00001.arrow/{index:08d}" for index in range(3)]


def test_a_hugging_face_parquet_file_is_understood(tmp_path):
    pq.write_table(hugging_face_table(), tmp_path / "train.parquet")
    listed = list_pictures(str(tmp_path / "train.parquet"), tmp_path / "cache")
    assert [one.reason for one in looked(listed)] == ["", "", ""]


@pytest.mark.parametrize(("name", "content"), [("notes.txt", b"x"), ("nothing", None), ("no*thing", None)])
def test_what_is_no_input_is_refused_with_the_path(tmp_path, name, content):
    if content:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImagicError) as caught:
        list_pictures(str(tmp_path / name), tmp_path)
    assert name in str(caught.value)


def test_a_missing_folder_is_misuse(tmp_path):
    with pytest.raises(MisuseError) as caught:
        list_pictures(str(tmp_path / "nowhere"), tmp_path)
    assert caught.value.exit_code == 2


def test_an_empty_folder_has_no_pictures(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(ImagicError) as caught:
        list_pictures(str(tmp_path / "in"), tmp_path)
    assert "at least one picture" in str(caught.value)


def test_a_list_that_repeats_a_picture_is_refused(folder, tmp_path):
    (folder / "list.csv").write_text("path\na.png\na.png\n")
    with pytest.raises(ImagicError) as caught:
        list_pictures(str(folder / "list.csv"), tmp_path)
    assert "a.png" in str(caught.value)


def test_a_list_without_paths_says_which_columns_it_has(folder, tmp_path):
    (folder / "list.csv").write_text("title\nSunset\n")
    with pytest.raises(ImagicError) as caught:
        list_pictures(str(folder / "list.csv"), tmp_path)
    assert "title" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"hello", "not-an-image"),
        (encoded(shape=(200, 200, 3)), "too-large"),
        (encoded()[:400], "truncated"),
        (None, "missing"),
    ],
)
def test_what_cannot_be_read_comes_back_with_its_reason(tmp_path, content, reason):
    path = tmp_path / "x.png"
    if content is not None:
        path.write_bytes(content)
    assert looked([Listed("x", str(path))])[0].reason == reason


@pytest.mark.parametrize("side", [64, 150, 300, 700, 1500])
def test_the_quick_hash_of_a_jpeg_is_that_of_the_whole_picture(tmp_path, side):
    from skimage import data

    from imaging.files import read_rgb
    from imaging.phash import phash

    path = tmp_path / "x.jpg"
    cv2.imwrite(str(path), cv2.resize(data.astronaut(), (side, side), interpolation=cv2.INTER_CUBIC))
    (one,) = looked([Listed("x", str(path))], max_pixels=1 << 24)
    assert hamming(one.phash, phash(read_rgb(path))) <= 2
