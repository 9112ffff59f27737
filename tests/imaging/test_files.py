"""Finding, probing and reading files, whatever is wrong with them."""

from __future__ import annotations

import io
import os
import signal
import socket
import threading
from pathlib import Path

import archive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging.errors import MisuseError
from imaging.files import UnreadableImage, find_images, probe, read_picture, read_rgb
from imaging.guard import DecoderPool, serve
from imaging.picture import Page, Passport, Picture, upright
from imaging.pixels import from_float, to_float


def test_pictures_are_found_sorted_without_hidden_ones_and_other_files(tmp_path):
    for name in ("b.PNG", "a/c.jpeg", "a/x.txt", ".hidden.png", ".git/d.png", "a/e.nef", "a/new\nline.tif"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    found = [str(path.relative_to(tmp_path)) for path in find_images(tmp_path)]
    assert found == ["a/c.jpeg", "a/e.nef", "a/new\nline.tif", "b.PNG"]
    assert find_images(tmp_path, recursive=False) == [tmp_path / "b.PNG"]


def test_a_loop_of_links_ends_and_a_picture_is_listed_under_its_own_name(tmp_path):
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "a.png").write_bytes(b"x")
    (tmp_path / "a").symlink_to(tmp_path / "z")
    (tmp_path / "z" / "up").symlink_to(tmp_path)
    assert find_images(tmp_path) == [tmp_path / "z" / "a.png"]


def test_a_linked_folder_outside_is_entered(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.png").write_bytes(b"x")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    assert find_images(tmp_path / "in") == [tmp_path / "in" / "link" / "a.png"]


@pytest.mark.parametrize("kind", archive.EVERY)
def test_a_header_says_what_the_pixels_are(kind):
    content = archive.EVERY[kind][1]()
    header, picture = probe(content), read_picture(content)
    height, width = picture.pages[0].samples.shape[:2]
    sides = (header.width, header.height)
    assert sides == ((height, width) if picture.passport.orientation >= 5 else (width, height))
    assert header.pages == len(picture.pages) and header.bytes == len(content)
    assert picture.pages[0].samples.dtype == (np.uint16 if header.bit_depth == 16 else np.uint8)


@pytest.mark.parametrize("kind", archive.EVERY)
def test_every_format_reads_as_rgb(kind):
    content = archive.EVERY[kind][1]()
    image = read_rgb(content)
    assert image.ndim == 3 and image.shape[2] == 3 and image.flags.c_contiguous
    gray = probe(content).mode in ("L", "1")
    assert bool((image[..., 0] == image[..., 2]).all()) == gray


REASONS = {
    "nothing": (b"", "empty"),
    "a letter": (b"Dear archivist,", "not-an-image"),
    "half a picture": (archive.png()[: len(archive.png()) // 2], "truncated"),
    "only a magic": (b"\x89PNG\r\n\x1a\n", "unreadable"),
    "an animation": (None, "unsupported"),
}


@pytest.mark.parametrize("kind", REASONS)
def test_what_cannot_be_read_says_why_in_one_word(kind):
    content, reason = REASONS[kind]
    if content is None:
        file = io.BytesIO()
        frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
        frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
        content = file.getvalue()
    with pytest.raises(UnreadableImage) as caught:
        read_rgb(content)
    assert caught.value.reason == reason and f"({reason})" in str(caught.value)


def test_what_is_said_of_equal_bytes_is_equal():
    said = []
    for _ in range(2):
        with pytest.raises(UnreadableImage) as caught:
            read_rgb(b"\x89PNG\r\n\x1a\n" + bytes(64))
        said.append(str(caught.value))
    assert said[0] == said[1] and "0x" not in said[0]


def test_missing_folders_and_limits_have_reasons_too(tmp_path):
    for path, reason in ((tmp_path / "gone.png", "missing"), (tmp_path, "unreadable")):
        with pytest.raises(UnreadableImage) as caught:
            probe(path)
        assert caught.value.reason == reason
    with pytest.raises(UnreadableImage) as caught:
        read_rgb(archive.png(), max_pixels=100)
    assert caught.value.reason == "too-large"


@pytest.mark.parametrize("samples", ["float32", "uint32", "int16"])
def test_samples_that_would_be_lost_are_refused(samples):
    import tifffile

    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((4, 4), samples))
    with pytest.raises(UnreadableImage, match="unsupported"):
        read_rgb(file.getvalue())


def test_an_error_survives_the_way_between_processes():
    import pickle

    error = UnreadableImage("truncated", "a.jpg", "cut off")
    again = pickle.loads(pickle.dumps(error))
    assert (again.reason, again.detail, str(again)) == (error.reason, error.detail, str(error))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_survive_the_way_through_floats(dtype):
    every = np.arange(np.iinfo(dtype).max + 1).astype(dtype)
    np.testing.assert_array_equal(from_float(to_float(every), dtype), every)


def test_floats_are_clipped_and_nothing_is_nan():
    values = np.array([-1.0, 0.5, 2.0, np.nan, np.inf], np.float32)
    assert from_float(values, np.uint8).tolist() == [0, 128, 255, 0, 255]
    with pytest.raises(MisuseError, match="uint8, uint16"):
        to_float(np.zeros(3, np.int32))


def test_four_quarter_turns_are_none():
    image = np.arange(6).reshape(2, 3)
    turned = image
    for _ in range(4):
        turned = upright(turned, 6)
    np.testing.assert_array_equal(turned, image)


# The guard: what happens in a decoding process stays there.


def test_the_pool_returns_what_reading_here_returns(tmp_path):
    with DecoderPool() as pool:
        for name, make in archive.EVERY.values():
            path = tmp_path / name
            path.write_bytes(make())
            here, there = read_picture(path), pool.read(path)
            assert there.passport == here.passport
            for a, b in zip(here.pages, there.pages, strict=True):
                np.testing.assert_array_equal(a.samples, b.samples)


def test_a_decoder_that_dies_costs_one_file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(archive.png())
    with DecoderPool() as pool:
        pool.read(path)
        decoder = pool._idle.get_nowait()
        os.kill(decoder._process.pid, signal.SIGSTOP)
        pool._idle.put(decoder)
        threading.Timer(0.2, os.kill, (decoder._process.pid, signal.SIGKILL)).start()
        with pytest.raises(UnreadableImage, match=r"crashed \(SIGKILL\)"):
            pool.read(path)
        assert pool.read(path).passport.format == "png"


def test_a_decoder_that_hangs_is_ended_by_its_own_alarm(tmp_path):
    fifo = tmp_path / "never.png"
    os.mkfifo(fifo)
    with DecoderPool(seconds=1.0) as pool, pytest.raises(UnreadableImage, match="ran out of time"):
        pool.read(fifo)


def test_a_decoder_that_eats_memory_is_stopped(tmp_path):
    def greedy(path, **_):
        return Picture((Page(np.ones((1 << 17, 1 << 17), np.uint8)),), Passport("png"))

    path = tmp_path / "a.png"
    path.write_bytes(archive.png())
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        ours.close()
        serve(theirs, greedy)
        os._exit(0)
    theirs.close()
    from imaging.guard import _receive, _send

    with ours:
        _send(ours, (str(path), 1 << 30, None, 60.0))
        answer = _receive(ours)
    os.waitpid(child, 0)
    assert isinstance(answer, UnreadableImage) and answer.reason == "too-large"


SMALL = {kind: make() for kind, (_, make) in archive.EVERY.items()}
MUTATIONS = 160


@pytest.mark.parametrize("kind", SMALL)
def test_thousands_of_corrupt_files_end_as_pictures_or_reasons(kind, tmp_path):
    """Flip, cut, repeat and overwrite bytes; a decoder may die of it, the reader may not."""
    rng = np.random.default_rng(len(kind))
    suffix = Path(archive.EVERY[kind][0]).suffix
    outcomes = {"read": 0}
    with DecoderPool(seconds=10.0, max_pixels=4_000_000) as pool:
        for number in range(MUTATIONS):
            path = tmp_path / f"{number}{suffix}"
            path.write_bytes(_mutated(SMALL[kind], rng))
            try:
                pool.read(path)
                outcomes["read"] += 1
            except UnreadableImage as error:
                outcomes[error.reason] = outcomes.get(error.reason, 0) + 1
    assert sum(outcomes.values()) == MUTATIONS and len(outcomes) > 1


def _mutated(content, rng):
    data = bytearray(content)
    for _ in range(rng.integers(1, 6)):
        at = int(rng.integers(0, len(data)) if rng.random() < 0.6 else rng.integers(0, min(len(data), 200)))
        kind = rng.integers(0, 5)
        if kind == 0:
            data[at] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            data[at : at + 4] = rng.bytes(4)
        elif kind == 2:
            data[at : at + 4] = b"\xff\xff\xff\xff"
        elif kind == 3 and len(data) > 40:
            del data[at:]
            data += b"\0" * 16
        else:
            data[at:at] = data[at // 2 : at // 2 + 40]
    return bytes(data)


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"RIFF\0\0\0\0WEBP", b"BM", b"II+\0"]),
)
def test_random_bytes_behind_a_magic_are_no_picture_and_no_crash(body, magic):
    try:
        probe(magic + body)
    except UnreadableImage as error:
        assert error.reason
