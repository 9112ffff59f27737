"""What was done is said in XMP, and what was there stays."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import archive
import pytest

from imaging.provenance import COMPOSITE, ENHANCED, NAMESPACE, with_provenance

FACTS = {"stages": 'denoise 1, "x" <y> & z', "original": "sha256:ab"}


def properties(packet):
    root = ElementTree.fromstring(packet.decode("utf-8-sig").strip())
    found = {}
    for element in root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"):
        found.update(element.attrib)
    return found


@pytest.mark.parametrize("packet", [None, archive.XMP, b"garbage without an end", b""])
def test_facts_are_added_as_valid_xml(packet):
    found = properties(with_provenance(packet, FACTS, ENHANCED))
    assert found[f"{{{NAMESPACE}}}stages"] == FACTS["stages"]
    kind = [value for name, value in found.items() if name.endswith("DigitalSourceType")]
    assert kind == ["http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"]


def test_every_byte_of_the_packet_stays():
    extended = with_provenance(archive.XMP, FACTS, COMPOSITE)
    at = archive.XMP.index(b"</rdf:RDF>")
    assert extended.startswith(archive.XMP[:at]) and extended.endswith(archive.XMP[at:])


def test_a_second_run_replaces_what_the_first_said():
    once = with_provenance(archive.XMP, {"stages": "deblur 1"}, ENHANCED)
    twice = with_provenance(once, {"stages": "denoise 1"}, ENHANCED)
    assert b"deblur" not in twice and twice.count(b"imagic:stages") == 1


def test_a_source_type_of_another_hand_is_not_overruled():
    own = archive.XMP.replace(b"dc:source=", b'xmlns:i="i" i:DigitalSourceType="negativeFilm" dc:source=')
    assert with_provenance(own, FACTS, COMPOSITE).count(b"DigitalSourceType") == 1


@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be"])
def test_a_packet_in_sixteen_bit_text_stays_in_it(coding):
    packet = archive.XMP.decode("utf-8").encode(coding)
    text = with_provenance(packet, FACTS, ENHANCED).decode(coding)
    assert "imagic:stages" in text and "shelf 12" in text
