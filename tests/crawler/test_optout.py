import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.optout import crawl_delay, refused_by_headers, refused_by_robots, refused_by_robots_tag, refused_by_tdmrep


@pytest.mark.parametrize(
    ("values", "directive"),
    [
        (["noai"], "noai"),
        (["nofollow, NoImageAI"], "noimageai"),
        (["nofollow", "noml"], "noml"),
        (["imagic-crawler: noindex"], "noindex"),
        (["*: none"], "none"),
        (["unavailable_after: 25 Jun 2099 15:00:00 PST, noai"], "noai"),
        (["unavailable_after: Friday, 25 Jun 2099 15:00:00 PST, noai"], "noai"),
        (["max-image-preview: large, noimageindex"], "noimageindex"),
        (["otherbot: noai, noindex"], ""),
        (["otherbot: nofollow, imagic-crawler: noai"], "noai"),
        (["all, follow, max-snippet: 10"], ""),
        ([], ""),
    ],
)
def test_robots_tags_are_read_in_all_their_grammar(values, directive):
    assert refused_by_robots_tag(values) == directive


@given(st.lists(st.text(max_size=60), max_size=4))
def test_no_header_makes_the_reader_fail(values):
    refused_by_robots_tag(values)


def test_a_reservation_in_the_headers_refuses_and_its_absence_does_not():
    assert refused_by_headers({"tdm-reservation": ["1"]}) == "tdm-reservation: 1"
    assert refused_by_headers({"tdm-reservation": ["0"]}) == refused_by_headers({}) == ""


RULES = json.dumps(
    [
        {"location": "/open/*.jpg", "tdm-reservation": 0},
        {"location": "/open/", "tdm-reservation": 1},
        {"location": "/exact$", "tdm-reservation": 1},
        {"location": "/odd/", "tdm-reservation": "maybe"},
    ]
)


@pytest.mark.parametrize(
    ("path", "reserved"),
    [
        ("/open/a.jpg", False),
        ("/open/a.png", True),
        ("/exact", True),
        ("/exactly", False),
        ("/odd/a.jpg", False),
        ("/else", False),
    ],
)
def test_the_first_tdmrep_rule_that_matches_decides(path, reserved):
    assert refused_by_tdmrep(RULES, f"https://example.org{path}") is reserved


@pytest.mark.parametrize("text", ["", "<html>", "{}", "[1, 2]", '[{"location": 3, "tdm-reservation": 1}]'])
def test_what_is_no_tdmrep_document_reserves_nothing(text):
    assert refused_by_tdmrep(text, "https://example.org/a.jpg") is False


def test_robots_txt_speaks_to_us_by_name_and_sets_the_delay():
    text = "User-agent: imagic-crawler\nDisallow: /a/\nCrawl-delay: 7\n\nUser-agent: *\nDisallow:\n"
    assert refused_by_robots(text, "https://example.org/a/b.jpg")
    assert not refused_by_robots(text, "https://example.org/c.jpg")
    assert crawl_delay(text) == 7.0
    assert crawl_delay("") == 0.0
