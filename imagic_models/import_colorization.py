"""Turns the published weights of "Colorful Image Colorization" into a model that `load_restorer` takes.

The description (.prototxt) is compared layer by layer with our own `colornet`; the weights (.caffemodel) are put into
it; the colours that it chooses from come from the published list of bins (.npy).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imagic_models.caffe import CaffeLayer, read_caffemodel, read_prototxt
from imagic_models.options import ImportColorizationOptions
from imagic_models.run_folder import RunFolder
from imaging.errors import ImagicError, MisuseError

if TYPE_CHECKING:
    import keras

FIRST_LAYER = "bw_conv1_1"  # the description's name of our conv1_1
SHARPENING_LAYER = "conv8_313_rh"  # scales the scores before the softmax
READOUT_LAYER = "class8_ab"  # the bins: filled in by the program that uses the network, as published


@dataclass(frozen=True)
class ImportReport:
    """What was imported: the folder and the number of weights."""

    out: str
    parameters: int
    exit_code: int = 0

    def lines(self) -> list[str]:
        """Returns the report for the terminal."""
        return [f"imported {self.parameters:,} weights; use it by its folder: {self.out}"]


def import_colorization(options: ImportColorizationOptions) -> ImportReport:
    """Writes a run folder with the imported network and returns what was imported.

    Raises:
        MisuseError: for a missing file, or an output folder that holds a run.
        ImagicError: for files that are not those of this network.
    """
    description = {
        _ours(layer["name"]): layer for layer in read_prototxt(_read(options.prototxt).decode("utf-8", "replace"))
    }
    weights = {_ours(name): layer for name, layer in read_caffemodel(_read(options.caffemodel)).items()}
    bins = _bins(Path(options.bins))
    folder = RunFolder(options.out)
    if folder.read_config() is not None:
        raise MisuseError("An import writes a new folder", options.out, "Choose another --out")
    network = _network_settings(description, bins)

    from imagic_models.architectures import build_network, colornet

    model = build_network("colornet", **network)
    _compare(model, description)
    _fill(model, weights)
    colornet.set_bins(model, bins)
    folder.make()
    folder.save_model(model)
    folder.write_json("config.json", {"preset": "colorize", "architecture": "colornet", "network": network})
    return ImportReport(options.out, model.count_params())


def _network_settings(description: Mapping[str, Mapping[str, Any]], bins: np.ndarray) -> dict[str, Any]:
    """Returns the keyword arguments of `colornet` that the description implies."""
    try:
        width = description["conv1_1"]["convolution_param"]["num_output"]
        sharpness = description[SHARPENING_LAYER]["scale_param"]["filler"]["value"]
    except (KeyError, TypeError) as error:
        raise ImagicError(f"The description has the layers {FIRST_LAYER} and {SHARPENING_LAYER}", error) from None
    return {"width": int(width), "bins": len(bins), "sharpness": float(sharpness)}


def _compare(model: keras.Model, description: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises ImagicError where a convolution of the description is not the one of our network."""
    kinds = ("Convolution", "Deconvolution")
    theirs = {name: layer for name, layer in description.items() if layer["type"] in kinds and name != READOUT_LAYER}
    ours = {layer.name: layer for layer in model.layers if layer.name.startswith("conv") and layer.weights}
    ours = {name: layer for name, layer in ours.items() if not name.endswith("norm")}
    if theirs.keys() != ours.keys():
        raise ImagicError("The description lists the convolutions of colornet", sorted(theirs.keys() ^ ours.keys()))
    for name, layer in ours.items():
        asked = theirs[name]["convolution_param"]
        mine = (layer.filters, layer.kernel_size[0], layer.strides[0], layer.dilation_rate[0])
        given = (asked["num_output"], asked["kernel_size"], asked.get("stride", 1), asked.get("dilation", 1))
        if mine != given:
            raise ImagicError(f"{name} has (outputs, kernel, stride, dilation) {mine}", given, "Use the v2 description")


def _fill(model: keras.Model, weights: Mapping[str, CaffeLayer]) -> None:
    """Puts the weights of the caffemodel into the layers of the same names."""
    for layer in model.layers:
        if not layer.weights or layer.name == "colours":
            continue
        if layer.name not in weights:
            raise ImagicError("The caffemodel has weights for every layer", f"none for {layer.name}")
        arrays = _converted(layer.name, weights[layer.name])
        expected = [tuple(variable.shape) for variable in layer.weights]
        if [array.shape for array in arrays] != expected:
            raise ImagicError(
                f"The weights of {layer.name} are of shapes {expected}", [array.shape for array in arrays]
            )
        layer.set_weights(arrays)


def _converted(name: str, layer: CaffeLayer) -> list[np.ndarray]:
    """Returns a layer's weights in Keras' order of axes."""
    if name.endswith("norm"):
        mean, variance, factor = layer.blobs
        # Caffe keeps running sums and the factor to divide them by; 0 means that nothing was summed.
        by = 1.0 / float(factor.ravel()[0]) if factor.ravel()[0] else 0.0
        return [mean.ravel() * by, variance.ravel() * by]
    kernel, bias = layer.blobs
    # (out, in, h, w) to (h, w, in, out); a deconvolution's (in, out, h, w) to (h, w, out, in): the same exchange.
    return [np.transpose(kernel, (2, 3, 1, 0)), bias.ravel()]


def _ours(name: str) -> str:
    return name.removeprefix("bw_") if name == FIRST_LAYER else name


def _bins(path: Path) -> np.ndarray:
    _read(str(path))
    try:
        bins = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise ImagicError("The bins are a NumPy array of ab values", error) from None
    if bins.ndim != 2 or bins.shape[1] != 2:
        raise ImagicError("The bins are an array of shape (bins, 2)", bins.shape)
    return bins.astype(np.float32)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise MisuseError("The three files of the network can be read", f"{path}: {error.strerror}") from None
