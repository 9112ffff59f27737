"""Lossy files: block artefacts, ringing, chroma loss, too few levels."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from imaging.degradations.parameters import Parameters, WholeSpan, chance, span
from imaging.degradations.registry import Image, degradation

Coded = npt.NDArray[np.uint8]


def _eight_bit(image: Image) -> Coded:
    """Return the picture as BGR uint8, the order that cv2's encoders take."""
    scaled = cv2.addWeighted(image, 255.0, image, 0.0, 0.0, dtype=cv2.CV_8U)  # scales, rounds and saturates
    return cv2.cvtColor(scaled.reshape(image.shape), cv2.COLOR_RGB2BGR).astype(np.uint8, copy=False)


_LONGEST = 16_000
"""Pixels of the longest side that is encoded at once: WebP ends at 16,383, and JPEG's blocks divide this number."""


def _recoded(coded: Coded, suffix: str, options: list[int]) -> Coded:
    """Return the picture encoded and decoded, in pieces if it is too long for the format."""
    for axis in (0, 1):
        if coded.shape[axis] > _LONGEST:
            pieces = np.split(coded, range(_LONGEST, coded.shape[axis], _LONGEST), axis=axis)
            whole = [_recoded(np.ascontiguousarray(piece), suffix, options) for piece in pieces]
            return np.concatenate(whole, axis=axis)
    _, data = cv2.imencode(suffix, coded, options)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None, "cv2 decodes what it has just encoded"
    return decoded.astype(np.uint8, copy=False)


_UNIT = (np.arange(256, dtype=np.float32) / np.float32(255.0)).reshape(1, 256)


def _float(coded: Coded) -> Image:
    return cv2.LUT(cv2.cvtColor(coded, cv2.COLOR_BGR2RGB), _UNIT).astype(np.float32, copy=False)


def _jpeg_options(quality: int, subsampled: bool) -> list[int]:
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if subsampled else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    return [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]


class Jpeg(Parameters):
    """`quality` on the scale of libjpeg; `subsampled` halves the resolution of chroma (4:2:0)."""

    quality_range: WholeSpan = span(10, 90, within=(1, 100))
    subsampled_probability: float = chance(0.7)


@degradation(
    Jpeg,
    theme="codec",
    ladder={"quality": [80, 50, 30, 18, 8], "subsampled": [True] * 5},
    weakest={"quality": 100, "subsampled": False},
)
def jpeg(image: Image, *, quality: int, subsampled: bool, rng: np.random.Generator) -> Image:
    """Return the picture after JPEG compression, decoded.

    References: ITU-T T.81; the quality scale of the Independent JPEG Group.
    """
    return _float(_recoded(_eight_bit(image), ".jpg", _jpeg_options(quality, subsampled)))


class DoubleJpeg(Parameters):
    """Two qualities, and the `shift` in pixels between the two grids of blocks, as a crop in between makes."""

    quality_range: WholeSpan = span(15, 90, within=(1, 100))
    second_quality_range: WholeSpan = span(30, 95, within=(1, 100))
    shift_range: WholeSpan = span(0, 7, within=(0, 7))
    subsampled_probability: float = chance(0.7)


@degradation(
    DoubleJpeg,
    theme="codec",
    ladder={"quality": [80, 50, 30, 18, 8], "second_quality": [90, 80, 70, 50, 30]},
    weakest={"quality": 100, "second_quality": 100, "subsampled": False},
)
def double_jpeg(
    image: Image,
    *,
    quality: int,
    second_quality: int,
    shift: int,
    subsampled: bool,
    rng: np.random.Generator,
) -> Image:
    """Return the picture compressed twice, with the grids of blocks out of step: what sharing a picture does.

    References: Jiang et al. 2021, "Towards flexible blind JPEG artifacts removal", section 3.3.
    """
    first = _recoded(_eight_bit(image), ".jpg", _jpeg_options(quality, subsampled))
    moved = np.pad(first, ((shift, 0), (shift, 0), (0, 0)), mode="edge")
    second = _recoded(moved, ".jpg", _jpeg_options(second_quality, subsampled))
    return _float(np.ascontiguousarray(second[shift:, shift:]))


class Webp(Parameters):
    """`quality` on the scale of libwebp."""

    quality_range: WholeSpan = span(5, 80, within=(1, 100))


@degradation(Webp, theme="codec", ladder={"quality": [80, 50, 25, 10, 2]}, weakest={"quality": 100})
def webp(image: Image, *, quality: int, rng: np.random.Generator) -> Image:
    """Return the picture after lossy WebP compression, decoded.

    References: RFC 6386 (VP8 intra frames), RFC 9649.
    """
    return _float(_recoded(_eight_bit(image), ".webp", [cv2.IMWRITE_WEBP_QUALITY, quality]))


class Posterisation(Parameters):
    """`levels` per channel that remain."""

    levels_range: WholeSpan = span(6, 48, within=(2, 256))


@degradation(Posterisation, theme="codec", ladder={"levels": [48, 24, 14, 9, 5]}, weakest={"levels": 256})
def posterisation(image: Image, *, levels: int, rng: np.random.Generator) -> Image:
    """Return the picture with few levels per channel: GIF palettes, over-edited 8-bit files."""
    coarse = image * np.float32(levels - 1)
    np.rint(coarse, out=coarse)
    coarse *= np.float32(1.0 / (levels - 1))
    return coarse
