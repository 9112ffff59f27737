"""What a source's parser finds in an answer: further pages to ask for, and images that might be collected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Page:
    """An address whose answer the parser named `kind` shall read, with what that parser needs to remember."""

    url: str
    kind: str
    context: Mapping[str, Any] = field(default_factory=dict)
    is_listing: bool = False


@dataclass(frozen=True)
class Candidate:
    """An image that the source offers, with everything that decides whether it may be collected.

    Attributes:
        url: the image's address.
        work_id: the source's identity of the pictured work.
        rights: every rights statement that the source makes about this image, raw; none means undetermined.
        evidence: what the source said, in its own words and fields, to be kept; `rights` when empty.
        refusal: a reason why the source itself rules the image out ("" when it does not).
        width: pixels as the source claims, 0 when it does not say; the same holds for `height`.
        fallbacks: other addresses of the same picture, to be tried in this order when the first fails.
    """

    url: str
    work_id: str
    rights: tuple[str, ...]
    title: str = ""
    creator: str = ""
    date: str = ""
    landing_url: str = ""
    attribution: str = ""
    evidence: str = ""
    refusal: str = ""
    width: int = 0
    height: int = 0
    fallbacks: tuple[str, ...] = ()


Found: TypeAlias = Page | Candidate


@dataclass(frozen=True)
class Answer:
    """A downloaded page as the parsers see it: no framework, so that they can be tested with plain bytes."""

    url: str
    body: bytes
    context: Mapping[str, Any] = field(default_factory=dict)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is not JSON (a block page, a truncated answer).
        """
        return json.loads(self.body)
