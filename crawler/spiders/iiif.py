"""Any IIIF Presentation 2 or 3 manifest or collection, with image sizes asked from the image service.

https://iiif.io/api/presentation/3.0/ and https://iiif.io/api/image/3.0/ (5.3: clients should not ask for more than
`maxWidth`, `maxHeight` and `maxArea` allow).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from crawler.found import Answer, Candidate, Found, Page
from crawler.spiders.base import Source, plain, record, records, whole

_FORMATS = ("jpg", "png", "tif", "webp")
_CREATOR_LABELS = ("artist", "creator", "author", "maker", "photographer", "painter")
_DATE_LABELS = ("date", "created", "date created", "creation date")


class Iiif(Source):
    """Manifests are read, collections are followed."""

    name = "iiif"
    summary = "any IIIF manifest or collection address"
    hosts = None
    is_documented_api = False
    needs_target = "the address of a IIIF manifest or collection"

    def seeds(self) -> Iterator[Found]:
        """The address that was given."""
        yield Page(self.options.target or self.options.base_url or "", "presentation", is_listing=True)

    def parse_presentation(self, answer: Answer) -> Iterator[Found]:
        """A manifest's images, or a collection's members; Presentation 2 and 3 differ in the names of their fields."""
        document = record(answer.json())
        if _type(document) == "Manifest":
            yield from _images(document, answer.url, self._local_origin())
        else:
            yield from _members(document)

    def _local_origin(self) -> str:
        """What to cut from the identity of a work on this machine, whose port says nothing about the work."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}" if self.options.is_loopback else ""

    def parse_service(self, answer: Answer) -> Iterator[Found]:
        """An image service's info.json: the address at which it gives its largest picture, and rights of its own."""
        info = record(answer.json())
        context = dict(answer.context)
        # Where it answered, not what it calls itself: many services still give themselves an http address.
        service = answer.url.removesuffix("/info.json")
        width, height = whole(info.get("width")), whole(info.get("height"))
        size, width, height = choose_size(info, width, height)
        extension = context.pop("extension")
        url = f"{service}/full/{size}/0/default.{extension}"
        rights = (*context.pop("rights"), *_statements(info))
        yield Candidate(url=url, rights=tuple(rights), width=width, height=height, **context)


def choose_size(info: Mapping[str, Any], width: int, height: int) -> tuple[str, int, int]:
    """The size to ask for: the whole picture when the limits allow it, else the largest that they do allow.

    Args:
        info: an info.json of Image API 2 or 3.
        width: of the whole picture in pixels.
        height: of the whole picture in pixels.

    Returns:
        the size segment of the image address, and the width and height that it should give.
    """
    scale = _largest_scale(info, width, height)
    if scale >= 1:
        return ("max" if _is_version_3(info) else "full"), width, height
    bound = math.floor(width * scale)
    listed = [(whole(s.get("width")), whole(s.get("height"))) for s in records(info.get("sizes"))]
    # A listed size is kept ready by the server; take it unless it is much smaller than what is allowed.
    fitting = max((size for size in listed if bound * 0.8 <= size[0] <= bound), default=None)
    chosen_width, chosen_height = fitting or (bound, math.floor(height * scale))
    return f"{chosen_width},", chosen_width, chosen_height


def _largest_scale(info: Mapping[str, Any], width: int, height: int) -> float:
    """The factor by which the whole picture must shrink to be within the service's limits; at most 1."""
    profile = info.get("profile")
    limits = dict(info)
    for part in records(profile):
        limits |= part
    max_width = whole(limits.get("maxWidth"))
    max_height = whole(limits.get("maxHeight")) or max_width
    max_area = whole(limits.get("maxArea"))
    scales = [1.0]
    scales += [max_width / width] if max_width and width else []
    scales += [max_height / height] if max_height and height else []
    scales += [math.sqrt(max_area / (width * height))] if max_area and width and height else []
    return min(scales)


def _is_version_3(info: Mapping[str, Any]) -> bool:
    return "image/3" in str(info.get("@context")) or info.get("type") == "ImageService3"


def _members(document: Mapping[str, Any]) -> Iterator[Found]:
    """Pages of a collection: its manifests and sub-collections under the names of both versions."""
    for field in ("items", "manifests", "collections", "members"):
        for member in records(document.get(field)):
            if _identity(member) and _type(member) in ("Manifest", "Collection"):
                yield Page(_identity(member), "presentation", is_listing=_type(member) == "Collection")
    for field in ("first", "next"):
        following = document.get(field)
        address = _identity(following) if isinstance(following, dict) else following
        if isinstance(address, str) and address:
            yield Page(address, "presentation", is_listing=True)


def _images(manifest: Mapping[str, Any], url: str, local_origin: str) -> Iterator[Found]:
    """Everything painted on a manifest's canvases: through the image service if there is one, else as it stands."""
    about = _about(manifest, url)
    about["work_id"] = about["work_id"].removeprefix(local_origin)
    for canvas, body in _painted(manifest):
        # A canvas or an annotation may narrow the manifest's rights: each statement counts.
        rights = tuple(dict.fromkeys((*about["rights"], *_statements(canvas), *_statements(body))))
        described = {**about, "rights": rights, "evidence": " | ".join(rights)}
        service = _service(body)
        if service:
            context = {**described, "rights": list(rights), "extension": _extension(_identity(body))}
            yield Page(f"{service}/info.json", "service", context)
        elif _identity(body):
            width, height = whole(body.get("width")), whole(body.get("height"))
            yield Candidate(url=_identity(body), width=width, height=height, **described)


def _about(manifest: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The fields of a candidate that a manifest gives to all its images."""
    metadata = {plain(m.get("label")).lower(): plain(m.get("value")) for m in records(manifest.get("metadata"))}
    required = record(manifest.get("requiredStatement"))
    return {
        "work_id": _identity(manifest) or url,
        "title": plain(manifest.get("label")),
        "creator": next((metadata[label] for label in _CREATOR_LABELS if label in metadata), ""),
        "date": next((metadata[label] for label in _DATE_LABELS if label in metadata), ""),
        "landing_url": _landing(manifest) or url,
        "attribution": plain(required.get("value") or manifest.get("attribution")),
        "rights": _statements(manifest),
    }


def _landing(manifest: Mapping[str, Any]) -> str:
    """The page for people: `homepage` in version 3, `related` in version 2; both come as object, list or text."""
    for field in ("homepage", "related"):
        value = manifest.get(field)
        first = value[0] if isinstance(value, list) and value else value
        address = _identity(first) if isinstance(first, dict) else first
        if isinstance(address, str) and address:
            return address
    return ""


def _painted(manifest: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Canvas and painted body of every image; a choice gives its first alternative."""
    for canvas in records(manifest.get("items")):
        for page in records(canvas.get("items")):
            for annotation in records(page.get("items")):
                if annotation.get("motivation") in ("painting", ["painting"]):
                    yield canvas, _first_choice(annotation.get("body"))
    for sequence in records(manifest.get("sequences")):
        for canvas in records(sequence.get("canvases")):
            for annotation in records(canvas.get("images")):
                yield canvas, _first_choice(annotation.get("resource"))


def _first_choice(body: Any) -> dict[str, Any]:
    if isinstance(body, list):
        return _first_choice(body[0]) if body else {}
    chosen = record(body)
    if chosen.get("type") == "Choice":
        return _first_choice(chosen.get("items"))
    return record(chosen.get("default")) if chosen.get("@type") == "oa:Choice" else chosen


def _service(body: Mapping[str, Any]) -> str:
    """Base address of the body's image service, "" without one."""
    value = body.get("service")
    for service in records(value if isinstance(value, list) else [value]):
        kind = f"{_type(service)} {service.get('profile')} {service.get('@context')}"
        if "ImageService" in kind or "api/image" in kind or "level" in kind:
            return _identity(service).rstrip("/")
    return ""


def _statements(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Rights of a document: `rights` in version 3, `license` (text or list) in version 2."""
    values = [document.get("rights"), document.get("license")]
    flat = [part for value in values for part in (value if isinstance(value, list) else [value])]
    return tuple(dict.fromkeys(str(part) for part in flat if part))


def _identity(document: Mapping[str, Any]) -> str:
    return str(document.get("id") or document.get("@id") or "")


def _type(document: Mapping[str, Any]) -> str:
    return str(document.get("type") or document.get("@type") or "").removeprefix("sc:")


def _extension(url: str) -> str:
    """The format in which the manifest itself shows the picture, if it is one that can be kept; else JPEG."""
    suffix = urlsplit(url).path.rpartition(".")[2].lower()
    return suffix if suffix in _FORMATS else "jpg"
