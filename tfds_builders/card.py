"""The papers of a dataset: a README with a contact sheet, credit lines, the recipe, and Croissant metadata.

Everything here follows from plan and receipts, so that equal builds have equal papers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imaging.recipes import Recipe
from pipelines.dataset.options import DATASET_NAME, VERSION, BuildOptions
from pipelines.dataset.plan import Plan, PlannedImage, Rejection
from pipelines.dataset.workspace import Receipt
from tfds_builders.contact_sheet import sheet_of, write_sheet
from tfds_builders.croissant import write_croissant

SHEET, CREDITS = "contact_sheet.jpg", "ATTRIBUTION.md"
_NOT_STATED = "not stated"


@dataclass(frozen=True)
class Built:
    """What the papers are about.

    Attributes:
        folder: of the dataset.
        plan: that it followed.
        receipts: of all shards.
        rejections: all inputs that gave no example.
        recipe, options: as asked for.
    """

    folder: Path
    plan: Plan
    receipts: Sequence[Receipt]
    rejections: Sequence[Rejection]
    recipe: Recipe
    options: BuildOptions

    @property
    def images(self) -> list[PlannedImage]:
        """The pictures that gave examples."""
        failed = {rejection.key for rejection in self.rejections}
        return [image for shard in self.plan.shards for image in shard.images if image.key not in failed]


def write_card(built: Built) -> None:
    """Writes README.md, contact sheet, recipe.json, croissant.json and, when a licence asks for it, ATTRIBUTION.md."""
    images = built.images
    write_sheet(sheet_of(images, built.recipe, built.options), built.folder / SHEET)
    (built.folder / "recipe.json").write_text(built.recipe.model_dump_json(indent=1) + "\n")
    credited = sorted((image for image in images if needs_credit(image.licence)), key=lambda image: image.key)
    if credited:
        (built.folder / CREDITS).write_text(_credits(credited), encoding="utf-8")
    (built.folder / "README.md").write_text("\n".join(_readme(built, images, bool(credited))) + "\n", encoding="utf-8")
    write_croissant(built.folder, built.recipe, built.receipts, Counter(image.licence for image in images))


def needs_credit(licence: str) -> bool:
    """Whether a licence asks for the credit line beside the picture."""
    return licence.upper().startswith("CC-BY")


def _credits(images: Iterable[PlannedImage]) -> str:
    lines = [f"- {_line(image.attribution) or _NOT_STATED} ({image.licence}; `{_line(image.key)}`)" for image in images]
    return "\n".join(["# Credits", "", "These pictures may be passed on only with their credit line.", "", *lines, ""])


def _readme(built: Built, images: Sequence[PlannedImage], credited: bool) -> list[str]:
    name = f"{DATASET_NAME}/{built.recipe.name}"
    credit = [f"Credit lines that must accompany the pictures: [{CREDITS}]({CREDITS})", ""] if credited else []
    reasons = Counter(rejection.reason for rejection in built.rejections)
    return [
        f"# {name} {VERSION}",
        "",
        built.recipe.summary,
        "",
        f"![clean and degraded, side by side at full size]({SHEET})",
        "",
        *_table("Split", _split_rows(built.receipts), ("Examples", "Shards", "MB")),
        *_table("Licence", _counted(image.licence for image in images), ("Pictures",)),
        *credit,
        *_table("Source", _counted(image.source for image in images), ("Pictures",)),
        *(
            _table("Left out because", sorted((k, (str(v),)) for k, v in reasons.items()), ("Pictures",))
            if reasons
            else []
        ),
        "## How it was made",
        "",
        *(f"- {key}: `{value}`" for key, value in built.plan.identity.items()),
        "",
        "The recipe is in `recipe.json`; every example's `trace` replays its degradation:",
        "",
        *_code(built, name),
    ]


def _code(built: Built, name: str) -> list[str]:
    read = {
        "tfrecord": f'pairs = tfds.load("{name}", data_dir=DATA_DIR, split="train")',
        "array_record": f'pairs = tfds.data_source("{name}", data_dir=DATA_DIR, split="train")',
    }[built.options.format]
    return ["```python", "import tensorflow_datasets as tfds", "", read, "```"]


def _split_rows(receipts: Sequence[Receipt]) -> list[tuple[str, tuple[str, ...]]]:
    splits: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        splits.setdefault(receipt.split, []).append(receipt)
    return [
        (split, (f"{sum(r.examples for r in of):,}", str(len(of)), f"{sum(r.file_bytes for r in of) / 1e6:,.1f}"))
        for split, of in splits.items()
    ]


def _counted(values: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    counts = Counter(value or _NOT_STATED for value in values)
    return [(value, (f"{count:,}",)) for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]


def _table(head: str, rows: Iterable[tuple[str, tuple[str, ...]]], columns: tuple[str, ...]) -> list[str]:
    lines = [f"| {head} | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    return lines + [f"| {_line(name)} | {' | '.join(cells)} |" for name, cells in rows] + [""]


def _line(text: str) -> str:
    """Returns text on one line that does not end a table cell."""
    return " ".join(text.split()).replace("|", "\\|")
