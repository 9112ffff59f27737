"""RED-Net: convolutions and as many transposed convolutions at full resolution, joined by symmetric skips.

References:
    X. Mao, C. Shen and Y. Yang, "Image Restoration Using Very Deep Convolutional Encoder-Decoder Networks with
    Symmetric Skip Connections", NIPS 2016, section 2 (skips every two layers, added before the rectifier).
"""

from __future__ import annotations

import keras
from keras import layers


def build(
    *, depth: int = 15, width: int = 64, skip_every: int = 2, channels: int = 3, dtype: str = "float32"
) -> keras.Model:
    """Returns the network; any input size, receptive field 4 * depth + 1 pixels.

    Args:
        depth: number of convolutions, and of transposed convolutions; 15 makes the published RED30.
        width: channels between them.
        skip_every: every so many layers a feature map goes to its mirror image in the decoder.
        channels: channels of the picture, NHWC float32 in [0, 1].
        dtype: Keras dtype policy of the layers; the output is float32.
    """
    settings = {"padding": "same", "kernel_initializer": "he_normal", "dtype": dtype}
    image = keras.Input((None, None, channels), name="image")
    x, skips = image, []
    for layer in range(1, depth + 1):
        x = layers.ReLU(dtype=dtype)(layers.Conv2D(width, 3, **settings)(x))
        if layer % skip_every == 0 and layer < depth:
            skips.append((layer, x))
    for layer in range(depth - 1, 0, -1):
        x = layers.Conv2DTranspose(width, 3, **settings)(x)
        if skips and skips[-1][0] == layer:
            x = layers.Add(dtype=dtype)([x, skips.pop()[1]])
        x = layers.ReLU(dtype=dtype)(x)
    difference = layers.Conv2DTranspose(channels, 3, **settings)(x)
    return keras.Model(image, layers.Add(dtype="float32", name="restored")([image, difference]), name="rednet")


def multiple(**shape: object) -> int:
    """Returns 1: no halvings."""
    return 1
