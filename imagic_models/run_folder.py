"""The files of one training: config.json, history.csv, checkpoints/, model.keras, training_images.json.

Every file is written beside its place and renamed, so a killed process leaves the previous one whole.
"""

from __future__ import annotations

import csv
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from imagic_models.options import TrainOptions
from imaging.errors import ImagicError, MisuseError

KEPT_CHECKPOINTS = 2
_CORRUPT = (zipfile.BadZipFile, OSError, ValueError, KeyError, EOFError)


class RunFolder:
    """One run's folder.

    Args:
        path: the folder; `make` makes it where missing.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def make(self) -> None:
        """Makes the folder; ImagicError where it cannot be written."""
        try:
            (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
            (self.path / ".writable").touch()
            (self.path / ".writable").unlink()
        except OSError as error:
            raise ImagicError("A run folder can be written", error, "Choose another folder") from None

    @property
    def model_path(self) -> Path:
        """The exported model: the averaged weights that were best on validation."""
        return self.path / "model.keras"

    def write_config(self, options: TrainOptions, extra: Mapping[str, Any]) -> None:
        """Writes what the run was asked for and what its network is built from."""
        self.write_json("config.json", {"options": options.to_json(), **extra})

    def read_config(self) -> dict[str, Any] | None:
        """Returns config.json, or None where the folder holds no run."""
        path = self.path / "config.json"
        return json.loads(path.read_text()) if path.exists() else None

    def write_json(self, name: str, content: Any) -> None:
        """Writes a JSON file whole or not at all."""
        _replace(self.path / name, lambda path: path.write_text(json.dumps(content, indent=1) + "\n"))

    def save_checkpoint(self, step: int, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
        """Writes the checkpoint of a step and removes all but the newest `KEPT_CHECKPOINTS`."""
        packed: dict[str, Any] = dict(arrays) | {"state": np.array(json.dumps(state))}

        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.savez(file, **packed)

        _replace(self._checkpoint(step), write)
        for stale in self._checkpoints()[:-KEPT_CHECKPOINTS]:
            stale.unlink()

    def load_checkpoint(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Returns arrays and state of the newest checkpoint that is whole.

        Raises:
            MisuseError: where there is none.
        """
        for path in reversed(self._checkpoints()):
            try:
                with np.load(path) as archive:
                    arrays = {name: archive[name] for name in archive.files}
                return arrays, json.loads(str(arrays.pop("state")))
            except _CORRUPT:
                continue
        raise MisuseError("resuming needs a checkpoint", self.path, "train without --resume first")

    def write_history(self, rows: list[dict[str, Any]]) -> None:
        """Writes history.csv: one row per validation."""
        columns = list(dict.fromkeys(name for row in rows for name in row))

        def write(path: Path) -> None:
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)

        _replace(self.path / "history.csv", write)

    def save_model(self, model: Any) -> None:
        """Writes model.keras."""
        _replace(self.model_path, model.save)

    def _checkpoint(self, step: int) -> Path:
        return self.path / "checkpoints" / f"step-{step:08d}.npz"

    def _checkpoints(self) -> list[Path]:
        return sorted((self.path / "checkpoints").glob("step-*.npz"))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    write(partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(partial, path)
