"""A U-Net from the four classical layers: convolution, max-pooling, nearest up-sampling and concatenation.

Slower and coarser than `unet`, but every layer is one that any Keras beginner knows: the network to read first, and
the shape of the art-restoration autoencoder that this project grew from.

References:
    O. Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015, figure 1.
"""

from __future__ import annotations

import keras
from keras import layers


def build(*, width: int = 32, levels: int = 3, channels: int = 3, dtype: str = "float32") -> keras.Model:
    """Returns the network; height and width of its input must be multiples of 2 ** levels.

    Args:
        width: channels at full resolution, doubled at each level.
        levels: number of poolings.
        channels: channels of the picture, NHWC float32 in [0, 1].
        dtype: Keras dtype policy of the layers; the output is float32.
    """
    image = keras.Input((None, None, channels), name="image")
    x, skips = image, []
    for level in range(levels):
        x = _convolutions(x, width * 2**level, dtype)
        skips.append(x)
        x = layers.MaxPooling2D(dtype=dtype)(x)
    x = _convolutions(x, width * 2**levels, dtype)
    for level in reversed(range(levels)):
        x = layers.UpSampling2D(dtype=dtype)(x)
        x = layers.Concatenate(dtype=dtype)([x, skips[level]])
        x = _convolutions(x, width * 2**level, dtype)
    difference = layers.Conv2D(channels, 3, padding="same", dtype=dtype)(x)
    restored = layers.Add(dtype="float32", name="restored")([image, difference])
    return keras.Model(image, restored, name="sequential_unet")


def multiple(*, levels: int = 3, **shape: object) -> int:
    """Returns 2 ** levels."""
    return 2**levels


def _convolutions(x: keras.KerasTensor, channels: int, dtype: str) -> keras.KerasTensor:
    """Appends two rectified 3x3 convolutions."""
    settings = {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal", "dtype": dtype}
    for _ in range(2):
        x = layers.Conv2D(channels, 3, **settings)(x)
    return x
