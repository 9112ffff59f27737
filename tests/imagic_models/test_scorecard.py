from __future__ import annotations

import json
import math
import re

import cv2
import pytest
from skimage import data

from imagic_models.evaluate import EvaluateOptions, evaluate
from imagic_models.published import PUBLISHED, SET_SIZES, published_rows
from imagic_models.report_figures import line_chart
from imagic_models.scorecard import Row, Runtime, Scorecard, Table
from imagic_models.testset import Failure


def card(**changes) -> Scorecard:
    rows = tuple(
        Row(model, f"{image}.png", level, {"psnr": value + image, "ssim": math.nan}, 0.5, 1.0)
        for model, value in (("baseline:identity", 20.0), ("ours", 30.0))
        for image in range(3)
        for level in ("15", "25")
    )
    known = {
        "protocol": "gaussian-noise",
        "summary": "Noise.",
        "set_name": "Set<5>",
        "images": 3,
        "seed": 0,
        "levels": (("15", "noise", 15.0), ("25", "noise", 25.0)),
        "metrics": ("psnr", "ssim"),
        "rows": rows,
        "runtimes": tuple(Runtime(name, "keras", "ab" * 32, 2, 0.5, 300.0) for name in ("baseline:identity", "ours")),
    }
    return Scorecard(**{**known, **changes})


def test_means_are_over_pictures_and_skip_what_cannot_be_measured() -> None:
    assert card().mean("ours", "15", "psnr") == 31
    assert math.isnan(card().mean("ours", "15", "ssim"))


def test_failures_make_exit_code_three_and_are_printed() -> None:
    failed = card(failures=(Failure("a.png", "truncated", "ends early"),))
    assert (card().exit_code, failed.exit_code) == (0, 3)
    assert "not scored  a.png: truncated, ends early" in failed.lines()


def test_published_rows_stand_under_ours_with_their_source() -> None:
    lines = card(published=published_rows("gaussian-noise", "Kodak_24", 24)).lines()
    row = next(line for line in lines if line.startswith("DRUNet"))
    assert re.split(r"\s{2,}", row)[1:] == ["35.31", "32.89"]
    assert any(line.startswith("published: the papers of") for line in lines)


def test_published_rows_need_the_very_set() -> None:
    assert published_rows("gaussian-noise", "kodak24", 24)
    assert not published_rows("gaussian-noise", "kodak24", 23)
    assert not published_rows("gaussian-noise", "my pictures", 24)


def test_every_published_row_is_plausible_and_of_a_known_set() -> None:
    assert len(PUBLISHED) > 60
    for row in PUBLISHED:
        assert row.set_name in SET_SIZES and row.source
        for scores in row.scores.values():
            assert 7 < scores["psnr"] < 45 and 0 < scores.get("ssim", 0.5) < 1


def test_json_holds_rows_and_means_and_is_strict(tmp_path) -> None:
    infinite = Row("ours", "3.png", "15", {"psnr": math.inf, "ssim": 1.0}, 0.1, 1.0)
    path = tmp_path / "deep" / "card.json"
    card(rows=(*card().rows, infinite)).write_json(path)
    content = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert content["rows"][-1]["metrics"]["psnr"] == "Infinity"
    assert content["rows"][0]["metrics"]["ssim"] is None
    assert content["means"][1] == {"model": "baseline:identity", "level": "25", "psnr": 21.0, "ssim": None}


def test_a_table_is_aligned_and_turns_into_markdown() -> None:
    table = Table("PSNR", ("", "x2"), (("ours", "31.00"),), (("theirs", "30.1"),))
    assert table.plain() == ["           x2", "-------------", "ours    31.00", "-------------", "theirs   30.1"]
    assert table.markdown()[-1] == "| *theirs* | *30.1* |"


def test_the_report_is_one_file_that_needs_nothing_else(tmp_path) -> None:
    cv2.imwrite(str(tmp_path / "cat.png"), data.cat()[:120, :150, ::-1])
    chosen = EvaluateOptions(
        models=("baseline:nlm",), protocol="gaussian-noise", images=tmp_path, report=tmp_path / "out", progress=False
    )
    evaluate(chosen)
    page = (tmp_path / "out" / "index.html").read_text()
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page) and "<script" not in page
    assert page.count('<div class="panel">') == 3 and page.count('alt="error of') == 2
    assert "<polyline" in page and "s/MP" in page


def test_names_from_files_cannot_break_the_page() -> None:
    from imagic_models.report import page

    text = page(card(failures=(Failure("<b>.png", "size"),)), ())
    assert "Set&lt;5&gt;" in text and "<b>.png" not in text and "&lt;b&gt;.png" in text


def test_charts_place_larger_values_higher_and_leave_out_infinities() -> None:
    chart = line_chart({"ours": [(1, 10.0), (2, 20.0), (3, math.inf)]}, "x", "dB", {"ours": 1})
    (first, second) = re.search(r'points="([^"]+)"', chart).group(1).split()
    assert float(second.split(",")[1]) < float(first.split(",")[1])
