"""The parameters of a fine-tuning."""

from __future__ import annotations

import math
from dataclasses import dataclass

from model.text.adapters import Lora


@dataclass(frozen=True)
class TwoTowerSettings:
    """`warmup_share` is the share of the steps with a rising learning rate; `temperature` divides the cosines.

    Each process takes `accumulate` batches of `batch_size` pairs for a step and `hard_negatives` texts a pair.
    `adapters`, if given, are trained instead of the weights. The held-out loss is evaluated every `evaluate_every`
    steps, and `patience` evaluations without a smaller loss end the training; a checkpoint is written every
    `checkpoint_every` steps. 0 is never.
    """

    steps: int
    batch_size: int
    learning_rate: float
    warmup_share: float
    temperature: float
    seed: int
    accumulate: int = 1
    hard_negatives: int = 0
    adapters: Lora | None = None
    evaluate_every: int = 0
    patience: int = 1
    checkpoint_every: int = 0


def learning_rate_factor(step: int, steps: int, warmup_share: float) -> float:
    """Linear from 0 to 1 over the first share of the steps, then linear to 0; never 0 at a step (0 <= step < steps)."""
    warmup = math.ceil(warmup_share * steps)
    if step < warmup:
        return (step + 1) / warmup
    return (steps - step) / (steps - warmup)
