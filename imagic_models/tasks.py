"""What goes into a network and what comes out, for each kind of restoration.

A task packs one degraded/clean pair of training crops into arrays of the network's inputs and targets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Task:
    """One kind of restoration.

    Attributes:
        pack: (clean HWC, degraded HWC, mask HW or None, rng) -> (inputs, targets), each a tuple of HWC float32 arrays.
        network: keyword arguments of the architecture that the task demands.
    """

    pack: Callable[[np.ndarray, np.ndarray, np.ndarray | None, np.random.Generator], tuple[Arrays, Arrays]]
    network: Mapping[str, Any] = field(default_factory=dict)


def _pack_restore(
    clean: np.ndarray, degraded: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator
) -> tuple[Arrays, Arrays]:
    return (degraded,), (clean,)


TASKS: dict[str, Task] = {
    "restore": Task(_pack_restore),
}
