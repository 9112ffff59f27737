"""The studio does what `cli.py enhance` does: the same bytes come out of both."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image as PillowImage
from PIL import ImageCms

from imagic_models.chain import Finish, Step, enhance_picture
from imaging.errors import MisuseError
from imaging.files import read_picture, read_rgb
from pipelines.enhance.ledger import LEDGER_NAME, Ledger
from pipelines.enhance.options import EnhanceOptions, Stage
from pipelines.enhance.worker import Task, Worker
from studio.forms import as_png
from studio.guided import Guided, Progress
from tests.studio.conftest import OFFERS, FakeRestorer, finished


def save_jpeg(path, image):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = PillowImage.Exif()
    exif[0x0112], exif[0x010E] = 6, "a sideways astronaut"
    PillowImage.fromarray(image).save(path, quality=90, icc_profile=profile, exif=exif, dpi=(300, 300))


def save_cmyk(path, image):
    PillowImage.fromarray(image).convert("CMYK").save(path, compression="tiff_lzw")


SAVERS = {
    "a.png": lambda path, image: PillowImage.fromarray(image).save(path),
    "gray.png": lambda path, image: PillowImage.fromarray(image[:, :, 1]).save(path),
    "alpha.png": lambda path, image: PillowImage.fromarray(np.dstack([image, image[:, :, 0]])).save(path),
    "turned.jpg": save_jpeg,
    "deep.tif": lambda path, image: tifffile.imwrite(path, image.astype(np.uint16) * 257, photometric="rgb"),
    "pages.tif": lambda path, image: tifffile.imwrite(path, np.stack([image, image[::-1]]), photometric="rgb"),
    "inks.tif": save_cmyk,
    "a.webp": lambda path, image: PillowImage.fromarray(image).save(path, lossless=True),
    "dot.png": lambda path, image: PillowImage.fromarray(image[:1, :1]).save(path),
}


def load_offered(model: str, engine: str) -> FakeRestorer:
    if model not in {offer.name for offer in OFFERS}:
        raise MisuseError("A preset is used with its weights", model)
    return FakeRestorer(model)


def in_bulk(folder, name: str, **settings) -> bytes:
    """The file that `cli.py enhance` writes, without Beam around it."""
    options = EnhanceOptions(input=folder, out=folder.parent / "out", **settings)
    options.out.mkdir()
    ledger = Ledger(options.out / LEDGER_NAME)
    run = ledger.begin_run({}, 1)
    worker = Worker(options, load_offered, run)
    record = worker.do(Task(name, name))
    worker.close()
    ledger.close()
    assert record.status in ("enhanced", "passed"), record
    return (options.out / name).read_bytes()


@pytest.mark.parametrize("name", SAVERS)
def test_the_download_equals_the_bulk_jobs_file_byte_for_byte(client, astronaut, tmp_path, name):
    (tmp_path / "in").mkdir()
    SAVERS[name](tmp_path / "in" / name, astronaut)
    stages = (Stage("denoise", 0.8), Stage("super-resolution-x2"))
    expected = in_bulk(tmp_path / "in", name, stages=stages, detail=0.3, stretch=1.0)
    asked = "stages=denoise:0.8,super-resolution-x2&detail=0.3&stretch=1&form=original"
    answer = client.post(f"/api/enhance?{asked}&name={name}", content=(tmp_path / "in" / name).read_bytes())
    assert answer.status_code == 200, answer.text
    assert answer.content == expected


def test_auto_leaves_a_good_picture_byte_for_byte_as_the_bulk_job_does(client, tmp_path):
    from skimage import data

    (tmp_path / "in").mkdir()
    PillowImage.fromarray(data.astronaut()).save(tmp_path / "in" / "good.jpg", quality=97)
    content = (tmp_path / "in" / "good.jpg").read_bytes()
    assert in_bulk(tmp_path / "in", "good.jpg", auto=True) == content
    answer = client.post("/api/enhance?auto=true&form=original", content=content)
    assert answer.content == content and answer.headers["content-type"] == "image/jpeg"


def test_auto_applies_what_the_measurement_asks_for_as_the_bulk_job_does(client, astronaut, tmp_path):
    (tmp_path / "in").mkdir()
    noise = np.random.default_rng(0).normal(0, 25, astronaut.shape)
    noisy = np.clip(astronaut + noise, 0, 255).astype(np.uint8)
    PillowImage.fromarray(noisy).save(tmp_path / "in" / "noisy.png")
    content = (tmp_path / "in" / "noisy.png").read_bytes()
    expected = in_bulk(tmp_path / "in", "noisy.png", auto=True)
    assert expected != content
    assert client.post("/api/enhance?auto=true&form=original", content=content).content == expected


def test_auto_asks_the_network_for_damage_as_the_bulk_job_does(client, tmp_path):
    from skimage import data

    (tmp_path / "in").mkdir()
    PillowImage.fromarray(data.astronaut()[:60]).save(tmp_path / "in" / "strip.png")  # one line of 60 is over the limit
    expected = in_bulk(tmp_path / "in", "strip.png", auto=True)
    content = (tmp_path / "in" / "strip.png").read_bytes()
    assert b"old-photo" in expected
    assert client.post("/api/enhance?auto=true&form=original", content=content).content == expected


@pytest.mark.parametrize(
    "name", sorted(SAVERS.keys() - {"inks.tif"})
)  # inks are changed as RGB, then brought home to inks
def test_the_png_holds_the_restorers_own_pixels(client, astronaut, tmp_path, name):
    SAVERS[name](tmp_path / name, astronaut)
    answer = client.post("/api/enhance?stages=denoise", content=(tmp_path / name).read_bytes())
    expected = FakeRestorer("denoise").restore(read_rgb(tmp_path / name))
    assert answer.status_code == 200, answer.text
    assert np.array_equal(read_rgb(answer.content), expected)


def test_the_png_keeps_profile_and_description(tmp_path, astronaut):
    save_jpeg(tmp_path / "a.jpg", astronaut)
    picture = read_picture(tmp_path / "a.jpg")
    result = as_png(enhance_picture(picture, [], Finish(), "0"))
    assert result.passport.icc == picture.passport.icc and b"sideways" in result.passport.exif
    assert result.pages[0].samples.shape == (150, 120, 3), "the orientation is applied once"


def test_progress_names_each_stage_of_each_page(astronaut, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([astronaut, astronaut]), photometric="rgb")
    told: list[tuple[float, str]] = []
    progress = Progress(lambda share, note: told.append((share, note)), total=4)
    steps = [Step(name, Guided(name, FakeRestorer("denoise"), progress), 1.0) for name in ("denoise", "slow")]
    enhance_picture(read_picture(tmp_path / "a.tif"), steps, Finish(), "0")
    assert told == [(0.0, "denoise"), (0.25, "slow"), (0.5, "denoise"), (0.75, "slow")]


def test_a_painted_mask_and_known_colours_reach_the_restorer(client, png, astronaut):
    import base64

    import cv2

    picture = client.post("/api/pictures", content=png).json()
    mask = np.zeros(astronaut.shape[:2], np.uint8)
    mask[5:9] = 255
    treatment = {
        "stages": [{"model": "old-photo"}, {"model": "colorize"}],
        "mask": base64.b64encode(cv2.imencode(".png", mask)[1]).decode(),
        "points": [{"row": 20, "column": 30, "colour": "#102030"}],
    }
    job = finished(client, client.post(f"/api/pictures/{picture['id']}/restore", json=treatment).json())
    assert job["state"] == "done", job
    restored = read_rgb(client.get(f"/api/pictures/{picture['id']}/result").content)
    assert not restored[5:9].any() and restored[20, 30].tolist() == [16, 32, 48]
    assert np.array_equal(restored[40:], astronaut[40:])
