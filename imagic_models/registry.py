"""The shipped models as a person sees them: a list, a card for each, and the act of shipping one."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagic_models.cards import CARDS
from imagic_models.network_file import file_digest, load_keras
from imagic_models.options import ListModelsOptions, ShipModelOptions, ShowModelOptions
from imagic_models.presets import PRESETS, Preset, get_preset
from imagic_models.weights import index
from imaging.errors import ImagicError, MisuseError


@dataclass(frozen=True)
class Listing:
    """Text for the terminal."""

    text: tuple[str, ...]
    exit_code: int = 0

    def lines(self) -> list[str]:
        """Returns the text."""
        return list(self.text)


def list_models(options: ListModelsOptions) -> Listing:
    """Returns one line per preset: name, network, weights, and what it does."""
    shipped = index.entries()
    rows: list[tuple[str, ...]] = [("preset", "network", "parameters", "MB", "what it does")]
    rows += [_row(preset, shipped.get(preset.name)) for preset in PRESETS.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    cells = [[cell.ljust(width) for cell, width in zip(row, widths, strict=False)] for row in rows]
    return Listing(tuple("  ".join([*line, row[-1]]) for line, row in zip(cells, rows, strict=True)))


def show_model(options: ShowModelOptions) -> Listing:
    """Returns the model card of a preset as Markdown; MisuseError for an unknown name."""
    preset, card = get_preset(options.name), CARDS[options.name]
    entry = index.entries().get(preset.name)
    lines = [f"# {preset.name}", "", f"{preset.summary[0].upper()}{preset.summary[1:]}.", ""]
    lines += [f"- network: {preset.architecture}, task: {preset.task}, scale: {preset.scale}"]
    if entry is None:
        lines += [f"- weights: none shipped yet; train them with `train {preset.name}`"]
    else:
        lines += _weights_lines(entry)
    lines += ["", "## Intended use", "", card.intended_use, "", "## Failure modes", ""]
    return Listing((*lines, *(f"- {failure}" for failure in card.failure_modes)))


def ship_model(options: ShipModelOptions) -> Listing:
    """Makes the best model of a run the shipped weights of its preset and returns what was written.

    The weights are rounded to float16, put beside this package with the hashes of the training pictures, and entered
    in the index with what the run records of itself.

    Raises:
        MisuseError: where the folder is no run.
        ImagicError: where the weights are larger than what is shipped.
    """
    run = Path(options.run_dir)
    if not (run / "config.json").is_file() or not (run / "model.keras").is_file():
        raise MisuseError("Shipping takes the folder of a training run", options.run_dir)
    config = json.loads((run / "config.json").read_text())
    name, model = config["preset"], load_keras(run / "model.keras")
    path = index.FOLDER / f"{name}.npz"
    index.pack(model.get_weights(), path)
    if (size := path.stat().st_size) > index.LARGEST_FILE:
        path.unlink()
        raise ImagicError(f"Shipped weights take at most {index.LARGEST_FILE:,} bytes", f"{size:,}", "Lower --width")
    shutil.copyfile(run / "training_images.json", index.FOLDER / f"{name}.training_images.json")
    described = {"scores": list(options.scores), "data": options.data, "licences": options.licences}
    index.enter(name, _entry(config, path, model.count_params(), _last_step(run)) | described)
    return Listing((f"shipped {name}: {path} ({size / 1e6:.1f} MB)",))


def _row(preset: Preset, entry: dict[str, Any] | None) -> tuple[str, ...]:
    if entry is None:
        return (preset.name, preset.architecture, "-", "-", f"{preset.summary} (no weights yet)")
    megabytes = (index.FOLDER / entry["file"]).stat().st_size / 1e6
    return (preset.name, entry["architecture"], f"{entry['parameters']:,}", f"{megabytes:.1f}", preset.summary)


def _weights_lines(entry: dict[str, Any]) -> list[str]:
    training = entry["training"]
    return [
        f"- parameters: {entry['parameters']:,}, settings: {json.dumps(entry['network'])}",
        f"- version: {entry['sha256']} (sha256 of {entry['file']})",
        f"- trained for {training['steps']:,} steps of {training['batch_size']} crops, seed {training['seed']}",
        f"- training pictures: {entry['data']}; {entry['licences']}",
        *(f"- score: {score}" for score in entry["scores"]),
    ]


def _entry(config: dict[str, Any], path: Path, parameters: int, steps: int) -> dict[str, Any]:
    options = config["options"]
    kept = ("batch_size", "crop", "learning_rate", "loss", "optimizer", "schedule", "seed")
    return {
        "file": path.name,
        "sha256": file_digest(path),
        "architecture": config["architecture"],
        "network": config["network"],
        "parameters": parameters,
        "training": {"steps": steps, **{name: options[name] for name in kept}, "recipes": config.get("recipes", {})},
    }


def _last_step(run: Path) -> int:
    """Returns the last step in the run's history."""
    rows = (run / "history.csv").read_text().splitlines()
    return int(rows[-1].split(",")[0])
