"""What runs a network: Keras itself, or OpenVINO, which needs no Keras once its copy of the network is in the cache.

An engine is a callable from the network's inputs, a list of NHWC float32 arrays, to the list of its outputs.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imagic_models.network_file import NetworkFile
from imagic_models.options import ENGINES
from imagic_models.precision import has_matrix_units
from imaging.errors import ImagicError, MisuseError

Engine = Callable[[Sequence[np.ndarray]], list[np.ndarray]]


def start_engine(name: str, network: NetworkFile) -> Engine:
    """Returns an engine that runs the network.

    `auto` takes OpenVINO where it is installed and the processor has bfloat16 matrix units, which halve its time;
    without them TensorFlow was measured to be a quarter faster than OpenVINO.

    Raises:
        MisuseError: for an unknown name, or for `openvino` where it is not installed.
    """
    if name not in ENGINES:
        raise MisuseError(f"An engine is one of {', '.join(ENGINES)}", name)
    installed = importlib.util.find_spec("openvino") is not None
    if name == "openvino" and not installed:
        raise MisuseError("The engine openvino needs its package", name, "pip install 'imagic-restoration[openvino]'")
    if name == "keras" or (name == "auto" and not (installed and has_matrix_units())):
        return KerasEngine(network)
    try:
        return OpenvinoEngine(network)
    except ImagicError:
        raise
    except Exception as error:  # the converter raises many types for layers that it does not know
        if name == "openvino":
            raise ImagicError("OpenVINO can run this network", error, "Use --engine keras") from error
        return KerasEngine(network)


class KerasEngine:
    """Runs the network in Keras, one batch at a time: its threads already fill the machine.

    Args:
        network: what to run.
    """

    def __init__(self, network: NetworkFile) -> None:
        self._model = network.build()
        self._lock = threading.Lock()

    def __call__(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Returns the network's outputs."""
        with self._lock:
            outputs = self._model.predict_on_batch(inputs[0] if len(inputs) == 1 else list(inputs))
        return [np.asarray(output, np.float32) for output in _listed(outputs)]


class OpenvinoEngine:
    """Runs the network in OpenVINO, in bfloat16 where the processor has matrix units for it.

    The converted network is kept in the user's cache under the sha256 of its weights and OpenVINO's version.

    Args:
        network: what to run.
        precision: OpenVINO element type of the arithmetic, "f32" or "bf16"; None for the faster one here.
    """

    def __init__(self, network: NetworkFile, precision: str | None = None) -> None:
        import openvino

        folder = _cached(network)
        # Left to itself OpenVINO takes bfloat16 also without matrix units, where it took twice as long.
        precision = precision or ("bf16" if has_matrix_units() else "f32")
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
        self._model = openvino.Core().compile_model(str(folder / "model.xml"), "CPU", settings)
        self._lock = threading.Lock()

    def __call__(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Returns the network's outputs."""
        with self._lock:
            results = self._model([np.ascontiguousarray(array, np.float32) for array in inputs])
            return [np.array(results[number]) for number in range(len(self._model.outputs))]


def cache_folder() -> Path:
    """Returns the folder of converted networks: $XDG_CACHE_HOME/imagic, by default ~/.cache/imagic."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "imagic" / "openvino"


def _cached(network: NetworkFile) -> Path:
    """Returns the folder with the converted network, after converting it where it is not in the cache."""
    version = importlib.metadata.version("openvino")
    place = cache_folder() / f"{network.version}-{version}"
    if (place / "model.xml").exists():
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=place.parent))
    except OSError:  # no cache may be written here: convert for this process alone
        place = partial = Path(tempfile.mkdtemp(prefix="imagic-openvino-"))
    try:
        network.build().export(str(partial / "model.xml"), format="openvino", verbose=False)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return _moved(partial, place)


def _moved(partial: Path, place: Path) -> Path:
    try:
        os.replace(partial, place)
    except OSError:  # another process was faster: its copy is the same
        shutil.rmtree(partial, ignore_errors=True)
    return place


def _listed(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]
