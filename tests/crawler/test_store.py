import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.store import keep, relative_path, sniff, sweep


def test_bytes_are_kept_verbatim_under_their_digest(tmp_path):
    image_id, path = keep(b"\xff\xd8\xff rest", "jpeg", tmp_path)
    assert image_id == hashlib.sha256(b"\xff\xd8\xff rest").hexdigest()
    assert path == f"originals/{image_id[:2]}/{image_id[2:4]}/{image_id}.jpg"
    assert (tmp_path / path).read_bytes() == b"\xff\xd8\xff rest"


def test_keeping_twice_writes_once_and_repairs_a_cut_file(tmp_path):
    _, path = keep(b"content", "png", tmp_path)
    before = (tmp_path / path).stat().st_ino
    keep(b"content", "png", tmp_path)
    assert (tmp_path / path).stat().st_ino == before
    (tmp_path / path).write_bytes(b"con")
    keep(b"content", "png", tmp_path)
    assert (tmp_path / path).read_bytes() == b"content"


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="disk full"):
        keep(b"content", "png", tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_sweep_removes_what_a_kill_left(tmp_path):
    keep(b"content", "png", tmp_path)
    (tmp_path / "originals" / ".partial" / "tmpx").write_bytes(b"half")
    sweep(tmp_path)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(("name", "kind"), [("../../x", "png"), ("ab" * 32, "../png"), ("ab" * 32, "svg")])
def test_paths_are_made_of_digits_and_known_extensions_only(name, kind):
    with pytest.raises((ValueError, KeyError)):
        relative_path(name, kind)


@given(st.binary(max_size=64))
def test_no_bytes_make_the_sniffer_fail(content):
    assert sniff(content) in ("", "jpeg", "png", "tiff", "webp")


def test_the_extension_comes_from_the_content():
    assert Path(relative_path("ab" * 32, sniff(b"MM\x00* tiff"))).suffix == ".tif"
