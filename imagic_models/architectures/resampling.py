"""Layers that enlarge feature maps of any size."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("imagic")
class PixelShuffle(keras.layers.Layer):
    """Moves groups of scale * scale channels to the pixels of a picture `scale` times as large.

    Channel c * scale^2 + i * scale + j of an input pixel becomes channel c at row offset i and column offset j.

    Args:
        scale: factor of height and width, at least 1.

    References:
        W. Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional
        Neural Network", CVPR 2016, equation 4.
    """

    def __init__(self, scale: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.scale = scale

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the enlarged picture."""
        batch, height, width, channels = ops.shape(inputs)
        scale, kept = self.scale, channels // self.scale**2
        grid = ops.reshape(inputs, (batch, height, width, kept, scale, scale))
        grid = ops.transpose(grid, (0, 1, 4, 2, 5, 3))
        return ops.reshape(grid, (batch, height * scale, width * scale, kept))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns NHWC, where None is unknown."""
        batch, height, width, channels = input_shape
        larger = (None if side is None else side * self.scale for side in (height, width))
        return (batch, *larger, (channels or 0) // self.scale**2)

    def get_config(self) -> dict[str, Any]:
        """Returns what the layer is rebuilt from."""
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable("imagic")
class Doubling(keras.layers.Layer):
    """Doubles height and width by linear interpolation between pixel centres; border pixels are repeated.

    Keras' own bilinear UpSampling2D does not accept pictures of unknown size in a TensorFlow graph.
    """

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the enlarged feature maps."""
        return _doubled(_doubled(inputs, 1), 2)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns NHWC, where None is unknown."""
        batch, height, width, channels = input_shape
        larger = (None if side is None else side * 2 for side in (height, width))
        return (batch, *larger, channels)


def _doubled(picture: keras.KerasTensor, axis: int) -> keras.KerasTensor:
    """Doubles one axis: each pixel gives two, a quarter of the way to its neighbours."""
    first, last = (slice(None),) * axis + (slice(0, 1),), (slice(None),) * axis + (slice(-1, None),)
    head, tail = (slice(None),) * axis + (slice(None, -1),), (slice(None),) * axis + (slice(1, None),)
    before = ops.concatenate([picture[first], picture[head]], axis=axis)
    after = ops.concatenate([picture[tail], picture[last]], axis=axis)
    pairs = ops.stack([0.75 * picture + 0.25 * before, 0.75 * picture + 0.25 * after], axis=axis + 1)
    shape = list(ops.shape(picture))
    shape[axis] = shape[axis] * 2
    return ops.reshape(pairs, shape)
