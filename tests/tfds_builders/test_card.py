import json
import re
from collections import Counter

import cv2
import mlcroissant
import numpy as np
import pytest

from crawler.manifest import ManifestRow, write_parquet
from imaging.recipes import get_recipe, parse_recipe
from tfds_builders.build import build_dataset

LICENCES = ["CC0-1.0"] * 6 + ["CC-BY-4.0"] * 4 + ["LicenseRef-PDM-1.0"] * 2


@pytest.fixture
def folder(options, tmp_path, pictures):
    rows = [
        ManifestRow(f"{i:064x}", f"in/{i:04d}.png", "met", str(i), licence=licence, attribution=f"Painter\n| {i}")
        for i, licence in enumerate(LICENCES)
    ]
    write_parquet([*rows, ManifestRow("f" * 64, "in/gone.png", "met", "x")], tmp_path / "manifest.parquet")
    return build_dataset(options(images=str(tmp_path), recipes=("art-restoration",))).datasets[0].folder


def test_the_papers_of_a_dataset(folder):
    for check in (counts_pictures, credits_what_must_be_credited, shows_pictures, keeps_the_recipe, is_croissant):
        check(folder)


def counts_pictures(folder):
    card = (folder / "README.md").read_text()
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", card, re.MULTILINE))
    assert {name: int(rows[name]) for name in set(LICENCES)} == dict(Counter(LICENCES))
    assert (rows["met"], rows["missing"]) == ("12", "1")
    assert all(f"| {split} |" in card for split in ("train", "validation", "test"))
    assert get_recipe("art-restoration").digest in card


def credits_what_must_be_credited(folder):
    credits = (folder / "ATTRIBUTION.md").read_text()
    assert sorted(re.findall(r"Painter .. (\d+)", credits)) == ["6", "7", "8", "9"]


def shows_pictures(folder):
    sheet = cv2.imread(str(folder / "contact_sheet.jpg"))
    assert min(sheet.shape[:2]) > 400
    assert np.ptp(sheet) > 100


def keeps_the_recipe(folder):
    kept = json.loads((folder / "recipe.json").read_text())
    assert parse_recipe(kept).digest == get_recipe("art-restoration").digest


def is_croissant(folder):
    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert not dataset.metadata.issues.errors
    assert not dataset.metadata.issues.warnings
    assert [record["splits/name"] for record in dataset.records("splits")] == ["train", "validation", "test"]
    receipts = {path.name: path for path in folder.glob("restoration_pairs-*")}
    assert {file.name for file in dataset.metadata.distribution} == set(receipts)


def test_pictures_without_licence_are_counted_as_such(options):
    folder = build_dataset(options()).datasets[0].folder
    assert "| not stated | 12 |" in (folder / "README.md").read_text()
    assert not (folder / "ATTRIBUTION.md").exists()


def test_super_resolution_has_a_sheet_with_pictures_of_one_size(options):
    folder = build_dataset(options(recipes=("super-resolution-x4",))).datasets[0].folder
    assert np.ptp(cv2.imread(str(folder / "contact_sheet.jpg"))) > 100
