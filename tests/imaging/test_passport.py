"""Formats x passport: what goes in comes out, read back by this project and by Pillow or tifffile on their own."""

from __future__ import annotations

import dataclasses
import io
import os

import archive
import numpy as np
import pytest
import tifffile
from PIL import Image

from imaging import tags
from imaging.files import LostPassport, probe, read_picture, read_rgb, write_picture
from imaging.passport import differences, for_writing, read_passport

LOSSY = {"jpeg", "avif"}


def rewritten(content, name, folder):
    """Read a file and write what was read; return both pictures."""
    source, target = folder / name, folder / f"again-{name}"
    source.write_bytes(content)
    os.utime(source, ns=(1, 1_000_000_007_000_000_000))
    before = read_picture(source)
    write_picture(target, dataclasses.replace(before, passport=for_writing(before.passport)))
    return before, read_picture(target), target


@pytest.mark.parametrize("kind", archive.EVERY)
def test_every_format_keeps_its_passport_and_its_pixels(kind, tmp_path):
    name, make = archive.EVERY[kind]
    before, after, target = rewritten(make(), name, tmp_path)
    assert differences(for_writing(before.passport), after.passport) == []
    assert len(before.pages) == len(after.pages) == before.passport.pages
    tolerance = 8 if before.passport.format in LOSSY else 0
    for was, now in zip(before.pages, after.pages, strict=True):
        assert was.samples.dtype == now.samples.dtype and was.samples.shape == now.samples.shape
        assert np.abs(was.samples.astype(int) - now.samples).max() <= tolerance
        assert (was.alpha is None) == (now.alpha is None)
        if was.alpha is not None:
            assert np.abs(was.alpha.astype(int) - now.alpha).max() <= tolerance
    assert target.stat().st_mtime_ns == 1_000_000_007_000_000_000


@pytest.mark.parametrize("kind", ["jpeg", "jpeg gray", "jpeg cmyk", "png", "png 16", "webp", "avif"])
def test_pillow_reads_the_same_blocks_from_the_result(kind, tmp_path):
    name, make = archive.EVERY[kind]
    _, _, target = rewritten(make(), name, tmp_path)
    with Image.open(io.BytesIO(make())) as before, Image.open(target) as after:
        assert after.info["icc_profile"] == before.info["icc_profile"]
        assert after.getxmp() == before.getxmp() != {}
        assert after.getexif()[271] == "Camera1"
        assert after.getexif().get(274, 1) == 1
        assert after.getexif().get_ifd(tags.EXIF)[37500] == b"MAKER NOTE 1"
        assert after.getexif().get_ifd(tags.GPS)[1] == "N"
        assert after.info.get("dpi") == before.info.get("dpi")


@pytest.mark.parametrize("kind", ["tiff", "tiff big-endian", "tiff bigtiff", "tiff pages", "tiff alpha 16"])
def test_tifffile_reads_the_same_tags_and_layout_from_the_result(kind, tmp_path):
    name, make = archive.EVERY[kind]
    _, _, target = rewritten(make(), name, tmp_path)
    with tifffile.TiffFile(io.BytesIO(make())) as before, tifffile.TiffFile(target) as after:
        assert after.byteorder == before.byteorder and after.is_bigtiff == before.is_bigtiff
        for was, now in zip(before.pages, after.pages, strict=True):
            for tag in (700, 33723, 34675, 271, 315, 282, 283, 296, 338):
                assert now.tags.valueof(tag) == was.tags.valueof(tag), tag
            assert now.tags[tags.EXIF].value == {"ExposureTime": (1, 250)}
            assert now.is_tiled == was.is_tiled and now.compression == was.compression


def test_a_tiled_lzw_file_is_written_tiled_and_lzw(tmp_path):
    _, _, target = rewritten(archive.EVERY["tiff 16 lzw tiled"][1](), "a.tif", tmp_path)
    with tifffile.TiffFile(target) as tiff:
        page = tiff.pages[0]
        assert (page.tilelength, page.tilewidth) == (16, 32)
        assert page.compression == tifffile.COMPRESSION.LZW and page.predictor == 2


@pytest.mark.parametrize("make", [archive.jpeg, archive.png], ids=["jpeg", "png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_applied_once_and_reset(make, orientation, tmp_path):
    before, after, target = rewritten(make(orientation), "a" + (".jpg" if make is archive.jpeg else ".png"), tmp_path)
    assert before.passport.orientation == orientation and after.passport.orientation == 1
    with Image.open(io.BytesIO(make(orientation))) as image:
        from PIL import ImageOps

        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    for upright in (before.pages[0].samples, after.pages[0].samples, np.asarray(Image.open(target).convert("RGB"))):
        assert np.abs(expected.astype(int) - upright).max() <= 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_page_is_turned_as_pillow_turns_it(orientation):
    content = archive.tiff(orientation=orientation)
    with Image.open(io.BytesIO(content)) as image:
        np.testing.assert_array_equal(read_rgb(content), np.asarray(image))


def test_an_enlarged_picture_states_its_new_size_in_exif():
    passport = for_writing(read_passport(archive.jpeg(), probe(archive.jpeg())), size=(106, 74))
    values = {entry.tag: entry.raw for entry in _exif_directory(passport.exif).entries}
    assert [int.from_bytes(values[tag], "little") for tag in tags.PIXEL_SIZE] == [106, 74]


def _exif_directory(block):
    return tags.read_directories(tags.reader(block))[1][0].branches[tags.EXIF]


@pytest.mark.parametrize(("quality", "same"), [(20, False), (80, False), (92, True), (98, True)])
def test_a_jpeg_is_coded_as_finely_as_it_was_and_never_coarsely(quality, same, tmp_path):
    file = io.BytesIO()
    Image.fromarray(archive.picture()).save(file, "JPEG", quality=quality)
    before, after, _ = rewritten(file.getvalue(), "a.jpg", tmp_path)
    was, now = (picture.passport.encoding["qtables"] for picture in (before, after))
    assert (was == now) == same and sum(now[0]) <= sum(was[0])


def test_a_lost_block_is_named_and_leaves_no_file(tmp_path, monkeypatch):
    from imaging import encoders

    source = tmp_path / "a.jpg"
    source.write_bytes(archive.jpeg())
    monkeypatch.setattr(encoders.containers, "jpeg_with", lambda encoded, carried: encoded)
    picture = read_picture(source)
    with pytest.raises(LostPassport, match="icc, exif, xmp, iptc"):
        write_picture(tmp_path / "b.jpg", dataclasses.replace(picture, passport=for_writing(picture.passport)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg"]


def test_a_profile_over_many_segments_is_joined_in_order(tmp_path):
    profile = archive.srgb() + bytes(range(256)) * 800
    before, after, _ = rewritten(archive.jpeg(icc=profile), "a.jpg", tmp_path)
    assert before.passport.icc == after.passport.icc == profile


@pytest.mark.parametrize("endian", ["<", ">"])
def test_facts_do_not_depend_on_byte_order(endian):
    assert tags.facts(archive.exif(endian=endian)) == tags.facts(archive.exif(3, endian="<"))


def test_what_is_wrong_in_one_page_only_is_a_difference():
    passport = read_passport(archive.tiff(pages=2), probe(archive.tiff(pages=2)))
    fewer = dataclasses.replace(passport, pages=1, dpi=(72.0, 72.0), iptc=None)
    assert differences(passport, fewer) == ["pages", "iptc", "dpi"]
