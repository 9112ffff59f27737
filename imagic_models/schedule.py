"""Learning rate and averaging decay as pure functions of the step, so that a resumed run needs no memory of them."""

from __future__ import annotations

import math

from imagic_models.options import TrainOptions


def learning_rate_at(step: int, options: TrainOptions) -> float:
    """Returns the learning rate of step `step` (0 is the first).

    `cosine` falls from the warm-up's end to the last step (I. Loshchilov and F. Hutter, "SGDR", 2017, equation 5);
    `stable` is constant and falls linearly in the last `decay_steps` (S. Hu et al., "MiniCPM", 2024, section 4.1).
    """
    peak, final = options.learning_rate, options.final_learning_rate
    if step < options.warmup_steps:
        return peak * (step + 1) / options.warmup_steps
    if options.schedule == "cosine":
        length = max(1, options.steps - options.warmup_steps)
        done = min(1.0, (step - options.warmup_steps) / length)
        return final + (peak - final) * 0.5 * (1 + math.cos(math.pi * done))
    left = min(1.0, max(0.0, (options.steps - step) / options.decay_steps))
    return final + (peak - final) * left


def ema_decay_at(step: int, options: TrainOptions) -> float:
    """Returns the decay of the weights' moving average: short at first, so that early averages forget the start."""
    return min(options.ema, (1 + step) / (10 + step))
