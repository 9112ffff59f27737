"""Zero-DCE: a small network that predicts brightening curves, trained without reference pictures.

Each of `iterations` maps A bends the picture once more: x <- x + A x (1 - x). Curves are monotonous and keep 0 and 1
in place, so no value can leave [0, 1].

References:
    C. Guo et al., "Zero-Reference Deep Curve Estimation for Low-Light Image Enhancement", CVPR 2020, section 3.1
    equation 3 (curves) and section 3.2 (seven convolutions with symmetric concatenations).
"""

from __future__ import annotations

import keras
from keras import layers


def build(*, width: int = 32, iterations: int = 8, dtype: str = "float32") -> keras.Model:
    """Returns the network from an NHWC RGB picture to [restored picture, curve maps].

    Any input size, receptive field 15 pixels.

    Args:
        width: channels of the convolutions.
        iterations: number of curves applied one after the other; the second output has 3 * iterations channels.
        dtype: Keras dtype policy of the layers; the outputs are float32.
    """
    image = keras.Input((None, None, 3), name="image")
    features = [_convolution(image, width, "relu", dtype)]
    for _ in range(3):
        features.append(_convolution(features[-1], width, "relu", dtype))
    x = features.pop()
    for mirrored in (features.pop(), features.pop()):
        x = _convolution(layers.Concatenate(dtype=dtype)([mirrored, x]), width, "relu", dtype)
    joined = layers.Concatenate(dtype=dtype)([features.pop(), x])
    curves = _convolution(joined, 3 * iterations, "tanh", dtype)
    curves = layers.Activation("linear", dtype="float32", name="curves")(curves)
    restored = _bend(image, curves, iterations)
    return keras.Model(image, [restored, curves], name="zero_dce")


def multiple(**shape: object) -> int:
    """Returns 1: no halvings."""
    return 1


def _bend(image: keras.KerasTensor, curves: keras.KerasTensor, iterations: int) -> keras.KerasTensor:
    """Applies the curves in turn; layers only, so that the saved model needs no code of ours."""
    bent = image
    for curve in keras.ops.split(curves, iterations, axis=-1):
        square = layers.Multiply(dtype="float32")([bent, bent])
        room = layers.Subtract(dtype="float32")([bent, square])
        bent = layers.Add(dtype="float32")([bent, layers.Multiply(dtype="float32")([curve, room])])
    return layers.Activation("linear", dtype="float32", name="restored")(bent)


def _convolution(x: keras.KerasTensor, channels: int, activation: str, dtype: str) -> keras.KerasTensor:
    return layers.Conv2D(channels, 3, padding="same", activation=activation, dtype=dtype)(x)
