from __future__ import annotations

import io
import re
import shlex
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from starlette.testclient import TestClient

from imaging.files import read_rgb
from tests.studio.conftest import FakeRestorer, build_app, finished


def floating_tiff() -> bytes:
    content = io.BytesIO()
    tifffile.imwrite(content, np.zeros((8, 8), np.float64))
    return content.getvalue()


BAD_UPLOADS = {
    "empty": lambda png: b"",
    "not-an-image": lambda png: b"%PDF-1.7 is no picture",
    "truncated": lambda png: png[: len(png) // 2],
    "unreadable": lambda png: png[:60] + bytes(len(png) - 60),
    "unsupported": lambda png: floating_tiff(),
}


def temporary_files(client: TestClient) -> list[Path]:
    return [path for path in client.app.state.store.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("address", ["/api/pictures?", "/api/enhance?stages=denoise&"])
@pytest.mark.parametrize("kind", BAD_UPLOADS)
def test_each_bad_upload_is_one_clear_4xx_and_leaves_nothing(client, png, kind, address):
    answer = client.post(f"{address}name=my%20file.png", content=BAD_UPLOADS[kind](png))
    problem = answer.json()
    assert problem["kind"] == kind and 400 <= answer.status_code == problem["status"] < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "my file.png" in problem["detail"] and "/tmp" not in answer.text
    assert temporary_files(client) == []


def test_pixels_are_counted_before_they_are_decoded():
    bomb = cv2.imencode(".png", np.zeros((3000, 3000), np.uint8))[1].tobytes()
    with TestClient(build_app(max_megapixels=8), base_url="http://127.0.0.1:7860") as client:
        answer = client.post("/api/pictures", content=bomb)
    assert (answer.status_code, answer.json()["kind"]) == (413, "too-large") and len(bomb) < 100_000


def test_only_a_name_makes_a_file_camera_raw(client, png):
    answer = client.post("/api/enhance?stages=denoise&name=../scan.NEF", content=png)
    assert answer.status_code in (415, 422) and "scan.NEF" in answer.json()["detail"]
    assert client.post("/api/enhance?stages=denoise&name=scan.nef.png", content=png).status_code == 200


def test_a_chain_that_grows_a_picture_without_end_is_refused(client, png):
    answer = client.post("/api/enhance?stages=" + ",".join(["super-resolution-x2"] * 8), content=png)
    assert (answer.status_code, answer.json()["kind"]) == (413, "too-large") and "128 megapixels" in answer.text


def test_any_garbage_is_a_4xx_and_the_studio_goes_on(client, png):
    rng = np.random.default_rng(0)
    for _ in range(12):
        broken = bytearray(png)
        for at in rng.integers(8, len(png), 40):
            broken[at] = rng.integers(256)
        assert client.post("/api/pictures", content=bytes(broken)).status_code in (201, 413, 415, 422)
    assert client.post("/api/enhance?stages=denoise", content=png).status_code == 200


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("stages=nope", "nope"),
        ("", "auto"),
        ("stages=denoise&auto=true", "auto"),
        ("stages=denoise:7", "7"),
        ("stages=../weights.keras", "weights"),
        ("stages=" + "denoise," * 9, "denoise"),
        ("stages=denoise&detail=2", "detail"),
        ("stages=denoise&stretch=50", "stretch"),
        ("stages=denoise&form=exe", "form"),
        ("stages=denoise&name=" + "x" * 301, "name"),
    ],
)
def test_each_misuse_is_a_422_that_names_it(client, png, query, word):
    answer = client.post(f"/api/enhance?{query}", content=png)
    assert answer.status_code == 422 and answer.json()["kind"] == "misuse" and word in answer.json()["detail"]


def test_enhance_returns_the_restored_picture_and_keeps_no_file(client, png, astronaut):
    answer = client.post("/api/enhance?stages=denoise", content=png)
    assert answer.headers["content-type"] == "image/png"
    assert np.array_equal(read_rgb(answer.content), FakeRestorer("denoise").restore(astronaut))
    assert temporary_files(client) == []


def test_the_pages_download_is_the_programs_answer(client, png):
    picture = client.post("/api/pictures?name=a.png", content=png).json()
    job = client.post(f"/api/pictures/{picture['id']}/restore", json={"stages": [{"model": "denoise"}]})
    assert job.status_code == 202 and finished(client, job.json())["result"]["width"] == 150
    download = client.get(f"/api/pictures/{picture['id']}/result?form=png")
    assert download.headers["content-disposition"] == 'attachment; filename="a-restored.png"'
    assert download.content == client.post("/api/enhance?stages=denoise", content=png).content


def test_an_upload_is_described_and_measured(client, png):
    picture = client.post("/api/pictures?name=..%2F..%2Fa.png", content=png).json()
    assert {name: picture[name] for name in ("name", "format", "width", "height", "bit_depth", "pages")} == {
        "name": "a.png", "format": "png", "width": 150, "height": 120, "bit_depth": 8, "pages": 1,
    }  # fmt: skip
    assert {"noise", "blur", "contrast"} <= {measure["name"] for measure in picture["diagnosis"]["measures"]}


def test_a_noisy_picture_is_proposed_to_be_denoised(client, astronaut):
    noisy = np.clip(astronaut + np.random.default_rng(1).normal(0, 30, astronaut.shape), 0, 255).astype(np.uint8)
    found = client.post("/api/pictures", content=cv2.imencode(".png", noisy)[1].tobytes()).json()["diagnosis"]
    assert [stage["model"] for stage in found["proposal"]] == ["denoise"]
    assert next(measure for measure in found["measures"] if measure["name"] == "noise")["needed"]


def test_without_weights_the_nearest_classical_method_is_proposed(astronaut):
    from studio.app import create_app
    from studio.options import StudioOptions

    noisy = np.clip(astronaut + np.random.default_rng(1).normal(0, 30, astronaut.shape), 0, 255).astype(np.uint8)
    app = create_app(StudioOptions(), load=FakeRestorer, offers=())
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        found = client.post("/api/pictures", content=cv2.imencode(".png", noisy)[1].tobytes()).json()["diagnosis"]
        assert "No network" in client.get("/").text
    assert [stage["model"] for stage in found["proposal"]] == ["baseline:nlm"]
    assert "not installed" in found["remarks"][0]


@pytest.mark.parametrize("stage", ["baseline:nlm", "baseline:telea", "baseline:gamma", "baseline:clahe-chain"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_classical_methods_need_no_weights(client, astronaut, stage, dtype):
    content = cv2.imencode(".png", astronaut[:64, :64].astype(dtype) * (257 if dtype == np.uint16 else 1))[1].tobytes()
    answer = client.post(f"/api/enhance?stages={stage}", content=content)
    assert answer.status_code == 200 and read_rgb(answer.content).dtype == dtype


def test_damage_is_shown_by_stages_that_know_it(client, png):
    picture = client.post("/api/pictures", content=png).json()["id"]
    answer = client.post(f"/api/pictures/{picture}/mask?stage=old-photo")
    assert read_rgb(answer.content)[:, 0, 0].nonzero()[0].tolist() == [10]
    refused = client.post(f"/api/pictures/{picture}/mask?stage=denoise")
    assert refused.status_code == 422 and "old-photo" in refused.json()["title"]


def test_a_stage_that_raises_is_one_sentence_without_this_machines_paths(client, png):
    picture = client.post("/api/pictures", content=png).json()["id"]
    started = client.post(f"/api/pictures/{picture}/restore", json={"stages": [{"model": "broken"}]})
    job = finished(client, started.json())
    assert job["state"] == "failed" and job["problem"]["kind"] == "failed" and "secret" not in str(job)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stages": []},
        {"stages": [{"model": "denoise", "strength": 2}]},
        {"stages": [{"model": "denoise"}], "auto": True},
        {"stages": [{"model": "denoise"}], "extra": 1},
        {"stages": [{"model": "colorize"}], "points": [{"row": 0, "column": 0, "colour": "red"}]},
        {"stages": [{"model": "denoise"}], "stretch": "NaN"},
    ],
)
def test_a_treatment_that_makes_no_sense_does_not_wait_for_its_turn(client, png, wrong):
    picture = client.post("/api/pictures", content=png).json()["id"]
    assert client.post(f"/api/pictures/{picture}/restore", json=wrong).status_code == 422


@pytest.mark.parametrize("mask", ["not base64!", "aGVsbG8="])
def test_a_mask_that_is_none_fails_with_its_reason(client, png, mask):
    picture = client.post("/api/pictures", content=png).json()["id"]
    treatment = {"stages": [{"model": "old-photo"}], "mask": mask}
    job = finished(client, client.post(f"/api/pictures/{picture}/restore", json=treatment).json())
    assert job["state"] == "failed" and job["problem"]["kind"] in ("misuse", "not-an-image")


def test_a_colour_point_outside_the_picture_fails_with_its_reason(client, png):
    picture = client.post("/api/pictures", content=png).json()["id"]
    point = {"row": 9999, "column": 0, "colour": "#000000"}
    treatment = {"stages": [{"model": "colorize"}], "points": [point]}
    job = finished(client, client.post(f"/api/pictures/{picture}/restore", json=treatment).json())
    assert job["state"] == "failed" and job["problem"]["kind"] == "misuse" and "9999" in job["problem"]["detail"]


def test_a_job_is_stopped_between_stages(client, png):
    picture = client.post("/api/pictures", content=png).json()["id"]
    job = client.post(f"/api/pictures/{picture}/restore", json={"stages": [{"model": "slow"}] * 8}).json()
    assert client.delete(f"/api/jobs/{job['id']}").status_code == 204
    assert finished(client, job)["state"] == "cancelled"


def test_a_removed_picture_is_gone_from_memory_and_disk(client, png):
    picture = client.post("/api/pictures", content=png).json()["id"]
    assert temporary_files(client) and client.delete(f"/api/pictures/{picture}").status_code == 204
    assert temporary_files(client) == []
    for address in (f"/api/pictures/{picture}/before.png", f"/api/pictures/{picture}/result"):
        assert client.get(address).json()["kind"] == "not-found"


PROBES = (
    "/api/pictures/..%2f..%2fetc/before.png",
    "/api/pictures/x/passwd.png",
    "/api/jobs/%00",
    "/static/..%2fapp.py",
)


@pytest.mark.parametrize("address", PROBES)
def test_no_name_from_outside_opens_a_file(client, address):
    assert client.get(address).status_code == 404


def test_closing_the_studio_deletes_what_it_kept(png):
    with TestClient(build_app(), base_url="http://127.0.0.1:7860") as client:
        client.post("/api/pictures", content=png)
        folder = client.app.state.store.folder
        assert folder.exists()
    assert not folder.exists()


def test_the_interface_describes_itself(client):
    schema = client.get("/openapi.json").json()
    enhance = schema["paths"]["/api/enhance"]["post"]
    assert schema["openapi"].startswith("3.") and "application/octet-stream" in enhance["requestBody"]["content"]
    assert {"400", "411", "413", "415", "422", "429", "503"} <= set(enhance["responses"])
    assert all(path in client.get("/api").text for path in schema["paths"])


def examples(language: str) -> list[str]:
    text = (Path(__file__).parents[2] / "docs" / "studio.md").read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_curl_example_of_the_documentation_runs(served, png, tmp_path):
    (line,) = (line for line in examples("sh") if line.startswith("curl"))
    (tmp_path / "scan.png").write_bytes(png)
    words = shlex.split(line.replace("http://127.0.0.1:7860", served))
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    assert read_rgb(tmp_path / "restored.png").shape == (120, 150, 3)


def test_the_python_example_of_the_documentation_runs(served, png, tmp_path, monkeypatch):
    (tmp_path / "scan.png").write_bytes(png)
    monkeypatch.chdir(tmp_path)
    (code,) = (code for code in examples("python") if "/api/enhance" in code)
    exec(code.replace("http://127.0.0.1:7860", served), {})
    assert read_rgb(tmp_path / "restored.png").shape == (120, 150, 3)
