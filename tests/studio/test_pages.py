from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import studio
from studio.catalogue import CLASSICAL_OFFERS
from tests.studio.conftest import OFFERS, build_app

FOLDER = Path(studio.__file__).parent
PAGES = ("/", "/dataset", "/results", "/api")
# Names of standards that browsers never fetch.
NAMES = {"http://www.w3.org"}


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_whole_and_marks_its_tab(client, address):
    page = client.get(address)
    assert page.status_code == 200 and page.text.count('aria-current="page"') == 1
    assert f'href="{address}" aria-current' in page.text


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_no_inline_script_or_style_for_the_policy_to_forbid(client, address):
    page = client.get(address).text
    assert "style=" not in page and "<style" not in page and not re.search(r"\son\w+=", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)


@pytest.mark.parametrize("address", PAGES)
def test_everything_that_a_page_needs_is_here(client, address):
    for link in re.findall(r'(?:src|href)="([^"#]+)"', client.get(address).text):
        assert link.startswith("/") and client.get(link).status_code == 200, link


def test_nothing_is_fetched_from_elsewhere():
    files = [path for kind in ("*.js", "*.css", "*.html", "*.svg") for path in FOLDER.rglob(kind)]
    address = re.compile(r"(?:https?:)?//[a-z][\w.-]+\.[a-z]{2,}")
    assert {url for path in files for url in address.findall(path.read_text())} <= NAMES


def test_every_import_of_a_script_is_a_script_of_ours():
    for script in (FOLDER / "static").glob("*.js"):
        for module in re.findall(r'from "([^"]+)"', script.read_text()):
            assert (script.parent / module).is_file(), (script.name, module)


def test_what_is_kept_of_others_has_its_licence_beside_it():
    vendor = FOLDER / "static" / "vendor"
    assert "MIT License" in (vendor / "img-comparison-slider.LICENSE.txt").read_text()
    assert {path.name for path in vendor.glob("*.js")} == {"img-comparison-slider.js"}


def test_only_what_can_run_is_offered(client):
    offered = re.findall(r'data-stage="([^"]+)"', client.get("/").text)
    assert offered == [offer.name for offer in (*OFFERS, *CLASSICAL_OFFERS)]


def test_the_shipped_offers_are_the_presets_with_weights():
    from imagic_models.weights import index
    from studio.catalogue import shipped_offers

    assert {offer.name for offer in shipped_offers()} == set(index.entries())


def test_a_browser_is_given_a_name_once(client):
    first = client.get("/")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert "set-cookie" not in client.get("/dataset").headers


def test_the_page_tells_its_limits():
    with TestClient(build_app(max_upload_mb=2.5, max_megapixels=12), base_url="http://127.0.0.1:7860") as client:
        page = client.get("/").text
    assert "2.5 MB" in page and "12 megapixels" in page.replace("\n", " ").replace("        ", "")
    assert "Everything stays on this machine" in page


def test_an_open_studio_does_not_claim_to_be_private():
    with TestClient(build_app(host="0.0.0.0"), base_url="http://mill:7860") as client:
        assert "open to its network" in client.get("/").text


@pytest.mark.parametrize(
    ("method", "address", "kind"),
    [("GET", "/nowhere", "not-found"), ("GET", "/api/enhance", "method"), ("PUT", "/", "method")],
)
def test_a_wrong_address_is_a_clear_refusal(client, method, address, kind):
    answer = client.request(method, address, content=b"" if method == "PUT" else None)
    assert answer.json()["kind"] == kind
