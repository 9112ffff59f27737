import cv2
import numpy as np
import pytest
from skimage import data

from imaging.errors import ImagicError
from imaging.phash import hamming, phash


def test_a_hash_is_sixteen_hexadecimal_digits():
    digest = phash(data.astronaut())
    assert len(digest) == 16
    assert int(digest, 16) >= 0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda image: cv2.resize(image, (200, 171), interpolation=cv2.INTER_AREA), id="scaled"),
        pytest.param(lambda image: cv2.imdecode(cv2.imencode(".jpg", image, [1, 30])[1], 1), id="recompressed"),
        pytest.param(lambda image: (image * 0.7 + 20).astype(np.uint8), id="faded"),
    ],
)
def test_a_changed_copy_stays_near(change):
    image = data.coffee()
    assert hamming(phash(image), phash(change(image))) <= 6


def test_other_pictures_are_far():
    assert hamming(phash(data.coffee()), phash(data.chelsea())) >= 16


def test_hamming_counts_bits():
    assert hamming("0000000000000000", "000000000000000f") == 4
    assert hamming("8000000000000000", "8000000000000000") == 0


@pytest.mark.parametrize("shape", [(1, 1), (37, 53, 3)])
def test_any_size_has_a_hash(shape):
    assert len(phash(np.full(shape, 90, np.uint8))) == 16


def test_a_float_picture_is_refused_with_a_remedy():
    with pytest.raises(ImagicError, match="from_float"):
        phash(np.zeros((8, 8, 3), np.float32))
