"""Say inside the picture what was done to it: one more description in its XMP packet (ISO 16684-1).

The packet is extended as text, just before its end, so that every byte of it that was there stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

NAMESPACE = "https://ns.imagic.invalid/enhance/1/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"

# IPTC's vocabulary: colours that a network invents make a composite, restoration is an algorithmic enhancement.
ENHANCED, COMPOSITE = "algorithmicallyEnhanced", "compositeWithTrainedAlgorithmicMedia"

_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f'<rdf:RDF xmlns:rdf="{_RDF}"></rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
)
_OWN = re.compile(rf'<rdf:Description [^>]*xmlns:imagic="{re.escape(NAMESPACE)}"[^>]*/>')


def with_provenance(packet: bytes | None, facts: Mapping[str, str], source_type: str) -> bytes:
    """Return an XMP packet that also says what was done.

    Args:
        packet: the picture's own. One without an RDF element is no XMP, and is replaced by a new one as None is.
        facts: names (letters only) and values, written as properties of the project's own namespace. What an earlier
            run wrote there is replaced.
        source_type: a term of IPTC's digital source types; left out where the packet already has one.

    Examples:
        >>> b'imagic:stages="denoise"' in with_provenance(None, {"stages": "denoise"}, ENHANCED)
        True
    """
    text, coding = _decoded(packet)
    text = _OWN.sub("", text)
    end = re.search(r"</([\w.-]+):RDF\s*>", text)
    if end is None:
        text, coding = _PACKET, "utf-8"
        end = re.search(r"</([\w.-]+):RDF\s*>", text)
        assert end is not None
    added = _description(end[1], facts, "" if "DigitalSourceType" in text else source_type)
    errors = "surrogateescape" if coding == "utf-8" else "surrogatepass"
    return (text[: end.start()] + added + text[end.start() :]).encode(coding, errors)


def _description(prefix: str, facts: Mapping[str, str], source_type: str) -> str:
    own = "".join(f" imagic:{name}={quoteattr(value)}" for name, value in facts.items())
    kind = f' xmlns:Iptc4xmpExt="{_IPTC}" Iptc4xmpExt:DigitalSourceType="{_SOURCE_TYPE}{source_type}"'
    # The namespace stands right behind the name, which is how an earlier description of ours is recognised.
    return f'<{prefix}:Description {prefix}:about="" xmlns:imagic="{NAMESPACE}"{own}{kind if source_type else ""}/>'


def _decoded(packet: bytes | None) -> tuple[str, str]:
    """Return a packet as text, and the coding to return it to."""
    if packet is None:
        return "", "utf-8"
    for coding in ("utf-16-be", "utf-16-le"):
        if packet.startswith(("<?".encode(coding), "\ufeff<?".encode(coding))):
            return packet.decode(coding, "surrogatepass"), coding
    return packet.decode("utf-8", "surrogateescape"), "utf-8"
