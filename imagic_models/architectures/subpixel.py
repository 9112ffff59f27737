"""Super-resolution: residual features at low resolution, then channels become pixels.

The network adds what a nearest-neighbour enlargement lacks; all convolutions run on the small picture.

References:
    B. Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017, figure 3 (residual
    blocks without normalisation, one long skip).
    W. Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional
    Neural Network", CVPR 2016.
"""

from __future__ import annotations

import keras
from keras import layers

from imagic_models.architectures.resampling import PixelShuffle


def build(
    *, scale: int = 2, width: int = 64, blocks: int = 12, channels: int = 3, dtype: str = "float32"
) -> keras.Model:
    """Returns the network; any input size, output `scale` times as large.

    The receptive field is 4 * blocks + 7 pixels of the small picture: two convolutions a block, three outside.

    Args:
        scale: enlargement of height and width.
        width: channels of the features.
        blocks: residual blocks.
        channels: channels of the picture, NHWC float32 in [0, 1].
        dtype: Keras dtype policy of the layers; the output is float32.
    """
    image = keras.Input((None, None, channels), name="image")
    head = _convolution(image, width, dtype)
    x = head
    for _ in range(blocks):
        inner = layers.ReLU(dtype=dtype)(_convolution(x, width, dtype))
        x = layers.Add(dtype=dtype)([x, _convolution(inner, width, dtype, gain=0.1)])
    x = layers.Add(dtype=dtype)([head, _convolution(x, width, dtype, gain=0.1)])
    detail = PixelShuffle(scale, dtype=dtype)(_convolution(x, channels * scale**2, dtype, gain=0.1))
    base = layers.UpSampling2D(scale, dtype="float32")(image)
    return keras.Model(image, layers.Add(dtype="float32", name="restored")([base, detail]), name="subpixel")


def multiple(**shape: object) -> int:
    """Returns 1: no halvings."""
    return 1


def _convolution(x: keras.KerasTensor, channels: int, dtype: str, gain: float = 2.0) -> keras.KerasTensor:
    start = keras.initializers.VarianceScaling(gain)
    return layers.Conv2D(channels, 3, padding="same", kernel_initializer=start, dtype=dtype)(x)
