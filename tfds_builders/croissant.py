"""Croissant metadata (JSON-LD of MLCommons), so that catalogues of datasets can index a folder of shards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imaging.errors import ImagicError
from imaging.recipes import Recipe
from pipelines.dataset.options import DATASET_NAME, VERSION
from pipelines.dataset.workspace import Receipt
from tfds_builders.features import citation, description

NAME = "croissant.json"
_MIME = "application/octet-stream"  # there is no registered type for TFRecord or ArrayRecord
_LICENCE_URLS = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "LicenseRef-PDM-1.0": "https://creativecommons.org/publicdomain/mark/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
}
_PUBLISHED = "2026-01-01"  # of this version of the format: a build has no date, or equal builds would differ


def write_croissant(folder: Path, recipe: Recipe, receipts: Sequence[Receipt], licences: Counter[str]) -> None:
    """Writes `croissant.json`.

    Args:
        folder: of the dataset.
        recipe: that it was made with.
        receipts: of all shards.
        licences: how many pictures have which licence.

    Raises:
        ImagicError: mlcroissant finds an error in it.
    """
    import mlcroissant as mlc

    told = [_LICENCE_URLS.get(name, name) for name, _ in sorted(licences.items()) if name]
    try:
        metadata = mlc.Metadata(
            name=f"{DATASET_NAME}_{recipe.name}",
            description=f"{recipe.summary} {description()}".strip(),
            version=VERSION,
            license=told or None,
            cite_as=citation(),
            date_published=_PUBLISHED,
            distribution=_distribution(receipts),
            record_sets=[_splits(receipts)],
        )
        content = metadata.to_json()
    except mlc.ValidationError as error:
        raise ImagicError("Croissant metadata must be valid", str(error), "Report this") from error
    (folder / NAME).write_text(json.dumps(content, indent=1, sort_keys=True, default=str) + "\n")


def _distribution(receipts: Sequence[Receipt]) -> list[Any]:
    import mlcroissant as mlc

    return [
        mlc.FileObject(
            id=receipt.shard,
            name=receipt.shard,
            description=f"{receipt.examples} examples of the {receipt.split} split",
            content_url=receipt.shard,
            content_size=f"{receipt.file_bytes} B",
            encoding_formats=[_MIME],
            sha256=receipt.sha256,
        )
        for receipt in receipts
    ]


def _splits(receipts: Sequence[Receipt]) -> Any:
    """The splits as an enumeration; the examples themselves are in formats that Croissant cannot describe yet."""
    import mlcroissant as mlc

    names = list(dict.fromkeys(receipt.split for receipt in receipts))
    return mlc.RecordSet(
        id="splits",
        name="splits",
        description="Where training, validation and test examples are.",
        data_types=[mlc.DataType.SPLIT],
        key="splits/name",
        fields=[mlc.Field(id="splits/name", name="name", data_types=[mlc.DataType.TEXT])],
        data=[{"splits/name": name} for name in names],
    )
