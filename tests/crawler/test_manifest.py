import sqlite3

import pytest

from crawler.manifest import ManifestRow, has_manifest, read_manifest, sql_columns, write_parquet
from imaging.errors import ImagicError, MisuseError

ROW = ManifestRow("ab" * 32, "originals/ab/ab/x.jpg", "met", "1", title="Pond", blank=True, width=7, blur=0.5)


def write_catalogue(file, rows=(("cd" * 32, ""),)):
    connection = sqlite3.connect(file)
    connection.execute(f"CREATE TABLE images ({sql_columns()})")
    names = [part.split()[0] for part in sql_columns().split(", ")]
    for image_id, cluster in rows:
        values = {
            "image_id": image_id,
            "path": "originals/a.png",
            "source": "met",
            "work_id": "1",
            "cluster_id": cluster,
        }
        filled = [
            values.get(name, 0 if "INTEGER" in part or "REAL" in part else "")
            for name, part in zip(names, sql_columns().split(", "), strict=True)
        ]
        connection.execute(f"INSERT INTO images VALUES ({', '.join('?' * len(names))})", filled)
    connection.commit()
    connection.close()


def test_parquet_gives_back_the_rows_ordered_by_id(tmp_path):
    other = ManifestRow("00" * 32, "originals/00/00/y.png", "met", "2", cluster_id="00" * 32)
    write_parquet([ROW, other], tmp_path / "manifest.parquet")
    assert read_manifest(tmp_path)[0] == other
    assert read_manifest(tmp_path / "manifest.parquet")[1].blank is True


def test_the_catalogue_is_preferred_to_an_older_export(tmp_path):
    write_parquet([ROW], tmp_path / "manifest.parquet")
    write_catalogue(tmp_path / "catalogue.sqlite")
    (row,) = read_manifest(tmp_path)
    assert row.image_id == row.cluster_id == "cd" * 32  # an image without a cluster yet is its own


def test_a_missing_manifest_is_misuse_and_says_what_to_do(tmp_path):
    with pytest.raises(MisuseError, match="Run `imagic crawl` into that folder first"):
        read_manifest(tmp_path)
    assert not has_manifest(tmp_path)


@pytest.mark.parametrize("name", ["manifest.parquet", "catalogue.sqlite"])
def test_a_file_that_is_no_manifest_is_one_error(tmp_path, name):
    (tmp_path / name).write_bytes(b"this is not it")
    with pytest.raises(ImagicError, match="A manifest is a catalogue or Parquet file"):
        read_manifest(tmp_path / name)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.png", "originals/../../x.png", "originals\\..\\x.png"])
def test_a_row_never_points_outside_its_folder(path):
    with pytest.raises(ImagicError, match="stays inside the manifest's folder"):
        ManifestRow("ab" * 32, path, "met", "1")


def test_a_failed_export_leaves_the_old_one(tmp_path):
    write_parquet([ROW], tmp_path / "manifest.parquet")
    with pytest.raises(Exception):  # noqa: B017 (whatever Arrow says)
        write_parquet([ROW, "no row"], tmp_path / "manifest.parquet")
    assert len(read_manifest(tmp_path)) == 1
