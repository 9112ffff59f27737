"""Licences in one normal form, decided per image, and refused whenever they cannot be decided.

Normal form: the SPDX identifier where there is one, else `LicenseRef-...`. Sources state rights as an address
(Creative Commons, rightsstatements.org) or as a short code; prose is never interpreted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from imaging.errors import MisuseError

CC0_URL = "https://creativecommons.org/publicdomain/zero/1.0/"
PDM_URL = "https://creativecommons.org/publicdomain/mark/1.0/"


@dataclass(frozen=True)
class Licence:
    """One licence: its normal form, its family (what `--licence` names) and its canonical address."""

    name: str
    family: str
    url: str

    @property
    def needs_attribution(self) -> bool:
        """Whether a credit is a condition of use."""
        return self.family in ("cc-by", "cc-by-sa")


CC0 = Licence("CC0-1.0", "cc0", CC0_URL)
PUBLIC_DOMAIN_MARK = Licence("LicenseRef-PDM-1.0", "pdm", PDM_URL)
LOC_NO_KNOWN_RESTRICTIONS = Licence(
    "LicenseRef-LOC-NKR", "loc-nkr", "https://www.loc.gov/legal/understanding-copyright/#no-known-restrictions"
)

# Families that a user may allow. Everything else (NC, ND, in copyright, undetermined) is recognised only to be refused.
FAMILIES = ("cc0", "pdm", "cc-by", "cc-by-sa", "noc-us", "nkc", "loc-nkr")
_FIXED = {licence.name: licence for licence in (CC0, PUBLIC_DOMAIN_MARK, LOC_NO_KNOWN_RESTRICTIONS)}
_CODES = {
    "cc0": CC0,
    "cc0-1.0": CC0,
    "cc-zero": CC0,
    "pd": PUBLIC_DOMAIN_MARK,
    "pdm": PUBLIC_DOMAIN_MARK,
    "pdm-1.0": PUBLIC_DOMAIN_MARK,
    "licenseref-pdm-1.0": PUBLIC_DOMAIN_MARK,
    "loc-nkr": LOC_NO_KNOWN_RESTRICTIONS,
    "licenseref-loc-nkr": LOC_NO_KNOWN_RESTRICTIONS,
}
_CC_PATH = re.compile(
    r"^/(?P<root>licenses|publicdomain)/(?P<terms>[a-z-]+)/(?P<version>\d\.\d)"
    r"(/[a-z]{2,3})?(/(deed|legalcode)(\.[a-z]{2,3}([_-][a-z]+)?)?)?/?$"
)
_CC_CODE = re.compile(r"^cc[ -](?P<terms>by(?:-(?:nc|nd|sa))*)[ -](?P<version>\d\.\d)$")
_STATEMENT_PATH = re.compile(r"^/(vocab|page)/(?P<code>[A-Za-z-]+)/1\.0/?$")
_CC_TERMS = ("by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd", "by-nd-nc")
_PUBLIC_DOMAIN = {("zero", "1.0"): CC0, ("mark", "1.0"): PUBLIC_DOMAIN_MARK}


def parse_rights(raw: str) -> Licence | None:
    """The licence that a rights statement means, or None when it cannot be told for certain.

    Args:
        raw: an address (`http://creativecommons.org/licenses/by/4.0/deed.nl`), a short code (`cc0`, `CC BY-SA 4.0`)
            or a normal form. Scheme, `www.`, a trailing slash and the language of a deed do not matter; an address
            with another host, user information, a port, a query or a fragment is not recognised.
    """
    text = raw.strip()
    if "://" in text or text.startswith("//"):
        return _parse_address(text)
    code = " ".join(text.lower().split())
    return _CODES.get(code) or _parse_code(code)


def decide(statements: Sequence[str], allowed: Sequence[str]) -> tuple[Licence | None, str]:
    """The one licence of an image, and why it is refused ("" when it is not).

    A source may state rights twice (listing and detail, manifest and image service). All statements must be
    understood and allowed; the licence with the most duties is kept.
    """
    licences = [parse_rights(statement) for statement in statements if statement.strip()]
    known = [licence for licence in licences if licence]
    if not licences or len(known) < len(licences):
        return (known[0] if known else None), "licence-unknown"
    refused = [licence for licence in known if not is_allowed(licence, allowed)]
    if refused:
        return refused[0], "licence"
    return max(known, key=lambda licence: FAMILIES.index(licence.family)), ""


def is_allowed(licence: Licence, allowed: Iterable[str]) -> bool:
    """Whether one of the allowed names is this licence's normal form or its family."""
    return licence.family in FAMILIES and any(name in (licence.name, licence.family) for name in allowed)


def check_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names of `--licence` in normal writing: families in lower case, normal forms as they are.

    Raises:
        MisuseError: a name is neither, or names a licence that is never collected.
    """
    checked = tuple(dict.fromkeys(_check_name(name.strip()) for name in names if name.strip()))
    if checked:
        return checked
    raise MisuseError("At least one licence is allowed", "none", f"Choose from {', '.join(FAMILIES)}")


def _check_name(name: str) -> str:
    if name.lower() in FAMILIES:
        return name.lower()
    licence = _FIXED.get(name) or parse_rights(name)
    if licence and licence.family in FAMILIES:
        return licence.name
    raise MisuseError(f"An allowed licence is one of {', '.join(FAMILIES)} or a normal form like CC-BY-4.0", name)


def _parse_address(text: str) -> Licence | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https", "") or "@" in parts.netloc or port or parts.query or parts.fragment:
        return None
    host = (parts.hostname or "").removeprefix("www.")
    parse = {"creativecommons.org": _parse_cc, "rightsstatements.org": _parse_statement}.get(host)
    return parse(parts.path) if parse else None


def _parse_cc(path: str) -> Licence | None:
    match = _CC_PATH.match(path.lower())
    if not match:
        return None
    terms, version = match["terms"], match["version"]
    if match["root"] == "publicdomain":
        return _PUBLIC_DOMAIN.get((terms, version))
    return _creative_commons(terms, version)


def _parse_code(code: str) -> Licence | None:
    match = _CC_CODE.match(code)
    return _creative_commons(match["terms"], match["version"]) if match else None


def _creative_commons(terms: str, version: str) -> Licence | None:
    if terms not in _CC_TERMS:
        return None
    url = f"https://creativecommons.org/licenses/{terms}/{version}/"
    return Licence(f"CC-{terms.upper()}-{version}", f"cc-{terms}", url)


def _parse_statement(path: str) -> Licence | None:
    match = _STATEMENT_PATH.match(path)
    if not match:
        return None
    code = match["code"]
    return Licence(f"LicenseRef-{code}", code.lower(), f"http://rightsstatements.org/vocab/{code}/1.0/")
