"""U-Net of plain convolutions: the fast workhorse behind most presets.

Every stage is a 3x3 convolution, a strided 2x2 convolution or a transposed 2x2 convolution; there is no normalisation
layer and no depthwise convolution, because both starve a CPU's matrix units. Levels exchange pictures by addition,
which costs half of a concatenation. At full resolution the encoder has only one convolution: most of the work is done
on smaller pictures with more channels.

References:
    O. Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015, figure 1.
    K. Zhang et al., "Plug-and-Play Image Restoration with Deep Denoiser Prior", TPAMI 2021, section 4.1 (residual
    blocks without normalisation inside a U-Net, additive skips).
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

_CHANNEL_FACTORS = (1, 2, 4, 6)  # channels of each level in units of `width`


def build(
    *,
    width: int = 32,
    encoder_blocks: Sequence[int] = (0, 0, 1),
    middle_blocks: int = 2,
    decoder_blocks: Sequence[int] = (1, 1, 1),
    input_channels: int = 3,
    hint_channels: int = 0,
    output_channels: int = 3,
    residual: bool = True,
    mask_head: bool = False,
    dtype: str = "float32",
) -> keras.Model:
    """Returns the network; height and width of its input must be multiples of 8.

    With the default blocks an output pixel depends on a square of at most 120 input pixels.

    Args:
        width: channels at full resolution; the lower levels have 2, 4 and 6 times as many.
        encoder_blocks: residual blocks at full, half and quarter resolution on the way down.
        middle_blocks: residual blocks at an eighth of the resolution.
        decoder_blocks: residual blocks at full, half and quarter resolution on the way up.
        input_channels: channels of the picture, float32 in [0, 1] (noise may leave it).
        hint_channels: channels of a second input, what a person knows (a mask, colour points); 0 for none.
        output_channels: channels of the restored picture.
        residual: whether the network predicts the difference to its input picture.
        mask_head: whether a second output gives the probability of damage, float32 NHW1 in [0, 1].
        dtype: Keras dtype policy of the layers; outputs are float32.

    Returns:
        A functional model from NHWC picture (or [picture, hint]) to NHWC picture (or [picture, mask]).
    """
    channels = [factor * width for factor in _CHANNEL_FACTORS]
    image = keras.Input((None, None, input_channels), name="image")
    hint = keras.Input((None, None, hint_channels), name="hint") if hint_channels else None
    x = image if hint is None else layers.Concatenate(dtype=dtype)([image, hint])
    x = _convolution(x, channels[0], dtype)

    skips = []
    for level, blocks in enumerate(encoder_blocks):
        x = _residual_blocks(x, blocks, dtype)
        skips.append(x)
        x = layers.Conv2D(channels[level + 1], 2, strides=2, kernel_initializer="he_normal", dtype=dtype)(x)
    x = _residual_blocks(x, middle_blocks, dtype)
    for level, blocks in reversed(list(enumerate(decoder_blocks))):
        x = layers.Conv2DTranspose(channels[level], 2, strides=2, kernel_initializer="he_normal", dtype=dtype)(x)
        x = layers.Add(dtype=dtype)([x, skips[level]])
        x = _residual_blocks(x, blocks, dtype)

    restored = layers.Conv2D(output_channels, 3, padding="same", kernel_initializer=_small(), dtype=dtype)(x)
    if residual:
        restored = layers.Add(dtype="float32", name="restored")([image, restored])
    else:
        restored = layers.Activation("linear", dtype="float32", name="restored")(restored)
    inputs = image if hint is None else [image, hint]
    if not mask_head:
        return keras.Model(inputs, restored, name="unet")
    logit = layers.Conv2D(1, 3, padding="same", kernel_initializer=_small(), dtype=dtype)(x)
    mask = layers.Activation("sigmoid", dtype="float32", name="mask")(logit)
    return keras.Model(inputs, [restored, mask], name="unet")


def multiple(**shape: object) -> int:
    """Returns 8: three halvings."""
    return 2 ** (len(_CHANNEL_FACTORS) - 1)


def _residual_blocks(x: keras.KerasTensor, count: int, dtype: str) -> keras.KerasTensor:
    """Appends `count` blocks x + conv(relu(conv(x))); the second convolution starts small, so a block starts mild."""
    for _ in range(count):
        inner = layers.ReLU(dtype=dtype)(_convolution(x, x.shape[-1], dtype))
        inner = layers.Conv2D(x.shape[-1], 3, padding="same", kernel_initializer=_small(), dtype=dtype)(inner)
        x = layers.Add(dtype=dtype)([x, inner])
    return x


def _convolution(x: keras.KerasTensor, channels: int, dtype: str) -> keras.KerasTensor:
    return layers.Conv2D(channels, 3, padding="same", kernel_initializer="he_normal", dtype=dtype)(x)


def _small() -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(0.1)
