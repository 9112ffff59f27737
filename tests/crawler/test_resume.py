"""Killed at any moment and run again, a crawl ends with every image once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from hostile import picture, reply

from crawler.manifest import read_manifest
from crawler.options import CrawlOptions
from crawler.run import crawl

COUNT = 120
PROGRAM = """
import json, sys
from crawler.options import CrawlOptions
from crawler.run import crawl
crawl(CrawlOptions.from_dict(json.loads(sys.argv[1])))
"""


def serve_collection(site, count: int, delay: float = 0.0) -> str:
    """A IIIF collection of manifests with four images each; images take `delay` seconds."""
    for number in range(count):

        def slowly(handler, number=number):
            time.sleep(delay)
            reply(handler, 200, picture(number), {})

        site.act(f"/image/{number}.png", slowly)
    manifests = []
    for first in range(0, count, 4):
        bodies = [{"id": f"{site.url}/image/{n}.png", "type": "Image"} for n in range(first, first + 4)]
        canvases = [
            {"type": "Canvas", "items": [{"items": [{"motivation": "painting", "body": body}]}]} for body in bodies
        ]
        document = {"type": "Manifest", "id": f"{site.url}/m/{first}", "label": {"en": ["w"]}, "items": canvases}
        site.serve_json(f"/m/{first}", {**document, "rights": "https://creativecommons.org/publicdomain/zero/1.0/"})
        manifests.append({"type": "Manifest", "id": f"{site.url}/m/{first}"})
    return site.serve_json("/collection", {"type": "Collection", "items": manifests})


def options_for(site, out: Path, **more) -> CrawlOptions:
    return CrawlOptions("iiif", out, base_url=f"{site.url}/collection", min_size=16, progress=False, **more)


def kill_when(condition, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 30
    while not condition() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_kill_9_loses_nothing_and_doubles_nothing(site, tmp_path):
    serve_collection(site, COUNT, delay=0.02)
    options = options_for(site, tmp_path / "out")
    asked_images = lambda: sum(path.startswith("/image/") for _, path, _ in list(site.asked))  # noqa: E731
    for target in (20, 70):
        command = [sys.executable, "-c", PROGRAM, json.dumps(options.to_dict())]
        process = subprocess.Popen(command, start_new_session=True)
        kill_when(lambda target=target: asked_images() >= target, process)
    killed_at = asked_images()
    report = crawl(options)
    rows = read_manifest(options.out)
    asked = Counter(path for _, path, _ in site.asked if path.startswith("/image/"))
    assert killed_at < COUNT  # else the test has shown nothing
    assert report.exit_code == 0 and report.total == COUNT
    assert len({row.image_url for row in rows}) == len(rows) == COUNT
    assert all((options.out / row.path).is_file() for row in rows)
    # At most what was in flight at each of the two kills was asked again.
    assert sum(asked.values()) <= COUNT + 2 * 8
    assert list((options.out / "originals" / ".partial").glob("*")) == []


def test_the_limit_counts_stored_images_exactly_and_is_raised_by_a_later_run(site, tmp_path):
    serve_collection(site, 40)
    site.serve("/image/0.png", picture(1))  # the same bytes as image 1: not stored twice, not counted twice
    first = crawl(options_for(site, tmp_path, limit=7))
    second = crawl(options_for(site, tmp_path, limit=12))
    third = crawl(options_for(site, tmp_path, limit=12))
    assert (first.stored, second.stored, third.stored) == (7, 5, 0)
    assert len(read_manifest(tmp_path)) == 12


def test_a_host_whose_robots_txt_is_broken_is_held_and_asked_another_day(site, tmp_path):
    serve_collection(site, 4)
    site.serve("/robots.txt", "oops", status=503)
    held = crawl(options_for(site, tmp_path))
    pages = [path for _, path, _ in site.asked if path not in ("/robots.txt",)]
    site.serve("/robots.txt", "User-agent: *\nAllow: /\n")
    resumed = crawl(options_for(site, tmp_path))
    assert (held.exit_code, held.stored, held.pending, pages) == (1, 0, 1, [])
    assert "robots.txt answered 503" in "\n".join(held.lines())
    assert (resumed.exit_code, resumed.stored) == (0, 4)


def test_wider_licences_reconsider_what_was_rejected(site, tmp_path):
    serve_collection(site, 4)
    body = json.dumps({"type": "Manifest", "id": "w", "rights": "http://rightsstatements.org/vocab/NKC/1.0/"})
    image = {"id": f"{site.url}/image/0.png"}
    canvas = {"items": [{"items": [{"motivation": "painting", "body": image}]}]}
    site.serve_json("/m/0", {**json.loads(body), "items": [canvas]})
    narrow = crawl(options_for(site, tmp_path))
    wide = crawl(options_for(site, tmp_path, licences=("cc0", "nkc")))
    assert (narrow.stored, narrow.reasons) == (0, {"licence": 1})
    assert (wide.stored, wide.reasons) == (1, {})


def test_a_second_crawl_in_the_same_folder_is_refused_in_one_line(site, tmp_path):
    import pytest

    from crawler.catalogue import sole_crawler
    from imaging.errors import ImagicError

    serve_collection(site, 4)
    with sole_crawler(tmp_path), pytest.raises(ImagicError, match="Only one crawl at a time"):
        crawl(options_for(site, tmp_path))
