"""The Rijksmuseum through OAI-PMH: fifty complete EDM records in an answer, against four requests per image elsewhere.

https://data.rijksmuseum.nl/docs/oai-pmh/; the old API with keys answers 410 Gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from xml.etree import ElementTree

from crawler.found import Answer, Candidate, Found, Page
from crawler.spiders.base import Source, plain

_NAMES = {
    "oai": "http://www.openarchives.org/OAI/2.0/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "edm": "http://www.europeana.eu/schemas/edm/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PAINTINGS = "261208"


class Rijks(Source):
    """One set of the museum's records, paintings unless another is named."""

    name = "rijks"
    summary = "Rijksmuseum, Amsterdam (public domain mark, CC0)"
    api = "https://data.rijksmuseum.nl"
    hosts = frozenset({"rijksmuseum.nl", "micr.io"})
    filters: ClassVar = {"set": "set", "from": "from", "until": "until"}

    def seeds(self) -> Iterator[Found]:
        """The first answer of the harvest."""
        chosen = {"set": _PAINTINGS, **self.chosen_filters()}
        yield Page(self.address("/oai", verb="ListRecords", metadataPrefix="edm", **chosen), "records", is_listing=True)

    def parse_records(self, answer: Answer) -> Iterator[Found]:
        """Records and the token for the next answer.

        Raises:
            ValueError: the answer is not a harvest, or carries a document type (entities are none of our business).
        """
        if b"<!DOCTYPE" in answer.body[:1000]:
            raise ValueError("the answer carries a document type")
        root = ElementTree.fromstring(answer.body)
        if root.find("oai:ListRecords", _NAMES) is None:
            raise ValueError(plain(root.findtext("oai:error", "no records", _NAMES)))
        for found in root.iterfind(".//oai:record", _NAMES):
            yield from _candidates(found)
        token = root.findtext(".//oai:resumptionToken", "", _NAMES).strip()
        if token:
            yield Page(self.address("/oai", verb="ListRecords", resumptionToken=token), "records", is_listing=True)


def _candidates(found: ElementTree.Element) -> Iterator[Found]:
    """The picture of one record; deleted records have none."""
    url = _reference(found, ".//edm:isShownBy")
    if not url:
        return
    identity = found.findtext("oai:header/oai:identifier", "", _NAMES)
    rights = _reference(found, ".//edm:rights")
    yield Candidate(
        url=url,
        work_id=identity,
        rights=(rights,) if rights else (),
        title=plain(found.findtext(".//dc:title", "", _NAMES)),
        creator=_creator(found),
        date=plain(found.findtext(".//dcterms:created", "", _NAMES)),
        landing_url=identity,
    )


def _reference(found: ElementTree.Element, path: str) -> str:
    """What a property refers to: as an attribute, as a nested resource, or as plain text."""
    element = found.find(path, _NAMES)
    if element is None:
        return ""
    nested = next(iter(element), None)
    return (
        element.get(f"{_RDF}resource")
        or (nested.get(f"{_RDF}about", "") if nested is not None else "")
        or (element.text or "").strip()
    )


def _creator(found: ElementTree.Element) -> str:
    """The creator's name: the label of the agent that is referred to, or the text itself."""
    creator = found.find(".//dc:creator", _NAMES)
    reference = creator.get(f"{_RDF}resource", "") if creator is not None else ""
    for agent in found.iterfind(".//edm:Agent", _NAMES):
        if agent.get(f"{_RDF}about") == reference:
            return plain(agent.findtext("skos:prefLabel", "", _NAMES))
    return plain(creator.text) if creator is not None else ""
