"""Colours from lightness as a classification over a grid of colours, read out by an annealed mean.

With `width=64` and no hints this is the published network, layer for layer; `imagic_models.import_colorization` fills
it with the published weights.

References:
    R. Zhang, P. Isola and A. A. Efros, "Colorful Image Colorization", ECCV 2016: section 2.1 (313 bins of ab on a grid
    of 10), section 2.3 equation 5 (annealed mean).
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import keras
import numpy as np
from keras import layers

from imagic_models.architectures.resampling import Doubling
from imagic_models.colour import COLOUR_SCALE, LIGHTNESS_SCALE

SHARPNESS = 2.606  # of the softmax: the inverse of the paper's temperature 0.38, as its published network has it
BIN_SPACING = 10  # between neighbouring bins, in CIE Lab units
LIGHTNESS_CENTRE = 50.0  # subtracted from L in 0..100 before the first convolution, as published

# name: (channels in units of `width`, stride, dilation) of each convolution; a normalisation closes each group.
_GROUPS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "conv1": ((1, 1, 1), (1, 2, 1)),
    "conv2": ((2, 1, 1), (2, 2, 1)),
    "conv3": ((4, 1, 1), (4, 1, 1), (4, 2, 1)),
    "conv4": ((8, 1, 1), (8, 1, 1), (8, 1, 1)),
    "conv5": ((8, 1, 2), (8, 1, 2), (8, 1, 2)),
    "conv6": ((8, 1, 2), (8, 1, 2), (8, 1, 2)),
    "conv7": ((8, 1, 1), (8, 1, 1), (8, 1, 1)),
}


def build(
    *,
    width: int = 64,
    hint_channels: int = 0,
    bins: int = 0,
    sharpness: float = SHARPNESS,
    dtype: str = "float32",
) -> keras.Model:
    """Returns the network; height and width of its input must be multiples of 8.

    Its inputs are lightness, NHW1 in [0, 1], and perhaps a colour hint; its outputs are the colours, NHW2 float32 in
    units of `COLOUR_SCALE`, and the scores of the bins before the softmax, at a quarter of the resolution.

    Args:
        width: channels at full resolution.
        hint_channels: 3 to take colour points (a, b, known), 0 for none.
        bins: number of colours, 0 for all of `colour_bins`; other sets are put in by `set_bins`.
        sharpness: factor of the scores before the softmax; more takes likelier, livelier colours.
        dtype: Keras dtype policy of the layers; the outputs are float32.
    """
    lightness = keras.Input((None, None, 1), name="lightness")
    hint = keras.Input((None, None, hint_channels), name="hint") if hint_channels else None
    grid = colour_bins()
    x = layers.Rescaling(LIGHTNESS_SCALE, -LIGHTNESS_CENTRE, dtype="float32")(lightness)
    if hint is not None:
        x = layers.Concatenate(dtype="float32")([x, layers.Rescaling(COLOUR_SCALE, dtype="float32")(hint)])
    for group, convolutions in _GROUPS.items():
        for number, (factor, stride, dilation) in enumerate(convolutions, 1):
            x = _convolution(x, factor * width, f"{group}_{number}", stride, dilation, dtype)
        x = _normalised(x, f"{group}_{len(convolutions)}norm", dtype)
    x = layers.Conv2DTranspose(4 * width, 4, strides=2, padding="same", dtype=dtype, name="conv8_1")(x)
    x = layers.ReLU(dtype=dtype)(x)
    for number in (2, 3):
        x = _convolution(x, 4 * width, f"conv8_{number}", 1, 1, dtype)
    scores = layers.Conv2D(bins or len(grid), 1, dtype="float32", name="conv8_313")(x)
    odds = layers.Softmax(dtype="float32")(layers.Rescaling(sharpness, dtype="float32")(scores))
    small = layers.Conv2D(2, 1, use_bias=False, trainable=False, dtype="float32", name="colours")(odds)
    colour = Doubling(dtype="float32", name="restored")(Doubling(dtype="float32")(small))
    model = keras.Model(lightness if hint is None else [lightness, hint], [colour, scores], name="colornet")
    if bins in (0, len(grid)):
        set_bins(model, grid)
    return model


def multiple(**shape: object) -> int:
    """Returns 8: three halvings."""
    return 8


def set_bins(model: keras.Model, bins: np.ndarray) -> None:
    """Sets the colours that the network chooses from: ab values, (bins, 2), in CIE Lab units."""
    model.get_layer("colours").set_weights([(bins / COLOUR_SCALE).astype(np.float32)[None, None]])


@lru_cache(maxsize=1)
def colour_bins() -> np.ndarray:
    """Returns the ab values, (N, 2) float32, of the grid points that are nearest to some colour of sRGB."""
    levels = np.linspace(0, 1, 52, dtype=np.float32)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    colours = cv2.cvtColor(cube, cv2.COLOR_RGB2Lab)[0, :, 1:]
    return np.unique(np.rint(colours / BIN_SPACING), axis=0).astype(np.float32) * BIN_SPACING


def _convolution(
    x: keras.KerasTensor, channels: int, name: str, stride: int, dilation: int, dtype: str
) -> keras.KerasTensor:
    """Appends a rectified 3x3 convolution whose window is centred also where it strides, as in Caffe."""
    if stride > 1:
        x = layers.ZeroPadding2D(1, dtype=dtype)(x)
    x = layers.Conv2D(
        channels,
        3,
        strides=stride,
        dilation_rate=dilation,
        padding="valid" if stride > 1 else "same",
        kernel_initializer="he_normal",
        dtype=dtype,
        name=name,
    )(x)
    return layers.ReLU(dtype=dtype)(x)


def _normalised(x: keras.KerasTensor, name: str, dtype: str) -> keras.KerasTensor:
    """Appends a batch normalisation without scale and shift, which the published network has none of."""
    return layers.BatchNormalization(center=False, scale=False, epsilon=1e-5, dtype=dtype, name=name)(x)
