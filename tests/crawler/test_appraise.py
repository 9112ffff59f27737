import io

import cv2
import numpy as np
import pytest
from hostile import picture
from PIL import Image
from skimage import data

from crawler.appraise import (
    UnusableImage,
    appraise,
    estimate_blur,
    estimate_jpeg_quality,
    estimate_noise,
    is_blank,
    overall_quality,
    read_header,
)
from crawler.store import EXTENSIONS

CAMERA = data.camera()


def encoded(image: np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def header_of(content: bytes, min_size: int = 1, max_pixels: int = 10**6):
    return read_header(content, min_size=min_size, max_pixels=max_pixels)


@pytest.mark.parametrize("kind", [name.upper() for name in EXTENSIONS])
def test_the_header_tells_format_and_size(kind):
    header = header_of(encoded(CAMERA[:37, :53], kind))
    assert (header.format, header.width, header.height) == (kind.lower(), 53, 37)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not-an-image"),
        (b"GIF89a" + b"\0" * 50, "not-an-image"),
        (b"\x89PNG\r\n\x1a\n garbage", "not-an-image"),
        (b"<svg/>", "not-an-image"),
        (picture(1, (20, 30)), "too-small"),
        (picture(1, (2000, 1000)), "too-many-pixels"),
        (encoded(CAMERA, "JPEG")[:-20], "truncated"),
        (encoded(CAMERA, "PNG")[:-20], "truncated"),
        (encoded(CAMERA, "WEBP")[:-20], "not-an-image"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_header(content, reason):
    with pytest.raises(UnusableImage, match=reason):
        header_of(content, min_size=25)


@pytest.mark.parametrize("quality", [20, 30, 50, 75, 90, 95])
def test_the_jpeg_quality_is_read_from_the_tables(quality):
    assert abs(header_of(encoded(CAMERA, "JPEG", quality=quality)).jpeg_quality - quality) <= 1


def test_a_file_without_tables_has_lost_nothing():
    assert estimate_jpeg_quality({}) == 100


def test_blur_grows_with_blur():
    estimates = [estimate_blur(CAMERA), *(estimate_blur(cv2.GaussianBlur(CAMERA, (0, 0), s)) for s in (1, 2, 4))]
    assert estimates == sorted(estimates)
    assert estimates[0] < 0.3 < 0.6 < estimates[-1] <= 1.0


@pytest.mark.parametrize("sigma", [5.0, 15.0, 25.0])
def test_the_noise_estimate_is_near_the_truth(sigma):
    smooth = cv2.GaussianBlur(CAMERA, (0, 0), 3).astype(float) * 0.5 + 64
    noisy = smooth + np.random.default_rng(0).normal(0, sigma, smooth.shape)
    assert estimate_noise(np.clip(noisy, 0, 255).round().astype(np.uint8)) == pytest.approx(sigma, rel=0.1)


def test_the_weakest_estimate_is_the_quality():
    assert overall_quality(0.2, 0.5, 95) == 95
    assert overall_quality(0.55, 0.5, 95) == pytest.approx(50)
    assert overall_quality(0.2, 25.0, 95) == 0


def test_placeholders_are_blank_and_pictures_are_not():
    page = np.full((400, 300), 240, np.uint8)
    cv2.putText(page, "no image", (110, 200), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0)
    assert is_blank(page) and is_blank(np.zeros((1, 1), np.uint8))
    assert not is_blank(CAMERA) and not is_blank(data.moon())


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (37, 53), (37, 53, 3), (64, 64, 4)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_odd_shapes_are_appraised(shape, kind):
    image = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    content = encoded(image, kind)
    found = appraise(content, header_of(content))
    assert len(found.phash) == 16 and 0 <= found.quality <= 100


def test_sixteen_bits_are_appraised():
    content = encoded((CAMERA.astype(np.uint16) * 257), "PNG")
    assert appraise(content, header_of(content)).phash == appraise(encoded(CAMERA, "PNG"), header_of(content)).phash


def test_a_body_that_no_decoder_reads_is_refused():
    content = encoded(CAMERA, "TIFF", compression="tiff_lzw")
    header = header_of(content)
    with pytest.raises(UnusableImage, match="undecodable"):
        appraise(content[:8] + b"\xff" * (len(content) - 8), header)
