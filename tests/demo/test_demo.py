"""The guided run reaches its page, and the page holds together."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from demo.options import DemoOptions
from demo.page import Page, Pair, slider, tree
from demo.run import run_demo
from imaging.errors import MisuseError


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return run_demo(DemoOptions(tmp_path_factory.mktemp("demo"), steps=3))


@pytest.mark.slow
def test_every_stage_ran_and_left_its_files(report):
    out = report.index.parent / "out"
    assert report.exit_code == 0 and list(report.seconds) == ["crawl", "build", "train", "evaluate", "enhance", "page"]
    assert (out / "originals" / "manifest.parquet").exists() and (out / "run" / "model.keras").exists()
    assert len(list((out / "enhanced").glob("*.png"))) == len(list(out.glob("test-pairs/denoise/degraded/*.png"))) > 4


@pytest.mark.slow
def test_the_page_names_only_files_that_are_there(report):
    page = report.index.read_text(encoding="utf-8")
    named = re.findall(r"src='([^']+)'", page)
    assert len(named) > 6
    assert [name for name in named if not (report.index.parent / unquote(name)).exists()] == []
    assert "://" not in page.partition("<pre>")[0]
    assert "the network of this run" in page and "non-local means" in page


@pytest.mark.slow
def test_what_may_not_be_collected_was_not_collected(report):
    from crawler.manifest import read_manifest

    licences = {row.licence for row in read_manifest(report.index.parent / "out" / "originals")}
    assert licences == {"CC0-1.0", "LicenseRef-PDM-1.0"}


def test_titles_cannot_break_out_of_the_page(tmp_path):
    figure = slider(Pair("<b>'\"", tmp_path / "a'b.png", tmp_path / "c.png"), tmp_path)
    assert "<b>" not in figure and "a'b.png" not in figure
    page = Page("<i>", "<u>")
    page.add_table("<b>", ["<td>"], [["<script>"]])
    assert not {"<i>", "<u>", "<b>", "<td><script>"} & set(re.findall(r"<\w+>", page.render())) - {"<td>"}


def test_a_long_folder_is_shortened(tmp_path):
    for number in range(9):
        (tmp_path / f"{number}.txt").write_text("x" * 2048)
    assert tree(tmp_path, max_files=2).splitlines() == [
        f"{tmp_path.name}/",
        "    0.txt  (2 KiB)",
        "    1.txt  (2 KiB)",
        "    ... and 7 more",
    ]


def test_at_least_one_step_is_trained():
    with pytest.raises(MisuseError, match=r"The demo trains at least one step. Received: 0"):
        DemoOptions(Path("x"), steps=0)
