"""The whole job on small archives: counts, resume, bad input, refusals. A restorer without a network stands in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import archive
import enhance_fakes
import numpy as np
import pytest
from enhance_fakes import load_softener
from PIL import Image

from imaging.errors import ImagicError, MisuseError
from imaging.files import read_picture, read_rgb
from pipelines.enhance import worker as worker_module
from pipelines.enhance.job import enhance
from pipelines.enhance.ledger import Ledger, readable
from pipelines.enhance.options import EnhanceOptions, Stage, parse_stages
from pipelines.enhance.plan import plan
from pipelines.runners import RunnerOptions

ROOT = Path(__file__).resolve().parents[2]


def options(folder, **changes):
    given = {"stages": parse_stages("denoise"), "report": 0, **changes}
    if given.get("auto"):
        given["stages"] = ()
    return EnhanceOptions(folder / "in", folder / "out", **given)


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def many(folder, count):
    for i in range(count):
        pixels = np.random.default_rng(i).integers(0, 255, (24, 24 + i % 3, 3), np.uint8)
        (folder / f"box{i % 2}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"box{i % 2}" / f"{i:03}.png")


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(("ledger", ".enhance", "report"))
    }


def test_every_format_comes_back_under_its_name_with_its_passport(tmp_path):
    for i, (kind, (name, make)) in enumerate(archive.EVERY.items()):
        put(tmp_path / "in" / f"box {i % 2}" / (kind + Path(name).suffix), make())
    report = enhance(options(tmp_path), load_softener)
    assert (report.exit_code, report.counts) == (0, {"enhanced": len(archive.EVERY)})
    assert set(tree(tmp_path / "out")) == set(tree(tmp_path / "in"))
    for name in tree(tmp_path / "in"):
        before, after = read_picture(tmp_path / "in" / name), read_picture(tmp_path / "out" / name)
        assert after.passport.modified_ns == before.passport.modified_ns
        assert after.passport.icc == before.passport.icc and after.passport.iptc == before.passport.iptc
        if before.passport.xmp:
            assert b"shelf 12" in after.passport.xmp and b"imagic:stages" in after.passport.xmp


def test_what_is_done_is_left_alone_and_what_changed_is_done_again(tmp_path):
    many(tmp_path / "in", 6)
    assert enhance(options(tmp_path), load_softener).counts == {"enhanced": 6}
    stamps = {path: path.stat().st_ino for path in (tmp_path / "out").rglob("*.png")}
    again = enhance(options(tmp_path), load_softener)
    assert (again.exit_code, again.counts) == (0, {"skipped": 6})
    assert stamps == {path: path.stat().st_ino for path in (tmp_path / "out").rglob("*.png")}
    shutil.copy(tmp_path / "in" / "box0" / "000.png", tmp_path / "in" / "box1" / "001.png")
    (tmp_path / "out" / "box0" / "002.png").unlink()
    assert enhance(options(tmp_path), load_softener).counts == {"enhanced": 2, "skipped": 4}


@pytest.mark.parametrize(
    "change", [{"stages": (Stage("deblur"),)}, {"strength": 0.5}, {"detail": 0.5}, {"stretch": 1.0}]
)
def test_another_stage_or_parameter_makes_every_result_anew(change, tmp_path):
    many(tmp_path / "in", 2)
    enhance(options(tmp_path), load_softener)
    assert enhance(options(tmp_path, **change), load_softener).counts == {"enhanced": 2}


def test_a_file_only_touched_is_known_by_its_content(tmp_path):
    many(tmp_path / "in", 2)
    enhance(options(tmp_path), load_softener)
    os.utime(tmp_path / "in" / "box0" / "000.png", (5, 5))
    assert enhance(options(tmp_path), load_softener).counts == {"skipped": 2}


BAD = {
    "zero.jpg": (lambda: b"", "empty"),
    "text.png": (lambda: b"this is a letter", "not-an-image"),
    "cut.png": (lambda: archive.png()[:-600], "truncated"),
    "cut.jpg": (lambda: archive.jpeg()[:-500], "truncated"),
    "cut.tif": (lambda: archive.tiff(rowsperstrip=8)[:700], "unreadable"),
    "bomb.png": (lambda: _bomb(), "too-large"),
}


def _bomb():
    content = bytearray(archive.png())
    content[16:24] = (200_000).to_bytes(4, "big") * 2
    import zlib

    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    return bytes(content)


def test_bad_files_are_rows_with_reasons_and_the_rest_is_done(tmp_path):
    many(tmp_path / "in", 3)
    for name, (make, _) in BAD.items():
        put(tmp_path / "in" / name, make())
    Image.fromarray(np.zeros((9, 13, 3), np.uint8)).save(tmp_path / "in" / "thirteen.png")
    report = enhance(options(tmp_path), load_softener)
    assert report.exit_code == 3
    assert report.counts == {"enhanced": 3, "failed": len(BAD) + 1}
    found = {record.path: record for record in Ledger(tmp_path / "out" / "ledger.sqlite").records()}
    assert {name: found[name].reason for name in BAD} == {name: reason for name, (_, reason) in BAD.items()}
    assert found["thirteen.png"].reason == "error" and "ValueError: thirteen" in found["thirteen.png"].detail
    assert set(tree(tmp_path / "out")) == {name for name in found if found[name].status == "enhanced"}
    assert any("empty" in line for line in report.lines())


def test_failures_stay_until_they_are_to_be_retried(tmp_path):
    put(tmp_path / "in" / "a.jpg", b"")
    put(tmp_path / "in" / "b.jpg", b"nothing")
    assert enhance(options(tmp_path), load_softener).exit_code == 3
    report = enhance(options(tmp_path), load_softener)
    assert (report.exit_code, report.counts) == (3, {"failed": 2})
    put(tmp_path / "in" / "b.jpg", archive.jpeg())
    assert enhance(options(tmp_path), load_softener).counts == {"enhanced": 1, "failed": 1}
    assert enhance(options(tmp_path, retry_failed=True), load_softener).counts == {"skipped": 1, "failed": 1}


def test_a_wrong_suffix_is_noted_and_kept(tmp_path):
    put(tmp_path / "in" / "a.jpg", archive.png())
    put(tmp_path / "in" / "b.TIF", archive.jpeg())
    assert enhance(options(tmp_path), load_softener).counts == {"enhanced": 2}
    found = {record.path: record.detail for record in Ledger(tmp_path / "out" / "ledger.sqlite").records()}
    assert found == {"a.jpg": "named .jpg, but it holds png", "b.TIF": "named .tif, but it holds jpeg"}
    assert read_picture(tmp_path / "out" / "a.jpg").passport.format == "png"


def test_names_may_hold_anything_and_links_may_loop(tmp_path):
    names = ["été 雪.png", "new\nline.png", "quote'\".png", "back\\slash.png", os.fsdecode(b"bad\xff.png"), "A.PNG"]
    for name in names:
        put(tmp_path / "in" / "sub" / name, archive.png())
    put(tmp_path / "in" / ".hidden.png", archive.png())
    (tmp_path / "in" / "sub" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self.png").symlink_to("self.png")
    (tmp_path / "in" / "gone.png").symlink_to("nowhere.png")
    report = enhance(options(tmp_path), load_softener)
    assert report.counts == {"enhanced": len(names), "failed": 2}
    assert {path.name for path in (tmp_path / "out" / "sub").iterdir()} == set(names)


def test_a_file_that_disappears_after_the_listing_is_one_row(tmp_path, monkeypatch):
    many(tmp_path / "in", 3)
    listed = plan(options(tmp_path))
    (tmp_path / "in" / "box0" / "000.png").unlink()
    monkeypatch.setattr("pipelines.enhance.job.plan", lambda _: listed)
    report = enhance(options(tmp_path), load_softener)
    assert (report.counts, report.failures) == ({"enhanced": 2, "failed": 1}, {"missing": 1})


def test_two_pictures_for_one_result_are_a_collision(tmp_path):
    put(tmp_path / "in" / "a.tif", archive.tiff())
    put(tmp_path / "in" / "a.dng", b"II*\0 no raw file")
    report = enhance(options(tmp_path), load_softener)
    assert (report.counts, report.failures) == ({"enhanced": 1, "failed": 1}, {"collision": 1})


def test_a_file_of_someone_else_in_the_way_is_left_alone(tmp_path):
    put(tmp_path / "in" / "a.png", archive.png())
    put(tmp_path / "out" / "a.png", b"precious")
    report = enhance(options(tmp_path), load_softener)
    assert report.failures == {"refused": 1}
    assert (tmp_path / "out" / "a.png").read_bytes() == b"precious"


def test_an_original_is_not_reached_through_a_link_in_the_output(tmp_path):
    original = put(tmp_path / "in" / "a.png", archive.png())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").symlink_to(original)
    assert enhance(options(tmp_path), load_softener).failures == {"refused": 1}
    assert original.read_bytes() == archive.png()


def test_a_full_disk_stops_the_job_and_leaves_nothing_half_written(tmp_path, monkeypatch):
    many(tmp_path / "in", 6)
    real, left = worker_module.write_picture, [3]

    def write_until_full(path, picture):
        left[0] -= 1
        if left[0] < 0:
            path.with_name(".imagic-000000000000.part.png").write_bytes(b"half")
            raise OSError(28, "No space left on device")
        real(path, picture)

    monkeypatch.setattr(worker_module, "write_picture", write_until_full)
    report = enhance(options(tmp_path, runner=RunnerOptions(workers=1)), load_softener)
    assert (report.exit_code, report.stopped) == (1, "disk-full")
    assert report.counts == {"enhanced": 3, "not reached": 3}
    monkeypatch.undo()
    report = enhance(options(tmp_path), load_softener)
    assert (report.exit_code, report.counts) == (0, {"skipped": 3, "enhanced": 3})
    assert set(tree(tmp_path / "out")) == set(tree(tmp_path / "in"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_a_row(tmp_path):
    many(tmp_path / "in", 2)
    (tmp_path / "out" / "box0").mkdir(parents=True, mode=0o500)
    assert enhance(options(tmp_path), load_softener).failures == {"unwritable": 1}


@pytest.mark.parametrize(("limit", "code"), [("1", 1), ("20%", 1), ("4", 3), ("100%", 3)])
def test_too_many_failures_stop_the_job(limit, code, tmp_path):
    for i in range(4):
        put(tmp_path / "in" / f"{i}.jpg", b"")
    report = enhance(options(tmp_path, max_failures=limit, runner=RunnerOptions(workers=1)), load_softener)
    assert report.exit_code == code
    assert sum(report.counts.values()) == 4


def test_only_one_job_at_a_time_works_on_a_folder(tmp_path):
    import fcntl

    many(tmp_path / "in", 1)
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".enhance.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ImagicError, match="One job at a time"):
            enhance(options(tmp_path), load_softener)


_KILLED = """
import sys, time
sys.path[:0] = {paths}
import enhance_fakes
from pipelines.enhance.job import enhance
from pipelines.enhance.options import EnhanceOptions, parse_stages

class Slow(enhance_fakes.Softener):
    def restore(self, image):
        time.sleep(0.05)
        return super().restore(image)

enhance_fakes.Softener = Slow
enhance(EnhanceOptions({source!r}, {out!r}, stages=parse_stages("denoise"), report=0), enhance_fakes.load_softener)
"""


def test_killed_anywhere_and_run_again_ends_in_the_same_tree(tmp_path):
    many(tmp_path / "in", 24)
    enhance(
        EnhanceOptions(tmp_path / "in", tmp_path / "whole", stages=parse_stages("denoise"), report=0), load_softener
    )
    paths = [str(ROOT), str(Path(__file__).parent)]
    script = _KILLED.format(paths=paths, source=str(tmp_path / "in"), out=str(tmp_path / "out"))
    for pause in (0.15, 0.4):
        process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
        before = len(list((tmp_path / "out").rglob("*.png")))
        while len(list((tmp_path / "out").rglob("*.png"))) == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
    half = len(list((tmp_path / "out").rglob("[!.]*.png")))
    report = enhance(options(tmp_path), load_softener)
    assert 0 < half < 24, "the test must kill in the middle"
    assert report.exit_code == 0 and sum(report.counts.values()) == 24
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    assert not [path for path in (tmp_path / "out").rglob(".imagic*")]


def test_auto_passes_a_good_picture_byte_for_byte_and_treats_a_bad_one(tmp_path):
    import skimage.data

    good, noisy = skimage.data.coffee(), skimage.data.chelsea()
    noisy = np.clip(noisy + np.random.default_rng(0).normal(0, 20, noisy.shape), 0, 255).astype(np.uint8)
    (tmp_path / "in").mkdir()
    Image.fromarray(good).save(tmp_path / "in" / "good.png")
    Image.fromarray(noisy).save(tmp_path / "in" / "noisy.png")
    report = enhance(options(tmp_path, auto=True), load_softener)
    assert report.counts == {"passed": 1, "enhanced": 1}
    assert (tmp_path / "out" / "good.png").read_bytes() == (tmp_path / "in" / "good.png").read_bytes()
    found = {record.path: record for record in Ledger(tmp_path / "out" / "ledger.sqlite").records()}
    assert found["noisy.png"].stages == [("denoise", 1.0)] and found["noisy.png"].measured["noise"] > 15
    assert found["good.png"].stages == [] and found["good.png"].measured["noise"] < 5


def test_stages_are_chained_with_their_strengths(tmp_path):
    put(tmp_path / "in" / "a.png", archive.png(1))
    enhance(options(tmp_path, stages=parse_stages("denoise:0.5,enlarge-x2"), strength=0.5, sidecar=True), load_softener)
    result = read_picture(tmp_path / "out" / "a.png")
    assert result.pages[0].samples.shape == (74, 106, 3)
    assert b"denoise 0.25, enlarge-x2 0.5" in result.passport.xmp
    sidecar = json.loads((tmp_path / "out" / "a.png.imagic.json").read_text())
    assert sidecar["stages"] == [["denoise", 0.25], ["enlarge-x2", 0.5]]


def test_strength_zero_returns_the_pixels(tmp_path):
    put(tmp_path / "in" / "a.tif", archive.tiff(np.uint16, icc=archive.adobe_rgb()))
    enhance(options(tmp_path, strength=0.0), load_softener)
    np.testing.assert_array_equal(read_rgb(tmp_path / "out" / "a.tif"), read_rgb(tmp_path / "in" / "a.tif"))


def test_one_picture_is_an_archive_too(tmp_path):
    source = put(tmp_path / "in" / "a.png", archive.png())
    report = enhance(EnhanceOptions(source, tmp_path / "out", stages=(Stage("denoise"),), report=0), load_softener)
    assert report.counts == {"enhanced": 1} and (tmp_path / "out" / "a.png").exists()


def test_models_are_loaded_once_per_process(tmp_path):
    loaded = []

    many(tmp_path / "in", 8)
    original = enhance_fakes.Softener.__init__
    enhance_fakes.Softener.__init__ = lambda self, name: (loaded.append(name), original(self, name))[1]
    try:
        enhance(options(tmp_path, stages=parse_stages("once-only,twice")), load_softener)
    finally:
        enhance_fakes.Softener.__init__ = original
    assert sorted(loaded) == ["once-only", "twice"]


def test_the_ledger_is_exported_for_other_programs(tmp_path):
    import pyarrow.parquet as pq

    many(tmp_path / "in", 2)
    put(tmp_path / "in" / "zero.png", b"")
    enhance(options(tmp_path), load_softener)
    lines = [json.loads(line) for line in (tmp_path / "out" / "ledger.jsonl").read_text("utf-8").splitlines()]
    table = pq.read_table(tmp_path / "out" / "ledger.parquet").to_pylist()
    assert (
        [row["path"] for row in lines] == [row["path"] for row in table] == ["box0/000.png", "box1/001.png", "zero.png"]
    )
    assert lines[2]["reason"] == "empty" and len(lines[0]["key"]) == 64


def test_counts_that_do_not_add_up_are_no_success(tmp_path):
    many(tmp_path / "in", 2)
    report = enhance(options(tmp_path), load_softener)
    with sqlite3.connect(tmp_path / "out" / "ledger.sqlite") as db:
        db.execute("DELETE FROM pictures WHERE path = 'box0/000.png'")
    from dataclasses import replace

    assert replace(report, counts={"enhanced": 1}).exit_code == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stages": ()}, "Either stages are named or --auto"),
        ({"auto": True}, "Either stages are named or --auto"),
        ({"strength": 1.5}, "between 0 and 1"),
        ({"engine": "magic"}, "engine is one of"),
        ({"max_failures": "many"}, "by a count or by a share"),
        ({"stretch": 50}, "less than 50 percent"),
        ({"out": "in/out"}, "neither holds the originals nor lies among them"),
        ({"out": "."}, "neither holds the originals nor lies among them"),
        ({"input": "nowhere"}, "Check the path"),
    ],
)
def test_nonsense_is_refused_before_anything_is_written(changes, message, tmp_path):
    (tmp_path / "in").mkdir()
    given = {"input": "in", "out": "out", "stages": (Stage("denoise"),), **changes}
    given.update({name: tmp_path / given[name] for name in ("input", "out")})
    with pytest.raises(MisuseError, match=message):
        EnhanceOptions(**given)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_readable_names_are_one_to_one():
    assert readable(os.fsdecode(b"a\xff")) == "a\\xff" != readable("a\\xff")
