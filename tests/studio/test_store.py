from __future__ import annotations

import stat
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.refusals import Refused
from studio.store import Store, _raw_suffix, shown_name


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def store(clock):
    made = Store(max_bytes=1000, keep_seconds=60, clock=lambda: clock[0])
    yield made
    made.close()


def test_only_this_user_can_look_into_the_folder(store):
    kept = store.add(b"x", "a.png")
    assert stat.S_IMODE(store.folder.stat().st_mode) == stat.S_IMODE(kept.folder.stat().st_mode) == 0o700


@given(st.text())
def test_no_name_of_a_client_becomes_a_path(name):
    assert "/" not in shown_name(name) and "\\" not in shown_name(name)
    assert _raw_suffix(name) == "" or _raw_suffix(name)[1:].isalnum()


def test_a_hostile_name_stays_inside_the_store(store):
    kept = store.add(b"x", "../../../etc/cron.d/x.NEF")
    assert kept.source.parent.parent == store.folder and kept.source.name == "source.nef" and kept.name == "x.NEF"


def test_an_unused_picture_goes_after_its_time(store, clock):
    old = store.add(b"x", "a")
    clock[0] = 50
    used = store.add(b"x", "b")
    clock[0] = 100
    store.sweep()
    assert not old.folder.exists() and store.find(used.id) is used
    with pytest.raises(Refused):
        store.find(old.id)


def test_the_oldest_pictures_make_room(store):
    first, second, third = (store.add(b"x" * 450, str(i)) for i in range(3))
    store.find(first.id)
    store.sweep()
    assert [kept.folder.exists() for kept in (first, second, third)] == [True, False, True]


def test_a_picture_that_is_worked_on_stays_until_it_is_not(store):
    kept = store.add(b"x", "a")
    with store.working_on(kept):
        store.remove(kept)
        assert kept.source.exists()
    store.sweep()
    assert not kept.folder.exists()


def test_closing_leaves_nothing(store):
    store.add(b"x", "a")
    store.close()
    assert not store.folder.exists()


def test_what_a_killed_studio_left_is_deleted_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    code = "import os, signal; from studio.store import Store; Store(9, 9).add(b'x', 'a'); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code], check=False)
    (orphan,) = tmp_path.iterdir()
    (tmp_path / "imagic-studio-notes").mkdir()
    store = Store(9, 9)
    assert not orphan.exists() and (tmp_path / "imagic-studio-notes").exists()
    store.close()
