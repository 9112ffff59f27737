"""DnCNN: a plain stack of 3x3 convolutions that predicts the noise.

References:
    K. Zhang et al., "Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for Image Denoising", TIP 2017,
    section III-A; the blind colour network CDnCNN-B has depth 20.
"""

from __future__ import annotations

import keras
from keras import layers


def build(
    *, depth: int = 20, width: int = 64, channels: int = 3, normalise: bool = True, dtype: str = "float32"
) -> keras.Model:
    """Returns the network; any input size, receptive field 2 * depth + 1 pixels.

    Args:
        depth: number of convolutions.
        width: channels between them.
        channels: channels of the picture, NHWC float32 in [0, 1].
        normalise: whether the inner convolutions are followed by batch normalisation, as published.
        dtype: Keras dtype policy of the layers; the output is float32.
    """
    image = keras.Input((None, None, channels), name="image")
    x = layers.ReLU(dtype=dtype)(_convolution(image, width, dtype))
    for _ in range(depth - 2):
        x = _convolution(x, width, dtype, use_bias=not normalise)
        if normalise:
            x = layers.BatchNormalization(momentum=0.9, epsilon=1e-4, dtype=dtype)(x)
        x = layers.ReLU(dtype=dtype)(x)
    noise = _convolution(x, channels, dtype)
    return keras.Model(image, layers.Subtract(dtype="float32", name="restored")([image, noise]), name="dncnn")


def multiple(**shape: object) -> int:
    """Returns 1: no halvings."""
    return 1


def _convolution(x: keras.KerasTensor, channels: int, dtype: str, use_bias: bool = True) -> keras.KerasTensor:
    settings = {"padding": "same", "kernel_initializer": "he_normal", "use_bias": use_bias, "dtype": dtype}
    return layers.Conv2D(channels, 3, **settings)(x)
