"""A trained network at rest: which file holds it, what it is, and how to build it.

Three kinds of file are known: the weights of a shipped preset (float16 arrays beside this package), a run folder of
the trainer, and a bare `.keras` file from anywhere. A bare file is loaded in Keras' safe mode only, which runs no code
out of the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imagic_models.presets import PRESETS
from imagic_models.weights import index
from imaging.errors import ImagicError, MisuseError

if TYPE_CHECKING:
    import keras

UNKNOWN_MULTIPLE = 32  # input sides of a bare file are padded to this: enough for five halvings


@dataclass(frozen=True)
class NetworkFile:
    """One trained network.

    Attributes:
        preset: name of its preset; the file's stem where it has none.
        version: sha256 of the file, hexadecimal.
        build: returns the float32 network with its weights; imports Keras.
        multiple: what height and width of its input must be multiples of.
    """

    preset: str
    version: str
    build: Callable[[], keras.Model]
    multiple: int


def find_network(source: str | Path) -> NetworkFile:
    """Returns the network of a preset name, a run folder or a `.keras` file.

    Raises:
        MisuseError: for anything else, and for a preset that has no weights yet.
        ImagicError: where shipped weights are not the ones that were shipped.
    """
    path = Path(source)
    if str(source) in PRESETS:
        return shipped_network(str(source))
    if (path / "config.json").is_file() and (path / "model.keras").is_file():
        return _run_network(path)
    if path.suffix == ".keras" and path.is_file():
        return _bare_network(path)
    raise MisuseError(
        f"A model is a preset ({', '.join(PRESETS)}), the folder of a training run, or a .keras file",
        source,
        "See `models list`",
    )


def shipped_network(name: str) -> NetworkFile:
    """Returns the network of a shipped preset after verifying its weights."""
    entry = index.entries().get(name)
    if entry is None:
        raise MisuseError(
            "A preset is used with its shipped weights", name, f"It has none yet; train it: train {name} --run-dir RUN"
        )
    path = index.FOLDER / entry["file"]
    version = file_digest(path)
    if version != entry["sha256"]:
        raise ImagicError(
            f"The weights of {name} are the file whose sha256 is {entry['sha256']}", version, "Reinstall the package"
        )

    def build() -> keras.Model:
        return unpacked(path, entry["architecture"], entry["network"])

    return NetworkFile(name, version, build, _multiple(entry["architecture"], entry["network"]))


def unpacked(path: Path, architecture: str, network: dict[str, Any]) -> keras.Model:
    """Returns the network with the weights that `index.pack` wrote, as float32."""
    from imagic_models.architectures import build_network

    model = build_network(architecture, **network)
    with np.load(path, allow_pickle=False) as archive:
        model.set_weights([archive[f"{number:04d}"].astype(np.float32) for number in range(len(archive.files))])
    return model


def file_digest(path: Path) -> str:
    """Returns the sha256 of a file, hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ImagicError("The model's file can be read", error, "Check the path and its permissions") from None


def load_keras(path: Path) -> keras.Model:
    """Returns the model of a `.keras` file, in safe mode; ImagicError where it is none."""
    import keras

    from imagic_models.architectures import resampling  # noqa: F401  registers the layer for loading

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many types for a damaged or unsafe file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ImagicError(
            "A .keras file holds a Keras 3 model that needs no code of its own", f"{path}: {reason}", "Check the file"
        ) from None


def _run_network(path: Path) -> NetworkFile:
    try:
        config = json.loads((path / "config.json").read_text())
        architecture, network = config["architecture"], config["network"]
        multiple = _multiple(architecture, network)
    except (ValueError, KeyError) as error:
        raise ImagicError("A run folder's config.json names preset, architecture and network", error) from None
    model = path / "model.keras"
    return NetworkFile(config["preset"], file_digest(model), lambda: load_keras(model), multiple)


def _bare_network(path: Path) -> NetworkFile:
    return NetworkFile(path.stem, file_digest(path), lambda: load_keras(path), UNKNOWN_MULTIPLE)


def _multiple(architecture: str, network: dict[str, Any]) -> int:
    from imagic_models.architectures import size_multiple

    return size_multiple(architecture, **network)
