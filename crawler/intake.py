"""From downloaded bytes to a manifest row: header first, then the pixels, then the disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from crawler.appraise import appraise, read_header
from crawler.catalogue import now
from crawler.frontier import FrontierRow
from crawler.manifest import ManifestRow
from crawler.options import CrawlOptions
from crawler.store import keep

_TOLD = ("work_id", "landing_url", "title", "creator", "date", "licence", "licence_url", "attribution")


def take_in(row: FrontierRow, data: bytes, options: CrawlOptions, signals: Mapping[str, str]) -> ManifestRow:
    """Check, measure and store one original; needs no catalogue, so that it can run in a thread.

    Args:
        row: the frontier's row, whose payload holds what the source told of the image.
        data: the file.
        options: sizes and the output folder.
        signals: the opt-out signals that were looked at, kept as evidence.

    Raises:
        UnusableImage: it is not kept.
        OSError: the disk refuses.
    """
    header = read_header(data, min_size=options.min_size, max_pixels=options.max_pixels)
    appraisal = appraise(data, header)
    image_id, path = keep(data, header.format, options.out)
    return ManifestRow(
        image_id=image_id,
        path=path,
        source=options.source,
        image_url=row.url,
        rights_evidence=row.payload.get("evidence", ""),
        num_bytes=len(data),
        optout_evidence=json.dumps(dict(signals), sort_keys=True),
        fetched_at=now(),
        **{name: row.payload.get(name, "") for name in _TOLD},
        **asdict(header),
        **asdict(appraisal),
    )
