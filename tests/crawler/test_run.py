import subprocess
import sys

import pytest
from hostile import picture

from crawler.manifest import read_manifest
from crawler.options import CrawlOptions
from crawler.run import crawl, find_contact
from demo.museum import SampleMuseum
from imaging.errors import ImagicError, MisuseError


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    out = tmp_path_factory.mktemp("museum")
    with SampleMuseum() as museum:
        yield museum, out, crawl(CrawlOptions("iiif", out, base_url=museum.collection_url, progress=False))


def test_the_sample_museum_gives_its_free_pictures_and_keeps_the_others(visited):
    _, out, report = visited
    rows = read_manifest(out)
    assert report.exit_code == 0
    assert (report.stored, dict(report.reasons)) == (11, {"licence": 6, "too-small": 1})
    assert {row.licence for row in rows} == {"CC0-1.0", "LicenseRef-PDM-1.0"}
    assert {row.title for row in rows} >= {"Chelsea the cat", "Coffee cup", "Fundus of a left eye"}


def test_the_originals_are_the_packaged_files_byte_for_byte(visited):
    museum, out, _ = visited
    packaged = {path.read_bytes() for path in museum.folder.iterdir() if path.is_file()}
    assert all((out / row.path).read_bytes() in packaged for row in read_manifest(out))


def test_rows_carry_rights_attribution_and_opt_out_evidence(visited):
    (row,) = (row for row in read_manifest(visited[1]) if row.title == "Coffee cup")
    assert row.licence_url == "https://creativecommons.org/publicdomain/zero/1.0/"
    assert row.rights_evidence == "http://creativecommons.org/publicdomain/zero/1.0/"
    assert (
        row.attribution
        == '"Coffee cup" by Rachel Michetti, CC0-1.0 (https://creativecommons.org/publicdomain/zero/1.0/)'
    )
    assert '"robots.txt": "200 sha256:' in row.optout_evidence
    assert (row.width, row.height, row.format, row.cluster_id) == (600, 400, "png", row.image_id)


def test_works_on_this_machine_are_named_without_their_port(visited):
    assert all(row.work_id.startswith("/iiif/") for row in read_manifest(visited[1]))


def test_the_status_counts_sources_licences_and_reasons(visited):
    printed = "\n".join(crawl(CrawlOptions("iiif", visited[1], status=True)).lines())
    assert "iiif, CC0-1.0: 7" in printed
    assert "iiif, licence: 6" in printed


def test_an_image_service_with_a_limit_gives_what_it_allows(tmp_path):
    with SampleMuseum(max_width=400) as museum:
        crawl(CrawlOptions("iiif", tmp_path, base_url=f"{museum.url}/iiif/hubble/manifest.json", progress=False))
    (row,) = read_manifest(tmp_path)
    assert (row.width, row.height) == (400, 349)


def test_a_manifest_that_is_not_there_fails_with_1(site, tmp_path):
    report = crawl(CrawlOptions("iiif", tmp_path, base_url=f"{site.url}/nowhere", progress=False))
    assert (report.exit_code, dict(report.reasons)) == (1, {"gone": 1})


def test_a_folder_is_taken_in_with_the_licence_that_the_user_vouches_for(tmp_path):
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.png").write_bytes(picture(1))
    (folder / "same.png").write_bytes(picture(1))
    (folder / "lie.jpg").write_text("<html>")
    (folder / "link.png").symlink_to(sys.executable)
    options = CrawlOptions("local", tmp_path / "out", target=str(folder), rights="cc0", min_size=16, progress=False)
    report, again = crawl(options), crawl(options)
    (row,) = read_manifest(tmp_path / "out")
    assert (report.stored, report.duplicates, again.stored) == (1, 1, 0)
    assert dict(report.reasons) == {"not-an-image": 1, "outside-folder": 1}
    assert (row.work_id, row.licence) == ("deep/a.png", "CC0-1.0")
    assert row.rights_evidence == "vouched for by the user: cc0"


def test_a_folder_without_anybody_s_word_is_refused(tmp_path):
    with pytest.raises(MisuseError, match="Add --rights"):
        CrawlOptions("local", tmp_path / "out", target=str(tmp_path))


def test_strangers_are_asked_only_with_a_contact_and_it_is_remembered(tmp_path, monkeypatch):
    from crawler.catalogue import Catalogue

    monkeypatch.delenv("IMAGIC_CONTACT", raising=False)
    with pytest.raises(MisuseError, match="Give --contact"):
        crawl(CrawlOptions("met", tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    with Catalogue(tmp_path / "out") as catalogue:
        catalogue.remember("contact", "ann@example.org")
    assert find_contact(CrawlOptions("met", tmp_path / "out")) == "ann@example.org"


def test_an_output_path_that_is_a_file_is_one_clear_error(tmp_path, site):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ImagicError, match="The output folder of a crawl can be written"):
        crawl(CrawlOptions("iiif", tmp_path / "out", base_url=site.url, progress=False))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"limit": 0}, "limit is at least 1"),
        ({"contact": "not an address"}, "A contact is one e-mail or web address"),
        ({"hours": "late"}, "Hours are two full hours"),
        ({"base_url": "museum.example"}, "A base URL starts with"),
        ({"licences": ()}, "At least one licence"),
        ({"licences": ("cc-by-nd",)}, "An allowed licence is one of"),
    ],
)
def test_nonsense_is_refused_at_birth(values, message):
    with pytest.raises(MisuseError, match=message):
        CrawlOptions("met", "out", **values)


def test_options_survive_the_way_to_the_child():
    options = CrawlOptions("met", "out", filters={"department": "11"}, licences=("cc0", "cc-by"), limit=3)
    assert CrawlOptions.from_dict(options.to_dict()) == options


def test_options_run_and_manifest_import_no_scrapy():
    modules = "crawler.run, crawler.options, crawler.manifest"
    program = f"import sys, {modules}; print('scrapy' in sys.modules, 'cv2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
