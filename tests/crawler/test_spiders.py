"""Each source's parsers on answers of its API's shape, followed page by page without any network."""

import csv
import json
from collections.abc import Callable

import pytest

from crawler.found import Answer, Candidate, Page
from crawler.guard import Guard
from crawler.judge import judge
from crawler.options import CrawlOptions
from crawler.spiders import SOURCES, get_source
from imaging.errors import MisuseError

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
BASE = "http://127.0.0.1:9"


def options_for(source: str, **more) -> CrawlOptions:
    return CrawlOptions(source, "out", **{"base_url": BASE, **more})


def walk(options: CrawlOptions, answer: Callable[[str], object], most: int = 50) -> list[Candidate]:
    """All candidates of a source whose every page is answered by `answer(url)` (a document, or bytes)."""
    source, found = get_source(options), []
    waiting = list(source.seeds())
    for _ in range(most):
        if not waiting:
            return found
        thing = waiting.pop(0)
        if isinstance(thing, Candidate):
            found.append(thing)
            continue
        document = answer(thing.url)
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        waiting += source.parse(thing.kind, Answer(thing.url, body, json.loads(json.dumps(dict(thing.context)))))
    raise AssertionError(f"still {len(waiting)} pages after {most}")


def reasons(options: CrawlOptions, candidates: list[Candidate]) -> list[str]:
    return [judge(candidate, options, Guard(own="127.0.0.1:9")).reason for candidate in candidates]


# --- met ---------------------------------------------------------------------------------------------------------


def met_object(number: int, **changes: object) -> dict:
    image = f"https://images.metmuseum.org/o/{number}.jpg"
    told = {
        "objectID": number,
        "isPublicDomain": True,
        "primaryImage": image,
        "additionalImages": [image.replace(".jpg", "-b.jpg")],
        "title": f"Study <i>{number}</i>",
        "artistDisplayName": "Ada",
        "rightsAndReproduction": "",
    }
    return {**told, **changes}


def test_met_follows_the_search_s_pages_and_takes_all_photographs_of_an_object():
    def answer(url):
        if "/v1.1/search" in url:
            return {"total": 502, "objectIDs": [3] if "offset=500" in url else [1, 2]}
        return met_object(int(url.rpartition("/")[2]))

    found = walk(options_for("met", filters={"department": "11"}), answer)
    assert [c.work_id for c in found] == ["1", "1", "2", "2", "3", "3"]
    assert found[0].title == "Study 1"
    assert reasons(options_for("met"), found) == [""] * 6


@pytest.mark.parametrize(
    "changes",
    [{"isPublicDomain": False}, {"isPublicDomain": None}, {"rightsAndReproduction": "© 2020 The heirs"}],
)
def test_met_s_detail_record_overrules_the_listing_that_said_public_domain(changes):
    options = options_for("met")

    def answer(url):
        return {"total": 1, "objectIDs": [1]} if "search" in url else met_object(1, **changes)

    assert reasons(options, walk(options, answer)) == ["licence-unknown"] * 2


# --- artic, cleveland --------------------------------------------------------------------------------------------


def test_artic_takes_the_largest_kept_width_and_the_next_one_behind_it():
    work = {"id": 7, "title": "Pond", "image_id": "aa", "alt_image_ids": ["bb"], "is_public_domain": True}

    def answer(url):
        page = 2 if "page=2" in url else 1
        return {
            "pagination": {"current_page": page, "total_pages": 2},
            "config": {"iiif_url": "https://www.artic.edu/iiif/2"},
            "data": [{**work, "id": page, "thumbnail": {"width": 4000, "height": 3000}}],
        }

    found = walk(options_for("artic"), answer)
    assert [c.work_id for c in found] == ["1", "1", "2", "2"]
    assert found[0].url == "https://www.artic.edu/iiif/2/aa/full/1686,/0/default.jpg"
    assert found[0].fallbacks == ("https://www.artic.edu/iiif/2/aa/full/843,/0/default.jpg",)


def test_artic_refuses_a_public_domain_flag_beside_a_copyright_notice():
    options = options_for("artic")
    work = {"id": 1, "image_id": "a", "is_public_domain": True, "copyright_notice": "© 1950 Estate"}
    found = walk(options, lambda url: {"data": [work], "config": {"iiif_url": "https://www.artic.edu/iiif/2"}})
    assert reasons(options, found) == ["licence-unknown"]


def cleveland_work(status: str) -> dict:
    def size(name: str, side: str) -> dict:
        suffix = "tif" if name == "full" else "jpg"
        return {"url": f"https://cdn.clevelandart.org/{name}.{suffix}", "width": side, "height": side}

    images = {"web": size("web", "900"), "print": size("print", "3400"), "full": size("full", "6000")}
    return {
        "id": 5,
        "share_license_status": status,
        "title": "Storm",
        "creators": [{"description": "T"}],
        "images": images,
    }


@pytest.mark.parametrize(("lossless", "first"), [(False, "print.jpg"), (True, "full.tif")])
def test_cleveland_gives_the_tiff_when_lossless_is_wanted(lossless, first):
    options = options_for("cleveland", lossless=lossless)
    (found,) = walk(options, lambda url: {"info": {"total": 1}, "data": [cleveland_work("CC0")]})
    assert found.url.endswith(first)
    assert (found.width, reasons(options, [found])) == (6000 if lossless else 3400, [""])


def test_cleveland_does_not_trust_its_own_cc0_filter():
    options = options_for("cleveland")
    found = walk(options, lambda url: {"info": {"total": 1}, "data": [cleveland_work("Copyrighted")]})
    assert reasons(options, found) == ["licence-unknown"]


# --- rijks -------------------------------------------------------------------------------------------------------

OAI = """<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>{records}{token}</ListRecords></OAI-PMH>"""
RECORD = """<record><header><identifier>https://id.rijksmuseum.nl/{n}</identifier></header><metadata>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:edm="http://www.europeana.eu/schemas/edm/"
 xmlns:ore="http://www.openarchives.org/ore/terms/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:skos="http://www.w3.org/2004/02/skos/core#" xmlns:dcterms="http://purl.org/dc/terms/">
<ore:Aggregation>{shown}<edm:rights rdf:resource="http://creativecommons.org/publicdomain/mark/1.0/"/></ore:Aggregation>
<edm:ProvidedCHO><dc:title>Watch &amp; ward</dc:title><dc:creator rdf:resource="https://id.rijksmuseum.nl/a"/></edm:ProvidedCHO>
<edm:Agent rdf:about="https://id.rijksmuseum.nl/a"><skos:prefLabel>R. van Rijn</skos:prefLabel></edm:Agent>
</rdf:RDF></metadata></record>"""
SHAPES = (
    '<edm:isShownBy rdf:resource="https://iiif.micr.io/A/full/max/0/default.jpg"/>',
    '<edm:isShownBy><edm:WebResource rdf:about="https://iiif.micr.io/B/full/max/0/default.jpg"/></edm:isShownBy>',
)


def test_rijks_reads_both_shapes_of_the_image_and_follows_the_token_and_skips_deleted_records():
    deleted = '<record><header status="deleted"><identifier>x</identifier></header></record>'

    def answer(url):
        is_last = "resumptionToken" in url
        record = RECORD.format(n=2 if is_last else 1, shown=SHAPES[is_last])
        token = "<resumptionToken/>" if is_last else "<resumptionToken>a/b+c=</resumptionToken>"
        return OAI.format(records=record + deleted, token=token).encode()

    options = options_for("rijks")
    found = walk(options, answer)
    assert [c.url[21:22] for c in found] == ["A", "B"]
    assert (found[0].title, found[0].creator) == ("Watch & ward", "R. van Rijn")
    assert reasons(options, found) == ["", ""]


@pytest.mark.parametrize("body", [b"<html>down</html>", b"", b'<!DOCTYPE a [<!ENTITY b "c">]><OAI-PMH/>'])
def test_rijks_answers_that_are_no_harvest_raise_and_so_are_tried_again(body):
    source = get_source(options_for("rijks"))
    with pytest.raises((ValueError, SyntaxError)):
        list(source.parse("records", Answer("https://data.rijksmuseum.nl/oai", body)))


# --- commons -----------------------------------------------------------------------------------------------------


def commons_page(number: int, **metadata: str) -> dict:
    told = {"License": "cc0", "LicenseUrl": CC0, "Artist": "<a href='x'>Ann</a>", **metadata}
    info = {
        "url": f"https://upload.wikimedia.org/{number}.jpg",
        "mime": "image/jpeg",
        "width": 900,
        "height": 800,
        "descriptionurl": "https://commons.wikimedia.org/wiki/x",
        "extmetadata": {name: {"value": value} for name, value in told.items() if value},
    }
    return {"pageid": number, "title": f"File:{number}.jpg", "imageinfo": [info]}


COMMONS = {"filters": {"category": "Ponds"}}


def test_commons_sends_back_every_key_of_continue_and_waits_for_partial_files():
    asked = []

    def answer(url):
        asked.append(url)
        if len(asked) == 1:  # file 2 comes without details until the batch is complete
            pages = {"1": commons_page(1), "2": {"pageid": 2, "title": "File:2.jpg"}}
            return {"continue": {"iistart": "x|y", "continue": "||"}, "query": {"pages": pages}}
        if len(asked) == 2:
            pages = {"2": commons_page(2)}
            token = {"gcmcontinue": "file|zz|9", "continue": "gcmcontinue||"}
            return {"batchcomplete": "", "continue": token, "query": {"pages": pages}}
        return {"batchcomplete": True, "query": {"pages": [commons_page(3)]}}  # formatversion 2: a list

    found = walk(options_for("commons", **COMMONS), answer)
    assert [c.work_id for c in found] == ["1", "2", "3"]
    assert "iistart=x%7Cy" in asked[1] and "continue=%7C%7C" in asked[1]
    assert "gcmcontinue=file%7Czz%7C9" in asked[2] and "iistart" not in asked[2]
    assert found[0].creator == "Ann"


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"License": "pd", "LicenseUrl": ""}, ""),
        ({"License": "", "LicenseUrl": ""}, "licence-unknown"),
        ({"License": "cc-by-sa-4.0", "LicenseUrl": CC0}, "licence"),
        ({"License": "gfdl", "LicenseUrl": "https://www.gnu.org/copyleft/fdl.html"}, "licence-unknown"),
        ({"Restrictions": "trademarked"}, "restricted"),
    ],
)
def test_commons_decides_by_address_and_code_together(metadata, reason):
    options = options_for("commons", **COMMONS)
    found = walk(options, lambda url: {"query": {"pages": [commons_page(1, **metadata)]}})
    assert reasons(options, found) == [reason]


def test_commons_reports_the_api_s_own_errors():
    source = get_source(options_for("commons", **COMMONS))
    body = json.dumps({"error": {"code": "maxlag"}}).encode()
    with pytest.raises(ValueError, match="maxlag"):
        list(source.parse("files", Answer(BASE, body, {"generator": {}})))


# --- loc ---------------------------------------------------------------------------------------------------------

FREE = "No known restrictions on publication."


def loc_answers(listed: object, detailed: object, **item: object) -> Callable[[str], object]:
    image = "//tile.loc.gov/a_150px.jpg#h=150&w=129", "https://tile.loc.gov/a.jpg#h=1600&w=1378"
    result = {"id": "http://www.loc.gov/item/42/", "image_url": list(image), "item": {"rights_advisory": listed}}

    def answer(url):
        if "/photos/" in url:
            return {"results": [result], "pagination": {"next": None}}
        return {"item": {"id": "http://www.loc.gov/item/42/", "rights_advisory": detailed, **item}}

    return answer


@pytest.mark.parametrize(
    ("listed", "detailed", "item", "reason"),
    [
        (FREE, [FREE], {}, ""),
        (FREE + ' For information, see "Civil war photographs".', FREE, {}, ""),
        (FREE, "Publication may be restricted.", {}, "licence-unknown"),
        (
            FREE,
            "No known restrictions on publication in the U.S. Use elsewhere may be restricted.",
            {},
            "licence-unknown",
        ),
        (None, None, {}, "licence-unknown"),
        (FREE, FREE, {"access_restricted": True}, "restricted"),
    ],
)
def test_loc_needs_the_free_wording_in_listing_and_item(listed, detailed, item, reason):
    options = options_for("loc", licences=("loc-nkr",))
    found = walk(options, loc_answers(listed, detailed, **item))
    assert reasons(options, found) == [reason]
    assert (found[0].url, found[0].width) == ("https://tile.loc.gov/a.jpg", 1378)


def test_loc_says_which_licence_must_be_allowed():
    with pytest.raises(MisuseError, match="Add --licence loc-nkr"):
        options_for("loc")


# --- smithsonian, europeana, openverse ---------------------------------------------------------------------------


def test_smithsonian_decides_per_medium(monkeypatch):
    monkeypatch.setenv("SMITHSONIAN_API_KEY", "secret")

    def medium(name: str, access: str, kind: str = "Images") -> dict:
        return {"content": f"http://ids.si.edu/{name}", "type": kind, "usage": {"access": access}}

    media = [medium("a", "CC0"), medium("b", "Usage conditions apply"), medium("c", "CC0", "3D Images")]
    described = {"record_ID": "r1", "online_media": {"media": media}, "metadata_usage": {"access": "CC0"}}
    free = {"name": [{"label": "Collector", "content": "C"}, {"label": "Artist", "content": "A"}]}
    row = {"title": "Bird", "content": {"descriptiveNonRepeating": described, "freetext": free}}
    options = options_for("smithsonian", filters={"unit": "SAAM"})
    found = walk(options, lambda url: {"response": {"rows": [row], "rowCount": 1}})
    assert [c.url for c in found] == ["https://ids.si.edu/a", "https://ids.si.edu/b"]
    assert (found[0].creator, reasons(options, found)) == ("A", ["", "licence-unknown"])


@pytest.mark.parametrize(
    ("source", "variable"), [("smithsonian", "SMITHSONIAN_API_KEY"), ("europeana", "EUROPEANA_API_KEY")]
)
def test_keys_come_from_the_environment_and_go_to_the_api_s_host_only(monkeypatch, source, variable):
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(MisuseError, match=variable):
        options_for(source)
    monkeypatch.setenv(variable, "secret")
    reader = get_source(options_for(source))
    (page,) = reader.seeds()
    assert "secret" not in page.url
    assert reader.headers(page.url) == {"X-Api-Key": "secret"}
    assert reader.headers("https://images.example.org/a.jpg") == {}
    assert reader.without_key('{"apikey": "secret", "broken') == '{"apikey": "***", "broken'


def test_europeana_follows_the_cursor_until_there_is_none(monkeypatch):
    monkeypatch.setenv("EUROPEANA_API_KEY", "secret")
    item = {
        "id": "/1/a",
        "title": ["T"],
        "dcCreator": ["http://x/1"],
        "edmAgentLabel": [{"def": "Vi"}],
        "rights": [CC0],
    }

    def answer(url):
        more = {"nextCursor": "AoE/x=="} if "cursor=%2A" in url else {}
        return {"items": [{**item, "edmIsShownBy": [f"http://provider.example/{len(url)}.jpg"]}], **more}

    options = options_for("europeana")
    found = walk(options, answer)
    assert len(found) == 2 and found[0].creator == "Vi"
    assert all(c.url.startswith("https://provider.example/") for c in found)
    assert reasons(options, found) == ["", ""]


def test_openverse_runs_only_with_a_query_and_slowly_without_a_token(monkeypatch):
    monkeypatch.delenv("OPENVERSE_TOKEN", raising=False)
    with pytest.raises(MisuseError, match="only with a query"):
        CrawlOptions("openverse", "out")
    source = get_source(CrawlOptions("openverse", "out", query="tree"))
    assert source.pace("api.openverse.org").delay == 720.0
    monkeypatch.setenv("OPENVERSE_TOKEN", "t")
    assert source.pace("api.openverse.org").delay == 1.0
    assert source.headers("https://api.openverse.org/v1/images/") == {"Authorization": "Bearer t"}


def test_openverse_s_licence_address_and_code_must_agree():
    options = options_for("openverse", licences=("cc0", "cc-by"))
    image = {"id": "1", "url": "https://a.example/1.jpg", "license": "by", "license_version": "4.0", "license_url": CC0}
    good = {**image, "license": "cc0"}
    nc = {**image, "license": "by-nc"}
    found = walk(options, lambda url: {"page": 1, "page_count": 1, "results": [image, good, nc]})
    assert reasons(options, found) == ["attribution-missing", "", "licence"]


# --- iiif --------------------------------------------------------------------------------------------------------


def manifest_3(rights: str, service: bool = True) -> dict:
    service_block = {"service": [{"id": f"{BASE}/img/1", "type": "ImageService3"}]} if service else {}
    body = {"id": f"{BASE}/img/1/full/max/0/default.png", "width": 6000, "height": 4000, **service_block}
    canvas = {"type": "Canvas", "items": [{"items": [{"motivation": "painting", "body": body}]}]}
    label = {"fr": ["Étang"], "en": ["Pond"]}
    metadata = [{"label": {"en": ["Artist"]}, "value": {"none": ["Ann"]}}]
    return {
        "type": "Manifest",
        "id": f"{BASE}/m",
        "label": label,
        "rights": rights,
        "metadata": metadata,
        "items": [canvas],
    }


def manifest_2() -> dict:
    service = {"@id": f"{BASE}/img/1", "profile": "http://iiif.io/api/image/2/level2.json"}
    resource = {"@id": f"{BASE}/img/1/full/full/0/default.jpg", "width": 6000, "height": 4000, "service": service}
    sequences = [{"canvases": [{"images": [{"resource": resource}]}]}]
    return {"@type": "sc:Manifest", "@id": "http://x/m", "label": "Pond", "license": CC0, "sequences": sequences}


def iiif_answers(manifest: dict, info: dict) -> Callable[[str], object]:
    return lambda url: {"width": 6000, "height": 4000, **info} if url.endswith("info.json") else manifest


@pytest.mark.parametrize(
    ("manifest", "info", "size"),
    [
        (manifest_3(CC0), {"type": "ImageService3", "id": f"{BASE}/img/1"}, "full/max/0/default.png"),
        (manifest_3(CC0), {"type": "ImageService3", "maxWidth": 3000}, "full/3000,/0/default.png"),
        (manifest_3(CC0), {"maxWidth": 3100, "sizes": [{"width": 3000, "height": 2000}]}, "full/3000,/0/default.png"),
        (manifest_3(CC0), {"maxWidth": 3100, "sizes": [{"width": 150, "height": 100}]}, "full/3100,/0/default.png"),
        (manifest_3(CC0), {"maxWidth": 6000, "maxHeight": 2000}, "full/3000,/0/default.png"),
        (manifest_3(CC0), {"maxArea": 4_000_000}, "full/2449,/0/default.png"),
        (manifest_2(), {"profile": ["level2", {"maxWidth": 3000}]}, "full/3000,/0/default.jpg"),
        (manifest_2(), {}, "full/full/0/default.jpg"),
    ],
)
def test_iiif_never_asks_for_more_than_the_service_allows(manifest, info, size):
    options = options_for("iiif", base_url=f"{BASE}/m")
    (found,) = walk(options, iiif_answers(manifest, info))
    assert found.url == f"{BASE}/img/1/{size}"
    assert found.title == "Pond"
    assert reasons(options, [found]) == [""]


def test_iiif_rights_of_the_image_service_count_beside_those_of_the_manifest():
    options = options_for("iiif", base_url=f"{BASE}/m")
    info = {"rights": "http://rightsstatements.org/vocab/InC-EDU/1.0/"}
    assert reasons(options, walk(options, iiif_answers(manifest_3(CC0), info))) == ["licence"]


def test_iiif_takes_images_without_a_service_and_walks_nested_collections():
    inner = {"type": "Collection", "items": [{"type": "Manifest", "id": f"{BASE}/m"}]}
    outer = {"@type": "sc:Collection", "collections": [{"@type": "sc:Collection", "@id": f"{BASE}/inner"}]}
    answers = {f"{BASE}/top": outer, f"{BASE}/inner": inner, f"{BASE}/m": manifest_3(CC0, service=False)}
    found = walk(options_for("iiif", base_url=f"{BASE}/top"), answers.__getitem__)
    assert [(c.url, c.work_id, c.creator) for c in found] == [(f"{BASE}/img/1/full/max/0/default.png", "/m", "Ann")]


# --- urls, local -------------------------------------------------------------------------------------------------


def test_urls_reads_text_csv_and_parquet(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {"image_url": "https://a.example/1.jpg", "license": "cc0", "title": "=1+1"},
        {"image_url": "", "license": ""},
    ]
    (tmp_path / "a.txt").write_text("# mine\nhttps://a.example/1.jpg\n\n")
    with (tmp_path / "a.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    for name, rights in (("a.txt", ()), ("a.csv", ("cc0",)), ("a.parquet", ("cc0",))):
        (found,) = get_source(CrawlOptions("urls", "out", target=str(tmp_path / name))).seeds()
        assert (found.url, found.rights) == ("https://a.example/1.jpg", rights)


def test_your_word_counts_for_lists_without_a_rights_column_and_never_for_an_empty_cell(tmp_path):
    (tmp_path / "a.txt").write_text("https://a.example/1.jpg\n")
    (tmp_path / "a.csv").write_text("url,rights\nhttps://a.example/1.jpg,\n")
    verdicts = []
    for name in ("a.txt", "a.csv"):
        options = CrawlOptions("urls", "out", target=str(tmp_path / name), rights="cc0")
        verdicts += reasons(options, list(get_source(options).seeds()))
    assert verdicts == ["", "licence-unknown"]


def test_other_sources_state_rights_themselves():
    with pytest.raises(MisuseError, match="states the rights of its images itself"):
        options_for("met", rights="cc0")


# --- all ---------------------------------------------------------------------------------------------------------

JUNK = [None, [], {}, {"data": 3}, {"data": [None, 1, {"images": []}]}, {"results": [{}], "items": "x", "response": []}]
CONTEXTS = {
    ("iiif", "service"): {"rights": [], "extension": "jpg", "work_id": ""},
    ("commons", "files"): {"generator": {}},
}
ONLINE = [name for name, source in SOURCES.items() if not source.is_offline and name != "urls"]


@pytest.mark.parametrize("name", ONLINE)
def test_odd_documents_bring_no_candidate_that_could_be_stored(monkeypatch, name, tmp_path):
    monkeypatch.setenv("SMITHSONIAN_API_KEY", "k")
    monkeypatch.setenv("EUROPEANA_API_KEY", "k")
    more = {"filters": {"category": "x"}} if name == "commons" else {"licences": ("loc-nkr",)} if name == "loc" else {}
    options = options_for(name, **more)
    source = get_source(options)
    kinds = [method.removeprefix("parse_") for method in dir(source) if method.startswith("parse_")]
    for kind in kinds:
        for junk in JUNK:
            context = CONTEXTS.get((name, kind), {})
            try:
                found = list(source.parse(kind, Answer(BASE, json.dumps(junk).encode(), context)))
            except (ValueError, SyntaxError):
                continue  # recorded with the page and tried again
            assert all(isinstance(f, Page) or reasons(options, [f]) != [""] for f in found)


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_declares_what_it_is(name):
    source = SOURCES[name]
    assert source.name == name and source.summary
    assert source.is_offline or source.needs_target or source.api.startswith("https://")


def test_an_unknown_source_or_filter_names_the_known_ones():
    with pytest.raises(MisuseError, match="artic, cleveland, commons"):
        CrawlOptions("louvre", "out")
    with pytest.raises(MisuseError, match="department"):
        options_for("met", filters={"colour": "red"})
