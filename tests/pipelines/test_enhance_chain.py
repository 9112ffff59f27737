"""Stages on one picture, the report and the estimate."""

from __future__ import annotations

import re
from dataclasses import replace

import archive
import numpy as np
import pytest
from enhance_fakes import Softener, load_softener
from PIL import Image

from imagic_models.chain import Finish, Step, enhance_page, enhance_picture
from imaging.errors import MisuseError
from imaging.files import read_picture, write_picture
from imaging.picture import Page
from pipelines.enhance.job import enhance
from pipelines.enhance.options import EnhanceOptions, Stage, parse_stages


class Colouriser(Softener):
    """Makes a gray picture red."""

    def restore(self, image):
        return np.stack([image, image // 2, image // 2], axis=2)


def step(name="denoise", strength=1.0, kind=Softener):
    return Step(name, kind(name), strength)


@pytest.mark.parametrize("kind", ["tiff cmyk", "tiff alpha 16", "png 16", "jpeg gray", "tiff pages", "tiff bilevel"])
def test_pages_keep_their_colours_depth_and_alpha(kind):
    picture = read_picture(archive.EVERY[kind][1]())
    result = enhance_picture(picture, [step(), step("deblur", 0.5)], Finish(detail=0.3), "ab" * 32)
    for was, now in zip(picture.pages, result.pages, strict=True):
        assert now.samples.shape == was.samples.shape and now.samples.dtype == was.samples.dtype
        assert now.alpha is was.alpha


def test_an_enlarged_page_enlarges_its_alpha_and_says_so_in_exif(tmp_path):
    picture = read_picture(archive.modern("WEBP"))
    result = enhance_picture(picture, [step("enlarge-x2")], Finish(), "")
    assert result.pages[0].samples.shape == (74, 106, 3) and result.pages[0].alpha.shape == (74, 106)
    write_picture(tmp_path / "a.webp", result)
    assert read_picture(tmp_path / "a.webp").passport.alpha


@pytest.mark.parametrize("kind", ["png gray", "jpeg gray", "tiff gray 16"])
def test_a_gray_picture_that_gets_colours_is_labelled_and_loses_its_gray_profile(kind, tmp_path):
    name, make = archive.EVERY[kind]
    result = enhance_picture(read_picture(make()), [step("colorize", kind=Colouriser)], Finish(), "")
    write_picture(tmp_path / name, result)
    again = read_picture(tmp_path / name)
    assert again.pages[0].samples.ndim == 3 and again.passport.icc is None
    assert b"compositeWithTrainedAlgorithmicMedia" in again.passport.xmp and b"shelf 12" in again.passport.xmp


def test_a_step_of_strength_zero_is_not_even_asked():
    class Refuser(Softener):
        def restore(self, image):
            raise AssertionError

    page = Page(archive.picture())
    assert enhance_page(page, None, [step(strength=0.0, kind=Refuser)], Finish()).samples is page.samples


def test_one_pixel_passes_through_everything():
    page = enhance_page(Page(np.full((1, 1, 3), 7, np.uint8)), archive.adobe_rgb(), [step()], Finish(0.5, 1.0))
    assert page.samples.tolist() == [[[7, 7, 7]]]


def test_what_was_named_twice_in_stages_is_applied_twice():
    assert parse_stages("a:0.5, b,, a") == (Stage("a", 0.5), Stage("b"), Stage("a"))
    assert parse_stages("C:/models/x.keras") == (Stage("C:/models/x.keras"),)


def load_all_but_denoise(name, engine):
    if name == "denoise":
        raise MisuseError("a preset is used with its weights", name)
    return Softener(name)


def test_auto_without_the_weights_that_a_picture_needs_passes_it_and_says_so(tmp_path):
    (tmp_path / "in").mkdir()
    noise = np.random.default_rng(0).normal(128, 40, (120, 140, 3)).clip(0, 255).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "in" / "a.png")
    report = enhance(EnhanceOptions(tmp_path / "in", tmp_path / "out", auto=True, report=0), load_all_but_denoise)
    assert report.counts == {"passed": 1}
    assert "needs denoise" in (tmp_path / "out" / "ledger.jsonl").read_text()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    (folder / "in").mkdir()
    for name, make in (
        ("a&b.jpg", archive.jpeg),
        ("wide.png", archive.png),
        ("deep.tif", lambda: archive.tiff(np.uint16)),
    ):
        (folder / "in" / name).write_bytes(make())
    (folder / "in" / "<script>.png").write_bytes(b"no picture")
    report = enhance(EnhanceOptions(folder / "in", folder / "out", stages=parse_stages("denoise")), load_softener)
    return report, (folder / "out" / "report.html").read_text("utf-8")


def test_the_report_shows_pairs_and_failures_and_needs_nothing_from_outside(finished):
    report, page = finished
    assert report.exit_code == 3
    assert page.count('class="pair"') == 3 and page.count("data:image/webp;base64,") == 6
    assert "a&amp;b.jpg" in page and "not-an-image" in page and "&lt;script&gt;.png" in page
    assert not re.search(r'(src|href)="(?!data:)', page) and "http" not in page


def test_a_dry_run_writes_nothing_and_says_hours_and_disk(tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(7):
        (tmp_path / "in" / f"{i}.png").write_bytes(archive.png())
    (tmp_path / "in" / "bad.jpg").write_bytes(b"")
    options = EnhanceOptions(tmp_path / "in", tmp_path / "out", stages=parse_stages("denoise"), dry_run=True)
    report = enhance(options, load_softener)
    text = "\n".join(report.lines())
    assert report.exit_code == 0 and not (tmp_path / "out").exists()
    assert "8 pictures found" in text and "7 png" in text and "1 would fail: empty" in text
    assert re.search(r"About .* hours .* GB of results", text)
    done = enhance(replace(options, dry_run=False), load_softener)
    assert done.counts == {"enhanced": 7, "failed": 1}
