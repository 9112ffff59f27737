import json
import subprocess
import sys

import pytest
from hostile import picture

from crawler.guard import Guard, is_public_address, is_public_host

PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "fc00::1",
    "fe80::1",
    "224.0.0.1",
]
DISGUISED = ["127.1", "2130706433", "0x7f.1", "0x7f000001", "017700000001", "::ffff:127.0.0.1", "2002:7f00:1::"]
NAMES = ["localhost", "intranet", "printer.local", "db.internal", "a.localhost"]


@pytest.mark.parametrize("host", [*PRIVATE, *DISGUISED, *NAMES])
def test_private_hosts_are_refused_in_every_writing(host):
    assert not is_public_host(host)


@pytest.mark.parametrize("host", ["example.org", "8.8.8.8", "2606:4700::1111", "xn--mnchen-3ya.de", "example.museum"])
def test_public_hosts_are_not(host):
    assert is_public_host(host)


@pytest.mark.parametrize("address", PRIVATE)
def test_the_resolver_s_rule_refuses_every_private_address(address):
    assert not is_public_address(address)


def test_only_the_named_loopback_host_and_port_is_ours():
    guard = Guard(own="127.0.0.1:8080")
    assert guard.refuses("http://127.0.0.1:8080/a.jpg") == ""
    assert guard.refuses("https://127.0.0.1:8081/a.jpg") == "private-address"


def test_hosts_of_a_source_include_their_subdomains_and_no_look_alikes():
    guard = Guard(hosts=frozenset({"example.org"}))
    assert guard.refuses("https://images.example.org/a.jpg") == ""
    assert guard.refuses("https://notexample.org/a.jpg") == "host-not-allowed"
    assert guard.refuses("https://example.org.evil.net/a.jpg") == "host-not-allowed"


@pytest.mark.parametrize(
    "url", ["https://exa mple.org/", "https://example.org/\x00", "https://a:b@example.org/", "https://[::1"]
)
def test_addresses_that_parsers_read_differently_are_refused(url):
    assert Guard().refuses(url) == "bad-url"


def test_the_resolver_stops_private_addresses_by_itself(site, tmp_path):
    """The guard on texts is switched off: whatever gets past it still meets the resolver."""
    port = site.url.rpartition(":")[2]
    site.serve("/a.png", picture(1))
    site.serve("/own.png", picture(2))
    hosts = ["localhost", "127.1", "2130706433", "0x7f.1", "0.0.0.0"]
    listed = tmp_path / "list.csv"
    rows = [f"http://{host}:{port}/a.png,cc0" for host in hosts] + [f"{site.url}/own.png,cc0"]
    listed.write_text("url,rights\n" + "\n".join(rows))
    program = """
import json, sys
from crawler import guard
guard.Guard.refuses = lambda self, url: ""
from crawler.child import crawl_here
from crawler.options import CrawlOptions
report = crawl_here(CrawlOptions(**json.loads(sys.argv[1])))
print(json.dumps([report.stored, dict(report.reasons), dict(report.held)]))
"""
    options = {"source": "urls", "out": str(tmp_path / "out"), "target": str(listed), "base_url": site.url}
    command = [sys.executable, "-c", program, json.dumps({**options, "min_size": 16, "progress": False})]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [1, {"private-address": len(hosts)}, {}]
    assert {path for _, path, _ in site.asked} >= {"/own.png"}
    assert "/a.png" not in {path for _, path, _ in site.asked}
