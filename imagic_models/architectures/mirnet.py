"""MIRNet: parallel streams at three resolutions that keep exchanging what they know.

References:
    S. W. Zamir et al., "Learning Enriched Features for Real Image Restoration and Enhancement", ECCV 2020: section
    3.1 selective kernel feature fusion (the softmax runs over the streams), 3.2 dual attention unit, 3.3 residual
    resizing, figure 2 the multi-scale residual block.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from imagic_models.architectures.resampling import Doubling

_STREAMS = 3  # full, half and quarter resolution


def build(
    *, width: int = 64, groups: int = 3, blocks: int = 2, channels: int = 3, dtype: str = "float32"
) -> keras.Model:
    """Returns the network; height and width of its input must be multiples of 4.

    Args:
        width: channels at full resolution; the lower streams have 2 and 4 times as many.
        groups: recursive residual groups.
        blocks: multi-scale residual blocks a group.
        channels: channels of the picture, NHWC float32 in [0, 1].
        dtype: Keras dtype policy of the layers; the output is float32.
    """
    image = keras.Input((None, None, channels), name="image")
    x = _convolution(image, width, dtype)
    for _ in range(groups):
        inner = x
        for _ in range(blocks):
            inner = _multi_scale_block(inner, width, dtype)
        x = layers.Add(dtype=dtype)([x, _convolution(inner, width, dtype)])
    difference = _convolution(x, channels, dtype)
    return keras.Model(image, layers.Add(dtype="float32", name="restored")([image, difference]), name="mirnet")


def multiple(**shape: object) -> int:
    """Returns 4: two halvings."""
    return 2 ** (_STREAMS - 1)


def _multi_scale_block(x: keras.KerasTensor, width: int, dtype: str) -> keras.KerasTensor:
    """Appends attention in every stream, an exchange of all streams with all, attention again, and the fusion."""
    streams = [x]
    for stream in range(1, _STREAMS):
        streams.append(_down(streams[-1], width * 2**stream, dtype))
    streams = [_dual_attention(stream, dtype) for stream in streams]
    streams = [
        _selective_fusion(
            [_resized(source, level, target, width, dtype) for level, source in enumerate(streams)], dtype
        )
        for target in range(_STREAMS)
    ]
    streams = [_dual_attention(stream, dtype) for stream in streams]
    at_full_size = [_resized(source, level, 0, width, dtype) for level, source in enumerate(streams)]
    fused = _selective_fusion(at_full_size, dtype)
    return layers.Add(dtype=dtype)([x, _convolution(fused, width, dtype)])


def _selective_fusion(streams: list[keras.KerasTensor], dtype: str) -> keras.KerasTensor:
    """Returns the sum of equally large streams, each weighted per channel by a softmax over the streams."""
    channels = streams[0].shape[-1]
    summary = layers.GlobalAveragePooling2D(keepdims=True, dtype=dtype)(layers.Add(dtype=dtype)(streams))
    compact = layers.Conv2D(max(channels // 8, 4), 1, activation="leaky_relu", dtype=dtype)(summary)
    scores = [layers.Conv2D(channels, 1, dtype=dtype)(compact) for _ in streams]
    weights = ops.softmax(ops.stack(scores, axis=1), axis=1)
    weighted = [
        layers.Multiply(dtype=dtype)([stream, weight])
        for stream, weight in zip(streams, ops.unstack(weights, len(streams), axis=1), strict=True)
    ]
    return layers.Add(dtype=dtype)(weighted)


def _dual_attention(x: keras.KerasTensor, dtype: str) -> keras.KerasTensor:
    """Appends convolutions whose features are weighted by channel and by place, as a residual."""
    channels = x.shape[-1]
    features = _convolution(layers.ReLU(dtype=dtype)(_convolution(x, channels, dtype)), channels, dtype)
    both = layers.Concatenate(dtype=dtype)([_channel_attention(features, dtype), _spatial_attention(features, dtype)])
    return layers.Add(dtype=dtype)([x, layers.Conv2D(channels, 1, dtype=dtype)(both)])


def _channel_attention(x: keras.KerasTensor, dtype: str) -> keras.KerasTensor:
    channels = x.shape[-1]
    summary = layers.GlobalAveragePooling2D(keepdims=True, dtype=dtype)(x)
    compact = layers.Conv2D(max(channels // 8, 4), 1, activation="leaky_relu", dtype=dtype)(summary)
    weight = layers.Conv2D(channels, 1, activation="sigmoid", dtype=dtype)(compact)
    return layers.Multiply(dtype=dtype)([x, weight])


def _spatial_attention(x: keras.KerasTensor, dtype: str) -> keras.KerasTensor:
    average = ops.mean(x, axis=-1, keepdims=True)
    largest = ops.max(x, axis=-1, keepdims=True)
    both = layers.Concatenate(dtype=dtype)([average, largest])
    weight = layers.Conv2D(1, 5, padding="same", activation="sigmoid", dtype=dtype)(both)
    return layers.Multiply(dtype=dtype)([x, weight])


def _resized(x: keras.KerasTensor, level: int, target: int, width: int, dtype: str) -> keras.KerasTensor:
    """Returns a stream at the resolution and width of another."""
    for step in range(level, target):
        x = _down(x, width * 2 ** (step + 1), dtype)
    for step in range(level, target, -1):
        x = _up(x, width * 2 ** (step - 1), dtype)
    return x


def _down(x: keras.KerasTensor, channels: int, dtype: str) -> keras.KerasTensor:
    """Halves the resolution by two paths, of which one only averages."""
    main = layers.ReLU(dtype=dtype)(_convolution(x, x.shape[-1], dtype))
    main = layers.Conv2D(channels, 1, dtype=dtype)(layers.AveragePooling2D(2, dtype=dtype)(main))
    direct = layers.Conv2D(channels, 1, dtype=dtype)(layers.AveragePooling2D(2, dtype=dtype)(x))
    return layers.Add(dtype=dtype)([main, direct])


def _up(x: keras.KerasTensor, channels: int, dtype: str) -> keras.KerasTensor:
    """Doubles the resolution by two paths, of which one only interpolates."""
    main = layers.ReLU(dtype=dtype)(_convolution(x, x.shape[-1], dtype))
    main = layers.Conv2D(channels, 1, dtype=dtype)(Doubling(dtype=dtype)(main))
    direct = layers.Conv2D(channels, 1, dtype=dtype)(Doubling(dtype=dtype)(x))
    return layers.Add(dtype=dtype)([main, direct])


def _convolution(x: keras.KerasTensor, channels: int, dtype: str) -> keras.KerasTensor:
    return layers.Conv2D(channels, 3, padding="same", kernel_initializer="glorot_uniform", dtype=dtype)(x)
