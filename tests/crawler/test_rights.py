import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.options import DEFAULT_LICENCES
from crawler.rights import check_names, decide, parse_rights
from imaging.errors import MisuseError

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
SAME = {
    "http://creativecommons.org/publicdomain/zero/1.0": "CC0-1.0",
    "https://www.creativecommons.org/publicdomain/zero/1.0/deed.nl": "CC0-1.0",
    "//creativecommons.org/publicdomain/mark/1.0/": "LicenseRef-PDM-1.0",
    "https://creativecommons.org/licenses/by/4.0/legalcode": "CC-BY-4.0",
    "http://creativecommons.org/licenses/by-sa/3.0/": "CC-BY-SA-3.0",
    "https://creativecommons.org/licenses/by-nc-nd/4.0/": "CC-BY-NC-ND-4.0",
    "http://rightsstatements.org/vocab/InC-EDU/1.0/": "LicenseRef-InC-EDU",
    "cc0": "CC0-1.0",
    "CC BY-SA 4.0": "CC-BY-SA-4.0",
    "cc-by-2.0": "CC-BY-2.0",
    "PD": "LicenseRef-PDM-1.0",
}
NOT_A_LICENCE = [
    "",
    "Public domain, probably",
    "https://creativecommons.org@evil.example/publicdomain/zero/1.0/",
    "https://creativecommons.org:444/publicdomain/zero/1.0/",
    "https://creativecommons.org.evil.example/publicdomain/zero/1.0/",
    "https://creativecommons.org/publicdomain/zero/1.0/?not=really",
    "https://creativecommons.org/publicdomain/zero/2.0/",
    "https://creativecommons.org/licenses/by-xx/4.0/",
    "ftp://creativecommons.org/publicdomain/zero/1.0/",
    "https://[broken/publicdomain/zero/1.0/",
]


@pytest.mark.parametrize(("raw", "name"), SAME.items())
def test_every_writing_of_a_licence_has_one_normal_form(raw, name):
    assert parse_rights(raw).name == name


@pytest.mark.parametrize("raw", NOT_A_LICENCE)
def test_what_is_not_exactly_a_licence_is_none(raw):
    assert parse_rights(raw) is None


@given(st.text(max_size=80))
def test_no_text_makes_the_parser_fail(text):
    parse_rights(text)


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        ((CC0,), ""),
        ((CC0, "http://creativecommons.org/publicdomain/mark/1.0/"), ""),
        ((), "licence-unknown"),
        (("",), "licence-unknown"),
        ((CC0, "some rights reserved"), "licence-unknown"),
        ((CC0, "http://rightsstatements.org/vocab/InC/1.0/"), "licence"),
        (("https://creativecommons.org/licenses/by/4.0/",), "licence"),
        (("http://rightsstatements.org/vocab/UND/1.0/",), "licence"),
    ],
)
def test_rights_fail_closed_when_any_statement_is_missing_unknown_or_not_allowed(statements, reason):
    assert decide(statements, DEFAULT_LICENCES)[1] == reason


def test_of_several_allowed_licences_the_one_with_the_most_duties_is_kept():
    statements = (CC0, "https://creativecommons.org/licenses/by-sa/4.0/")
    licence, reason = decide(statements, ("cc0", "cc-by-sa"))
    assert (licence.name, reason) == ("CC-BY-SA-4.0", "")


@pytest.mark.parametrize("name", ["cc-by-nc", "CC-BY-ND-4.0", "everything", "LicenseRef-InC"])
def test_licences_that_are_never_collected_cannot_be_allowed(name):
    with pytest.raises(MisuseError, match="An allowed licence is one of cc0, pdm"):
        check_names([name])


def test_names_are_accepted_as_families_and_as_normal_forms():
    assert check_names(["CC0", " cc-by", "CC-BY-SA-4.0", "LicenseRef-PDM-1.0"]) == (
        "cc0",
        "cc-by",
        "CC-BY-SA-4.0",
        "LicenseRef-PDM-1.0",
    )
