"""Settings of the framework before its first operation: threads, and the arithmetic that this machine is fast at."""

from __future__ import annotations

import os
from pathlib import Path

from imagic_models.options import TrainOptions


def prepare_backend(options: TrainOptions) -> None:
    """Limits the framework's threads; must come before its first operation."""
    if not options.threads:
        return
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        try:
            tf.config.threading.set_intra_op_parallelism_threads(options.threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        except RuntimeError:  # the framework has started: it keeps the threads that it has
            pass
    elif keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(options.threads)


def training_precision(options: TrainOptions) -> str:
    """Returns the Keras dtype policy to train in.

    `auto` means mixed_bfloat16 on processors with bfloat16 matrix units (AMX) and on accelerators, float32 elsewhere:
    without such units mixed_bfloat16 made a step 1.6 times slower.
    """
    if options.precision != "auto":
        return options.precision
    return "mixed_bfloat16" if has_matrix_units() or _has_accelerator() else "float32"


def has_matrix_units() -> bool:
    """Returns whether the processor multiplies bfloat16 matrices in hardware (AMX); False where that is unknown."""
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def _has_accelerator() -> bool:
    import keras

    return any(not device.startswith("cpu") for device in keras.distribution.list_devices())
