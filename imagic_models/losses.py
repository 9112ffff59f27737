"""Losses of NHWC pictures, written with keras.ops only; each returns one number."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def charbonnier(clean: keras.KerasTensor, restored: keras.KerasTensor, epsilon: float = 1e-3) -> keras.KerasTensor:
    """Returns the mean of sqrt(difference^2 + epsilon^2): an L1 that is smooth at zero.

    References:
        W. Lai et al., "Deep Laplacian Pyramid Networks", CVPR 2017, equation 4.
    """
    difference = ops.cast(restored, "float32") - ops.cast(clean, "float32")
    return ops.mean(ops.sqrt(ops.square(difference) + epsilon**2))


LOSSES: dict[str, Loss] = {
    "charbonnier": charbonnier,
}

MASK_LOSS_WEIGHT = 0.1  # of the damage mask's cross-entropy beside the picture's loss
