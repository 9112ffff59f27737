"""One crawl through everything that a hostile site can do: it goes on, says why, and nothing leaves its folder."""

import csv
import gzip
import sqlite3
import struct
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from hostile import HostileSite, picture, reply

from crawler.manifest import read_manifest
from crawler.options import CrawlOptions
from crawler.run import crawl

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
TRICKS = ["../../../escape", "..\\..\\escape", "=cmd|' /C calc'!A0", "\u202egnp.exe", "a\nb\0c", "CON", "x" * 5000]


def drip(site: HostileSite):
    def behave(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not site.closing.wait(0.1):
            handler.wfile.write(b"\xff")

    return behave


def endless(site: HostileSite):
    def behave(handler):
        handler.send_response(200)
        handler.end_headers()
        while not site.closing.is_set():
            handler.wfile.write(b"\xff\xd8\xff" * 10_000)

    return behave


def broken_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(picture(77)[:1000])
    handler.close_connection = True


def busy_once():
    calls = []

    def behave(handler):
        calls.append(1)
        first = len(calls) == 1
        reply(handler, 429 if first else 200, b"" if first else picture(30), {"Retry-After": "1"})

    return behave


def png_bomb() -> bytes:
    """A few hundred bytes that say they are 13,000 x 13,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 13_000, 13_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")


def redirect(target: str) -> dict:
    return {"body": b"", "status": 302, "Location": target}


ANSWERS = {
    "/good.png": {"body": picture(1)},
    "/first-twin.png": {"body": picture(12)},
    "/twin.png": {"body": picture(12)},
    "/gray.jpg": {"body": picture(2, kind="JPEG", quality=95)},
    "/%C3%BCn%C3%AFcode%20..%2f..%2fname.png": {"body": picture(3), "Content_Disposition": "attachment; filename=../x"},
    "/moved.png": redirect("/after-move.png"),
    "/after-move.png": {"body": picture(4)},
    "/decompressed.png": {"body": gzip.compress(b"\0" * 3_000_000), "Content_Encoding": "gzip"},
    "/bomb.png": {"body": png_bomb()},
    "/page.jpg": {"body": "<html>please log in</html>", "Content_Type": "image/jpeg"},
    "/drawing.svg": {"body": "<svg xmlns='http://www.w3.org/2000/svg'/>", "Content_Type": "image/svg+xml"},
    "/to-loopback": redirect("https://127.0.0.1/x.png"),
    "/to-metadata": redirect("http://169.254.169.254/latest"),
    "/to-decimal": redirect("https://2130706433/x.png"),
    "/to-name": redirect("https://localhost/x.png"),
    "/to-file": redirect("file:///etc/hostname"),
    "/to-other-port": redirect("http://127.0.0.1:1/x.png"),
    "/round": redirect("/round"),
    "/wall.png": {"body": "<html>Access denied</html>", "status": 403},
    "/down.png": {"body": "", "status": 500},
    "/truncated.jpg": {"body": picture(5, (64, 64), kind="JPEG", quality=95)[:-200]},
    "/noai.png": {"body": picture(6), "X_Robots_Tag": "unavailable_after: Friday, 25 Jun 2099 15:00:00 PST, noai"},
    "/reserved.png": {"body": picture(7), "TDM_Reservation": "1"},
    "/private/a.png": {"body": picture(8)},
    "/held/a.png": {"body": picture(9)},
    "/no-ai-txt/a.png": {"body": picture(10)},
    "/tiny.png": {"body": picture(11, (8, 8))},
}

# path or address: (state, reason)
EXPECTED = {
    "/good.png": ("stored", ""),
    "/gray.jpg": ("stored", ""),
    "/%C3%BCn%C3%AFcode%20..%2f..%2fname.png": ("stored", ""),
    "/after-move.png": ("stored", ""),
    "/busy.png": ("stored", ""),
    "/drip.png": ("failed", "timeout"),
    "/endless.jpg": ("rejected", "too-large"),
    "/decompressed.png": ("rejected", "too-large"),
    "/bomb.png": ("rejected", "too-many-pixels"),
    "/page.jpg": ("rejected", "not-an-image"),
    "/drawing.svg": ("rejected", "not-an-image"),
    "/to-loopback": ("rejected", "private-address"),
    "/to-metadata": ("rejected", "private-address"),
    "/to-decimal": ("rejected", "private-address"),
    "/to-name": ("rejected", "private-address"),
    "/to-other-port": ("rejected", "private-address"),
    "/to-file": ("rejected", "bad-scheme"),
    "/round": ("rejected", "redirect-loop"),
    "/wall.png": ("failed", "blocked"),
    "/down.png": ("failed", "http-500"),
    "/broken.png": ("failed", "broken-off"),
    "/truncated.jpg": ("failed", "truncated"),
    "/noai.png": ("rejected", "opt-out"),
    "/reserved.png": ("rejected", "opt-out"),
    "/private/a.png": ("rejected", "robots.txt"),
    "/held/a.png": ("rejected", "tdmrep.json"),
    "/no-ai-txt/a.png": ("rejected", "ai.txt"),
    "/gone.png": ("rejected", "gone"),
    "/tiny.png": ("rejected", "too-small"),
    "file:///etc/hostname": ("rejected", "bad-scheme"),
    "data:image/png;base64,iVBORw0KGgo=": ("rejected", "bad-scheme"),
    "ftp://example.org/a.png": ("rejected", "bad-scheme"),
    "https://[::1]/a.png": ("rejected", "private-address"),
    "https://0x7f.1/a.png": ("rejected", "private-address"),
    "https://someone@example.org/a.png": ("rejected", "bad-url"),
    "https://example.org:8443/a.png": ("rejected", "bad-port"),
    "http://example.org/a.png": ("rejected", "http-not-allowed"),
}


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    """The crawl of the whole site, once for all the sentences below."""
    folder = tmp_path_factory.mktemp("hostile")
    with HostileSite() as site:
        for path, answer in ANSWERS.items():
            site.serve(path, **answer)
        site.act("/drip.png", drip(site))
        site.act("/endless.jpg", endless(site))
        site.act("/broken.png", broken_off)
        site.act("/busy.png", busy_once())
        site.serve("/robots.txt", "User-agent: *\nDisallow: /private/\n")
        site.serve("/ai.txt", "User-agent: *\nDisallow: /no-ai-txt/\n")
        site.serve_json("/.well-known/tdmrep.json", [{"location": "/held/*", "tdm-reservation": 1}])
        entries = [name if ":" in name else site.url + name for name in EXPECTED]
        entries += [site.url + "/first-twin.png", site.url + "/twin.png"]
        entries[entries.index(site.url + "/after-move.png")] = site.url + "/moved.png"
        addresses = folder / "list.csv"
        with addresses.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["url", "rights", "title"])
            rows.writerows([url, CC0, TRICKS[n % len(TRICKS)]] for n, url in enumerate(entries))
        options = CrawlOptions(
            "urls",
            folder / "out",
            target=str(addresses),
            base_url=site.url,
            min_size=16,
            max_pixels=10**6,
            max_bytes=400_000,
            timeout=1.0,
            retries=1,
            progress=False,
        )
        report = crawl(options)
        connection = sqlite3.connect(folder / "out" / "catalogue.sqlite")
        select = "SELECT url, state, reason, evidence FROM frontier"
        rows = {url.removeprefix(site.url): rest for url, *rest in connection.execute(select)}
        connection.close()
        yield SimpleNamespace(folder=folder, out=folder / "out", report=report, rows=rows, site=site)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_address_ends_in_the_state_and_with_the_reason_it_deserves(visit, name):
    assert tuple(visit.rows[name][:2]) == EXPECTED[name]


def test_of_two_addresses_with_the_same_bytes_one_is_stored(visit):
    assert sorted(visit.rows[path][0] for path in ("/first-twin.png", "/twin.png")) == ["duplicate", "stored"]


def test_refusals_by_opt_out_keep_their_evidence(visit):
    assert visit.rows["/noai.png"][2] == "x-robots-tag: noai"
    assert visit.rows["/reserved.png"][2] == "tdm-reservation: 1"
    assert visit.rows["/private/a.png"][2].startswith("robots.txt 200 sha256:")


def test_what_a_statement_forbids_is_never_asked(visit):
    asked = {path for _, path, _ in visit.site.asked}
    assert asked.isdisjoint({"/private/a.png", "/held/a.png", "/no-ai-txt/a.png"})


def test_the_report_says_that_some_inputs_failed(visit):
    assert visit.report.exit_code == 3
    assert visit.report.stored == sum(state == "stored" for state, _ in EXPECTED.values()) + 1
    assert visit.report.reasons["private-address"] == 7


def test_originals_are_the_very_bytes_and_lie_under_their_digest(visit):
    for row in read_manifest(visit.out):
        path = row.image_url.removeprefix(visit.site.url)
        served = ANSWERS[path]["body"] if path in ANSWERS else picture(30)
        assert (visit.out / row.path).read_bytes() == served
        assert row.path == f"originals/{row.image_id[:2]}/{row.image_id[2:4]}/{Path(row.path).name}"


def test_nothing_is_written_outside_the_store(visit):
    written = {path.relative_to(visit.folder).as_posix() for path in visit.folder.rglob("*") if path.is_file()}
    originals = {f"out/{row.path}" for row in read_manifest(visit.out)}
    ours = {"list.csv", "out/manifest.parquet", "out/catalogue.sqlite", "out/.crawl.lock"}
    assert written - {"out/catalogue.sqlite-wal", "out/catalogue.sqlite-shm"} == originals | ours


def test_titles_enter_the_manifest_as_one_printable_line(visit):
    assert all(row.title.isprintable() and len(row.title) <= 500 for row in read_manifest(visit.out))


def test_retry_after_is_waited_out_by_the_whole_host(visit):
    first, second = visit.site.times("/busy.png")
    asked_in_between = [moment for moment, _, _ in visit.site.asked if first + 0.2 < moment < first + 0.9]
    assert second - first >= 1.0
    assert asked_in_between == []


def test_the_agent_says_who_it_is(visit):
    agents = {headers["User-Agent"] for _, _, headers in visit.site.asked}
    assert agents == {"imagic-crawler/0.1.0 (local)"}


def test_a_second_run_tries_again_only_what_may_pass(visit):
    before = len(visit.site.asked)
    visit.site.serve("/down.png", picture(40))
    begun = time.monotonic()
    options = CrawlOptions.from_dict(_job_options(visit.out))
    report = crawl(options)
    asked = {path for moment, path, _ in visit.site.asked[before:] if moment > begun}
    assert report.stored == 1
    assert asked == {"/down.png", "/drip.png", "/wall.png", "/broken.png", "/truncated.jpg"}


def _job_options(out: Path) -> dict:
    import json

    connection = sqlite3.connect(out / "catalogue.sqlite")
    (options,) = connection.execute("SELECT options FROM jobs").fetchone()
    connection.close()
    return json.loads(options)
