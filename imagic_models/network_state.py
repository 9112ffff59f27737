"""A network in training: its weights, its optimizer and the moving average of its weights, saved and restored whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from imagic_models.architectures import build_network
from imagic_models.data import Batch
from imagic_models.losses import LOSSES, MASK_LOSS_WEIGHT
from imagic_models.options import TrainOptions
from imagic_models.schedule import ema_decay_at, learning_rate_at

EMA_EVERY = 10  # steps between updates of the average; its decay is raised to this power
_GROUPS = ("weights", "optimizer", "average")


class TrainedNetwork:
    """One network with all that training changes.

    Args:
        architecture: name of the network.
        shape: its keyword arguments.
        options: rate, optimizer, loss and precision.
        precision: Keras dtype policy of the layers in training.
    """

    def __init__(self, architecture: str, shape: Mapping[str, Any], options: TrainOptions, precision: str) -> None:
        keras.utils.set_random_seed(options.seed)
        self.options = options
        self.model = build_network(architecture, dtype=precision, **shape)
        self.averaged = build_network(architecture, **shape)
        self.average = self.model.get_weights()
        losses = [LOSSES[options.loss]]
        if len(self.model.outputs) == 2:
            losses.append(keras.losses.BinaryCrossentropy())
        self.model.compile(
            _optimizer(options),
            loss=losses if len(losses) > 1 else losses[0],
            loss_weights=[1.0, MASK_LOSS_WEIGHT] if len(losses) > 1 else None,
            jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
        )
        self.model.optimizer.build(self.model.trainable_variables)

    def step(self, step: int, batch: Batch) -> float:
        """Trains on the batch of a step and returns its loss."""
        self.model.optimizer.learning_rate = learning_rate_at(step, self.options)
        self.model.reset_metrics()
        loss = self.model.train_on_batch(_single(batch.inputs), _single(batch.targets), return_dict=True)["loss"]
        if (step + 1) % EMA_EVERY == 0:
            decay = ema_decay_at(step, self.options) ** EMA_EVERY
            self.average = [
                mean + (1 - decay) * (now - mean)
                for mean, now in zip(self.average, self.model.get_weights(), strict=True)
            ]
        return float(loss)

    def restored(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Returns the averaged network's pictures for a batch of inputs; call `use_average` first."""
        outputs = self.averaged.predict_on_batch(_single(inputs))
        return np.asarray(outputs[0] if isinstance(outputs, list | tuple) else outputs, np.float32)

    def use_average(self) -> keras.Model:
        """Returns the float32 network, loaded with the averaged weights of this moment."""
        self.averaged.set_weights(self.average)
        return self.averaged

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns copies of everything that training changes."""
        groups = (self.model.get_weights(), self._optimizer_arrays(), self.average)
        return {
            f"{group}/{index}": np.array(array)
            for group, arrays in zip(_GROUPS, groups, strict=True)
            for index, array in enumerate(arrays)
        }

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Returns to the moment at which `arrays()` was called."""
        weights, optimizer, average = (_group(arrays, group) for group in _GROUPS)
        self.model.set_weights(weights)
        for variable, value in zip(self.model.optimizer.variables, optimizer, strict=True):
            variable.assign(value)
        self.average = average

    def _optimizer_arrays(self) -> list[np.ndarray]:
        return [keras.ops.convert_to_numpy(variable) for variable in self.model.optimizer.variables]


def _optimizer(options: TrainOptions) -> keras.optimizers.Optimizer:
    """Returns the optimizer; Keras' Adam with a weight decay is AdamW, and without one it saves a pass over weights."""
    kinds = {"adamw": keras.optimizers.Adam, "lion": keras.optimizers.Lion}
    return kinds[options.optimizer](
        options.learning_rate, weight_decay=options.weight_decay or None, global_clipnorm=options.clip_norm
    )


def _group(arrays: Mapping[str, np.ndarray], group: str) -> list[np.ndarray]:
    count = sum(name.startswith(f"{group}/") for name in arrays)
    return [arrays[f"{group}/{index}"] for index in range(count)]


def _single(arrays: Sequence[np.ndarray]) -> Any:
    """Returns the only array itself, or several as the list that Keras expects."""
    return arrays[0] if len(arrays) == 1 else list(arrays)
