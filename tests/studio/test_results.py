from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from studio.gate import REPORT_POLICY
from studio.results import Results, ledger_view
from tests.studio.conftest import build_app


def row(number: int) -> dict:
    status, stages = ("failed", []) if number % 3 == 0 else ("enhanced", [["denoise", 1.0]])
    return {"path": f"a{number}.png", "status": status, "stages": stages, "seconds": number / 7}


ROWS = [row(number) for number in range(9)]


@pytest.fixture
def folder(tmp_path):
    done = tmp_path / "done"
    (done / "report" / "crops").mkdir(parents=True)
    (done / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    card = {"protocol": "gaussian-noise", "summary": "Noise.", "metrics": ["psnr"], "images": 2}
    card["means"] = [{"model": "denoise", "level": "25", "psnr": 30.5}, {"model": "<b>x", "level": "50", "psnr": None}]
    (done / "card.json").write_text(json.dumps(card))
    (done / "other.json").write_text("{}")
    (done / "report" / "report.html").write_text("<script>1</script>")
    (done / "report" / "crops" / "a.png").write_bytes(b"png")
    (done / "report" / "secret.txt").write_text("secret")
    (tmp_path / "outside.png").write_bytes(b"outside")
    (done / "report" / "link.png").symlink_to(tmp_path / "outside.png")
    return done


@pytest.fixture
def browsing(folder):
    with TestClient(build_app(results=(str(folder),)), base_url="http://127.0.0.1:7860") as made:
        made.results = {result.kind: result for result in app_results(made).list()}
        yield made


def app_results(client) -> Results:
    """The very list that the app's pages use, so that ids agree."""
    return client.app.state.results


def test_ledgers_scorecards_and_reports_are_listed(browsing):
    assert set(browsing.results) == {"ledger", "scorecard", "report"}
    page = browsing.get("/results").text
    assert all(result.title in page for result in browsing.results.values()) and "other.json" not in page


def test_a_ledger_counts_and_filters_its_outcomes(browsing):
    address = f"/results/{browsing.results['ledger'].id}"
    assert "failed (3)" in browsing.get(address).text
    shown = browsing.get(f"{address}?column=status&value=failed").text
    assert "a3.png" in shown and "a4.png" not in shown and "<td>denoise 1</td>" not in shown
    assert "<td>denoise 1</td>" in browsing.get(f"{address}?column=status&value=enhanced").text


def test_a_ledger_as_enhance_exports_it_reads_alike_in_both_formats(folder):
    from pipelines.enhance.ledger import Ledger, Record

    ledger = Ledger(folder / "ledger.sqlite")
    for values in ROWS:
        ledger.finish(Record(**values, measured={"noise": 1.25}), ledger.begin_run({}, 1))
    ledger.export(folder)
    ledger.close()
    shown = ledger_view(folder / "ledger.jsonl")
    assert shown.rows[1]["stages"] == "denoise 1" and shown.rows[1]["measured"] == "noise 1.25"
    assert ledger_view(folder / "ledger.parquet") == ledger_view(folder / "ledger.jsonl")
    kinds = [result.kind for result in Results((folder,)).list()]
    assert kinds.count("ledger") == 1, "twins are listed once"


def test_a_scorecard_is_a_table_and_its_words_are_escaped(browsing):
    page = browsing.get(f"/results/{browsing.results['scorecard'].id}").text
    assert "30.500" in page and "&lt;b&gt;x" in page and "<b>x" not in page


def test_a_report_runs_in_a_box_without_an_origin(browsing):
    report = browsing.results["report"]
    assert "sandbox=" in browsing.get(f"/results/{report.id}").text
    answer = browsing.get(f"/results/{report.id}/files/report.html")
    assert answer.text == "<script>1</script>" and answer.headers["Content-Security-Policy"] == REPORT_POLICY
    assert browsing.get(f"/results/{report.id}/files/crops/a.png").content == b"png"


@pytest.mark.parametrize(
    "name", ["secret.txt", "../card.json", "..%2fcard.json", "%2e%2e/card.json", "/etc/passwd", "link.png", "crops"]
)
def test_nothing_but_the_reports_own_pictures_and_pages_is_handed_out(browsing, name):
    answer = browsing.get(f"/results/{browsing.results['report'].id}/files/{name}")
    assert answer.status_code == 404 and b"secret" not in answer.content and b"outside" not in answer.content


@pytest.mark.parametrize("wrong", ["x", "..%2f..", "0" * 24, "é"])
def test_an_unknown_result_is_not_found(browsing, wrong):
    assert browsing.get(f"/results/{wrong}").status_code == 404


def test_a_ledger_that_is_no_ledger_is_one_sentence(folder):
    (folder / "ledger.jsonl").write_text("{not json\n")
    with TestClient(build_app(results=(str(folder),)), base_url="http://127.0.0.1:7860") as client:
        ledger = next(result for result in app_results(client).list() if result.kind == "ledger")
        answer = client.get(f"/results/{ledger.id}")
    assert answer.status_code == 422 and "line 1" in answer.json()["detail"]
