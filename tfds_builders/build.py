"""The build-dataset job as one function: list, scan, plan, write the shards, then the metadata and the card."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from imaging.errors import ImagicError
from imaging.files import find_images
from imaging.recipes import Recipe, get_recipe
from pipelines.check import check_runner
from pipelines.dataset.options import DATASET_NAME, VERSION, BuildOptions
from pipelines.dataset.plan import Plan, Rejection, make_plan
from pipelines.dataset.progress import Budget, Watch
from pipelines.dataset.scan import Scanned, scan
from pipelines.dataset.sources import Listed, list_pictures, printable
from pipelines.dataset.workspace import Receipt, Workspace, locked
from pipelines.storage import address, made_here, place
from tfds_builders.report import BuildReport, DatasetReport

__all__ = ["BuildOptions", "BuildReport", "build_dataset"]


def build_dataset(options: BuildOptions) -> BuildReport:
    """Builds one dataset per recipe, or continues where an interrupted build stopped.

    Args:
        options: what from what; see `BuildOptions`.

    Returns:
        What was made. Pictures that could not be used are in it and in each folder's `failures.jsonl`.

    Raises:
        MisuseError: an option is wrong.
        ImagicError: nothing can be built from the input, or the job failed.
    """
    if not options.dry_run:
        check_runner(options.runner_options(), (options.images, options.data_dir))
    recipes = [get_recipe(name) for name in options.recipes]
    scanned, excluded = look_at_inputs(options)
    make = _estimated if options.dry_run else _built
    return BuildReport(
        tuple(
            make(make_plan(scanned, options, (recipe.name, recipe.digest), excluded), name, recipe, options)
            for name, recipe in zip(options.recipes, recipes, strict=True)
        )
    )


def dataset_folder(data_dir: str, name: str) -> Path:
    """Returns where TFDS looks for the dataset of that name, which is its recipe's unless it was given another."""
    return place(data_dir) / DATASET_NAME / name / VERSION


def look_at_inputs(options: BuildOptions) -> tuple[list[Scanned], list[Scanned]]:
    """Lists and scans the pictures of the input, and those of the folders to keep away from."""
    cache = place(options.data_dir) / DATASET_NAME / ".originals"
    scanned = _scanned(list_pictures(options.images, cache), options, "looking")
    away: list[Listed] = []
    for folder in options.exclude:
        found = find_images(Path(folder))
        if not found:
            raise ImagicError("A folder to keep away from has pictures", folder, "Correct --exclude")
        away += [Listed(printable(str(path)), str(path)) for path in found]
    return scanned, _scanned(away, options, "looking at excluded")


def _scanned(listed: Sequence[Listed], options: BuildOptions, title: str) -> list[Scanned]:
    looked = scan(listed, max_pixels=options.max_pixels, workers=options.workers)
    shown = options.progress and len(listed) > 0
    return list(tqdm(looked, desc=title, total=len(listed), unit=" images", disable=not shown))


def _built(plan: Plan, name: str, recipe: Recipe, options: BuildOptions) -> DatasetReport:
    workspace = Workspace(dataset_folder(options.data_dir, options.name or recipe.name))
    with locked(workspace):
        workspace.store_plan(plan, _portable(name), options)
        kept = [shard.name for shard in plan.shards if workspace.verified(shard)]
        started = time.monotonic()
        _write_missing(workspace, plan, kept, recipe.name, options)
        seconds = time.monotonic() - started
        receipts, rejections = _settled(workspace, plan)
        from tfds_builders.card import Built, write_card
        from tfds_builders.features import split_sizes, write_metadata

        with made_here(workspace.folder, [receipt.shard for receipt in receipts]) as folder:
            _write_failures(folder, rejections)
            write_card(Built(folder, plan, receipts, rejections, recipe, options))
            write_metadata(folder, receipts, recipe.masks)  # last: what TFDS can load is complete
        return DatasetReport(
            recipe.name,
            workspace.folder,
            split_sizes(workspace.folder),
            plan.inputs,
            sum(receipt.images for receipt in receipts),
            rejections,
            len(receipts),
            len(kept),
            sum(receipt.file_bytes for receipt in receipts),
            seconds,
        )


def _write_missing(workspace: Workspace, plan: Plan, kept: Sequence[str], title: str, options: BuildOptions) -> None:
    """Writes the shards that no receipt vouches for.

    Raises:
        ImagicError: nothing is left to write, the job failed, or too many pictures did.
    """
    if not plan.shards:
        reasons = ", ".join(sorted({rejection.reason for rejection in plan.rejections}))
        raise ImagicError("At least one picture must be usable", f"{plan.inputs} pictures, all {reasons}")
    missing = [shard for shard in plan.shards if shard.name not in kept]
    budget = Budget(options.failure_limit, plan.inputs, _failed_before(workspace, plan, kept))
    budget.check(0)
    if not missing:
        return
    from pipelines.dataset.job import write_shards

    total = sum(len(shard.images) for shard in missing)
    names = [shard.name for shard in missing]
    for name in names:  # a file without a receipt that fits is no file of ours
        (workspace.folder / name).unlink(missing_ok=True)
    with Watch(workspace, total, title, budget, options.progress):
        write_shards(workspace.folder, names, options.runner_options())
    if reason := workspace.stop_reason():
        raise reason


def _failed_before(workspace: Workspace, plan: Plan, kept: Sequence[str]) -> int:
    receipts = [receipt for name in kept if (receipt := workspace.receipt(name))]
    rejections = [*plan.rejections, *(failure for receipt in receipts for failure in receipt.failures)]
    return sum(rejection.failed for rejection in rejections)


def _settled(workspace: Workspace, plan: Plan) -> tuple[list[Receipt], tuple[Rejection, ...]]:
    """Returns all receipts and rejections, after checking that they account for every input.

    Raises:
        ImagicError: a shard has no receipt, or the counts do not add up.
    """
    receipts = [receipt for shard in plan.shards if (receipt := workspace.receipt(shard.name))]
    failures = [failure for receipt in receipts for failure in receipt.failures]
    rejections = tuple(sorted([*plan.rejections, *failures], key=lambda rejection: rejection.key))
    accounted = sum(receipt.images for receipt in receipts) + len(rejections)
    if len(receipts) != len(plan.shards) or accounted != plan.inputs:
        raise ImagicError(
            "Every input must end in a shard or in failures.jsonl",
            f"{accounted} of {plan.inputs} inputs, {len(receipts)} of {len(plan.shards)} shards",
            "Start the build again",
        )
    return receipts, rejections


def _write_failures(folder: Path, rejections: Sequence[Rejection]) -> None:
    lines = [json.dumps(asdict(rejection), ensure_ascii=True) for rejection in rejections]
    (folder / "failures.jsonl").write_text("".join(f"{line}\n" for line in lines))


def _portable(name: str) -> str:
    """Returns a recipe's name, or its file's whole path: workers may start in another folder."""
    return str(Path(name).resolve()) if name.endswith((".yaml", ".yml")) else name


def _estimated(plan: Plan, name: str, recipe: Recipe, options: BuildOptions) -> DatasetReport:
    from pipelines.dataset.job import add_steps
    from pipelines.rehearsal import rehearse_on
    from tfds_builders.estimate import estimate

    folder = dataset_folder(options.data_dir, options.name or recipe.name)
    lines = [
        *estimate(plan, recipe, options),
        *rehearse_on(options.runner_options(), lambda pipeline: add_steps(pipeline, address(folder))),
    ]
    return DatasetReport(recipe.name, folder, {}, plan.inputs, plan.planned, plan.rejections, estimate=tuple(lines))
