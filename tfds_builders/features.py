"""The features of `restoration_pairs`, and the metadata that makes a folder of shards a TFDS dataset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.dataset.options import DATASET_NAME, VERSION
from pipelines.dataset.workspace import Receipt

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

_HERE = Path(__file__).parent / DATASET_NAME


def description() -> str:
    """Returns what the datasets are, in prose."""
    return (_HERE / "README.md").read_text(encoding="utf-8").strip()


def citation() -> str:
    """Returns how to cite them, in BibTeX."""
    return (_HERE / "CITATIONS.bib").read_text(encoding="utf-8").strip()


def pair_features(has_mask: bool) -> tfds.features.FeaturesDict:
    """Returns the features of one example.

    Args:
        has_mask: whether the recipe says where it did damage.
    """
    import tensorflow_datasets as tfds

    text, image = tfds.features.Text, tfds.features.Image
    features = {
        "degraded": image(shape=(None, None, 3), encoding_format="png", doc="What a model is given: 8-bit RGB."),
        "clean": image(
            shape=(None, None, 3), doc="What it should give back: the original, in its own bytes if possible."
        ),
        "key": text(doc="Name of the example, the same in every build of the same pictures."),
        "recipe": text(doc="Name of the recipe that degraded the picture."),
        "trace": text(doc="JSON of everything that was drawn; `imaging.recipes.replay` repeats it."),
        "licence": text(doc="Licence of the clean picture, an SPDX id or LicenseRef; empty when not stated."),
        "attribution": text(doc="Credit line to print beside the picture."),
    }
    if has_mask:
        doc = "Where and how much the recipe did damage: 0 untouched, 255 destroyed."
        features["mask"] = image(shape=(None, None, 1), encoding_format="png", doc=doc)
    return tfds.features.FeaturesDict(features)


def write_metadata(folder: Path, receipts: Sequence[Receipt], has_mask: bool) -> None:
    """Writes what TFDS needs beside the shards; afterwards `tfds.load` finds the dataset.

    Args:
        folder: of the dataset.
        receipts: of all shards, in the order of their names within each split.
        has_mask: whether the recipe says where it did damage.
    """
    import tensorflow_datasets as tfds

    suffix = receipts[0].shard.split(".")[1].split("-")[0]
    template = tfds.core.ShardedFileTemplate(data_dir=folder, dataset_name=DATASET_NAME, filetype_suffix=suffix)
    splits: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        splits.setdefault(receipt.split, []).append(receipt)
    tfds.folder_dataset.write_metadata(
        data_dir=folder,
        features=pair_features(has_mask),
        split_infos=[
            tfds.core.SplitInfo(
                name=name,
                shard_lengths=[receipt.examples for receipt in of_split],
                num_bytes=sum(receipt.num_bytes for receipt in of_split),
                filename_template=template.replace(split=name),
            )
            for name, of_split in splits.items()
        ],
        version=VERSION,
        filename_template=template,
        description=description(),
        citation=citation(),
        check_data=False,
    )


def split_sizes(folder: Path) -> dict[str, int]:
    """Returns the number of examples of each split, as the metadata says."""
    told = json.loads((folder / "dataset_info.json").read_text())
    return {split["name"]: sum(map(int, split["shardLengths"])) for split in told["splits"]}
