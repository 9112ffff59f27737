from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from studio.gate import HEADERS, Pace
from studio.refusals import Refused
from tests.studio.conftest import build_app

BASE = "http://127.0.0.1:7860"


def refused(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["kind"]


ADDRESSES = ("/", "/dataset", "/results", "/api", "/static/studio.css", "/api/stages", "/nowhere")


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_the_security_headers(client, address):
    headers = client.get(address).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS


def test_no_page_may_run_or_load_anything_from_elsewhere():
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
    assert not any(word in HEADERS["Content-Security-Policy"] for word in ("unsafe", "http", "*"))


def test_a_refusal_carries_the_headers_too(client):
    answer = client.post("/api/pictures", content=b"x", headers={"Origin": "https://elsewhere.example"})
    assert refused(answer) == (403, "cross-site") and answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", ""])
def test_a_name_that_was_made_to_point_here_is_refused(client, host):
    assert refused(client.get("/", headers={"Host": host})) == (421, "wrong-host")


@pytest.mark.parametrize("host", ["127.0.0.1:9", "localhost", "[::1]:7860"])
def test_the_names_of_this_machine_are_taken(client, host):
    assert client.get("/api/stages", headers={"Host": host}).status_code == 200


def test_an_open_studio_answers_to_its_networks_names():
    with TestClient(build_app(host="0.0.0.0"), base_url="http://mill.example:7860") as client:
        assert client.get("/api/stages").status_code == 200
        assert refused(client.post("/api/enhance", headers={"Sec-Fetch-Site": "cross-site"}))[0] == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_another_sites_page_can_change_nothing(client, method):
    headers = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert refused(client.request(method, "/api/pictures/x", headers=headers)) == (403, "cross-site")


def test_the_studios_own_page_may(client, png):
    headers = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/pictures", content=png, headers=headers).status_code == 201


def test_a_body_over_the_limit_is_refused_by_its_announcement(png):
    with TestClient(build_app(max_upload_mb=0.001), base_url=BASE) as client:
        answer = client.post("/api/pictures?name=a.png", content=png)
    assert refused(answer) == (413, "too-many-bytes") and "0.001 MB" in answer.json()["detail"]


def test_a_body_of_unknown_length_is_refused(client):
    assert refused(client.post("/api/pictures", content=iter([b"a", b"b"]))) == (411, "no-length")


def test_too_many_requests_in_a_minute_are_told_to_wait():
    with TestClient(build_app(rate=2), base_url=BASE) as client:
        answers = [client.post("/api/enhance?stages=denoise", content=b"") for _ in range(3)]
        assert client.get("/api/stages").status_code == 200
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert answers[-1].json()["kind"] == "too-often" and int(answers[-1].headers["Retry-After"]) > 0


def test_tiles_have_a_wider_limit_of_their_own():
    with TestClient(build_app(rate=1), base_url=BASE) as client:
        statuses = [client.get("/api/damages/nope/1.png").status_code for _ in range(12)]
    assert statuses == [422] * 10 + [429] * 2


def test_a_bucket_fills_evenly_and_each_address_has_its_own():
    now = [0.0]
    pace = Pace(60, lambda: now[0])
    for _ in range(60):
        pace.count("a")
    with pytest.raises(Refused):
        pace.count("a")
    pace.count("b")
    now[0] = 2.5
    pace.count("a")
    pace.count("a")
    with pytest.raises(Refused):
        pace.count("a")
