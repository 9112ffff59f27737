"""The page in a real browser: skipped where Chromium or playwright is not installed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import cv2
import numpy as np
import pytest

from imaging.files import read_rgb
from tests.studio.conftest import FakeRestorer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)")

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser, served) -> Iterator:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: "Content Security" in message.text and wrong.append(message.text))
    ours = (served, "blob:", "data:")
    opened.on("request", lambda request: request.url.startswith(ours) or wrong.append(request.url))
    opened.goto(served)
    yield opened
    context.close()
    assert wrong == [], "no error, no forbidden script or style, nothing fetched from elsewhere"


@pytest.fixture(scope="module")
def files(tmp_path_factory, png) -> Path:
    folder = tmp_path_factory.mktemp("uploads")
    (folder / "astronaut.png").write_bytes(png)
    (folder / "broken.png").write_bytes(png[:5000])
    (folder / "notes.txt").write_text("no picture")
    (folder / "huge.tif").write_bytes(bytes(10_000_001))
    return folder


def until(page, holds: str, given: object = None) -> None:
    """Wait for an expression of the page; playwright's own waiting evaluates strings, which the policy forbids."""
    deadline = time.monotonic() + 15
    while not page.evaluate(f"given => Boolean({holds})", given):
        assert time.monotonic() < deadline, f"never: {holds}"
        page.wait_for_timeout(20)


def upload(page, *paths: Path) -> None:
    page.set_input_files("#files", [str(path) for path in paths])


def restore(page, *stages: str) -> None:
    for stage in stages:
        page.click(f"[data-stage='{stage}']")
    page.click("#run")
    page.wait_for_selector("#result:not([hidden])")


def serious(page, *rules: str) -> list[str]:
    """The serious and critical findings of axe-core, of some rules or of all."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    options = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    found = axe.Axe().run(page, options=options).response["violations"]
    return [f"{f['id']}: {f['nodes'][0]['html']}" for f in found if f["impact"] in ("serious", "critical")]


def test_a_picture_is_uploaded_restored_compared_and_taken_home_byte_for_byte(page, files, served):
    upload(page, files / "astronaut.png")
    page.wait_for_selector("#easel:not([hidden])")
    assert page.locator(".measures tr").count() >= 8
    restore(page, "denoise")
    with page.expect_download() as waited:
        page.click("#download-png")
    content = Path(waited.value.path()).read_bytes()
    assert waited.value.suggested_filename == "astronaut-restored.png"
    expected = FakeRestorer("denoise").restore(read_rgb(files / "astronaut.png"))
    assert np.array_equal(read_rgb(content), expected)
    request = Request(f"{served}/api/enhance?stages=denoise", data=(files / "astronaut.png").read_bytes())
    assert content == urlopen(request).read()


def test_the_slider_follows_pointer_and_keys_and_says_where_it_is(page, files):
    upload(page, files / "astronaut.png")
    restore(page, "denoise")
    slider = page.locator("#slider")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 20, steps=4)
    page.mouse.up()
    assert 78 <= int(slider.get_attribute("aria-valuenow")) <= 82
    slider.focus()
    page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuenow") == "0"
    page.keyboard.press("ArrowRight", delay=150)
    assert 0 < int(slider.get_attribute("aria-valuenow")) < 60
    assert "restored" in slider.get_attribute("aria-valuetext")


def test_zoom_reaches_single_pixels(page, files):
    upload(page, files / "astronaut.png")
    page.click("#zoom-full")
    assert page.locator("#plain").bounding_box()["width"] == 150
    for _ in range(8):
        page.click("#zoom-in")
    assert page.locator("#zoom").inner_text() == "800 %" and page.locator("#plain").bounding_box()["width"] == 1200
    page.click("#zoom-fit")
    assert page.locator("#plain").bounding_box()["width"] <= page.locator("#viewport").bounding_box()["width"]


def test_bad_uploads_are_told_apart_and_the_good_one_goes_on(page, files):
    upload(page, files / "broken.png", files / "huge.tif", files / "notes.txt", files / "astronaut.png")
    page.wait_for_selector("#easel:not([hidden])")
    notes = page.locator(".alert").all_inner_texts()
    assert len(notes) == 3
    assert "broken.png" in notes[0] and "ends early" in notes[0]
    assert "huge.tif" in notes[1] and "larger than this studio takes" in notes[1] and "10 MB" in notes[1]
    assert "notes.txt" in notes[2] and "JPEG, PNG, TIFF" in notes[2]
    assert page.locator("#strip li").count() == 1


def test_several_pictures_are_restored_one_after_the_other_and_removed(page, files):
    upload(page, files / "astronaut.png", files / "astronaut.png")
    page.wait_for_selector("#run-all:not([hidden])")
    page.click("[data-stage=denoise]")
    page.click("#run-all")
    until(page, "document.querySelectorAll('.choose.done').length === 2")
    page.click("#strip li:first-child .remove")
    page.click("#strip li:first-child .remove")
    assert page.locator("#easel").is_hidden() and page.locator("#run").is_disabled()


def test_damage_is_found_painted_and_filled(page, files):
    upload(page, files / "astronaut.png")
    page.click("[data-stage='old-photo']")
    page.click("[data-view=mask]")
    page.click("#find-damage")
    until(page, "document.querySelector('#status').textContent.includes('found')")
    page.focus("#paint")
    page.keyboard.press("Space")
    restore(page)
    with page.expect_download() as waited:
        page.click("#download-png")
    restored = read_rgb(Path(waited.value.path()))
    assert not restored[10].any(), "what was found is filled"
    assert not restored[60, 75].any(), "what was painted in the middle is filled"
    assert restored[30:50].any()


def test_a_known_colour_is_placed_and_taken_back_by_keyboard(page, files):
    upload(page, files / "astronaut.png")
    page.click("[data-stage=colorize]")
    page.click("[data-view=points]")
    page.focus("#paint")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator("#point-list li").count() == 2
    page.click("#point-list button >> nth=1")
    restore(page)
    with page.expect_download() as waited:
        page.click("#download-png")
    assert read_rgb(Path(waited.value.path()))[60, 75].tolist() == [160, 60, 40]


def test_the_command_follows_every_choice_and_is_copied(page, files):
    upload(page, files / "astronaut.png")
    page.click("[data-stage=denoise]")
    page.click("[data-stage='super-resolution-x2']")
    page.click("button[aria-label='Earlier: Super resolution x2']")
    page.fill("#input-folder", "my scans")
    wanted = "python cli.py enhance 'my scans' --out enhanced --stages super-resolution-x2,denoise"
    until(page, "document.querySelector('#command').textContent === given", wanted)
    page.click("#copy")
    assert page.evaluate("navigator.clipboard.readText()") == wanted
    page.click("input[value=auto]")
    until(page, "document.querySelector('#command').textContent.endsWith('--auto')")
    page.click("input[value=chosen]")
    page.click("[data-stage='baseline:nlm']")
    until(page, "document.querySelector('#copy').disabled")


def test_the_whole_way_can_be_gone_by_keyboard(page, files):
    upload(page, files / "astronaut.png")
    page.wait_for_selector("#easel:not([hidden])")
    page.focus("[data-stage=denoise]")
    page.keyboard.press("Space")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "run":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#result:not([hidden])")
    assert page.locator("#status").inner_text() == "Done."


@pytest.mark.parametrize(("scheme", "rules"), [("light", ()), ("dark", ("color-contrast",))])
def test_axe_has_no_serious_finding(browser, served, files, scheme, rules):
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page.goto(served)
    upload(page, files / "broken.png", files / "astronaut.png")
    restore(page, "denoise", "old-photo", "colorize")
    assert serious(page, *rules) == []
    page.click("[data-view=mask]")
    assert serious(page, *rules) == []
    for address in ("/dataset",) if rules else ("/dataset", "/results", "/api"):
        page.goto(served + address)
        page.wait_for_load_state("networkidle")
        assert serious(page, *rules) == []
    page.close()


def test_nothing_is_wider_than_a_phone(browser, served, files):
    page = browser.new_page(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    for address in ("/", "/dataset", "/results", "/api"):
        page.goto(served + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address
    page.goto(served)
    upload(page, files / "astronaut.png")
    restore(page, "denoise")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("#slider").bounding_box()["width"] <= 360
    page.close()


def test_the_degradation_sheet_is_live(page, served):
    page.goto(f"{served}/dataset")
    page.select_option("#recipe", "denoise")
    loaded = "[...document.querySelectorAll('#sheet img, #damages img')].every(i => i.complete && i.naturalWidth)"
    until(page, f"document.querySelectorAll('#sheet img').length === 6 && {loaded}")
    image = page.locator("#damages img").first
    before = image.get_attribute("src")
    page.locator("#damages input").first.fill("5")
    until(page, "document.querySelector('#damages img').src !== given", before)
    page.fill("#variants", "3")
    page.press("#variants", "Tab")
    until(page, "document.querySelector('#command').textContent.endsWith('--variants 3')")


def test_leaving_the_page_deletes_its_pictures(browser, served, files):
    page = browser.new_page()
    page.goto(served)
    upload(page, files / "astronaut.png")
    page.wait_for_selector("#easel:not([hidden])")
    address = served + "/api/pictures/" + page.locator("#before").get_attribute("src").split("/")[3] + "/before.png"
    assert urlopen(address).status == 200
    page.goto("about:blank")
    page.wait_for_timeout(300)
    page.close()
    with pytest.raises(OSError, match="404"):
        urlopen(address)


def test_a_tall_picture_and_a_single_pixel_are_shown(page, tmp_path):
    for name, shape in (("tall.png", (900, 20, 3)), ("dot.png", (1, 1, 3))):
        (tmp_path / name).write_bytes(cv2.imencode(".png", np.full(shape, 90, np.uint8))[1].tobytes())
        upload(page, tmp_path / name)
        until(page, "document.querySelector('#plain').alt.startsWith(given)", name)
        assert page.locator("#plain").bounding_box()["width"] >= 1
