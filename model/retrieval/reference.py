"""The first stage that needs no training: popularity and the likeness of texts."""

from __future__ import annotations

import numpy as np

from model.retrieval.first_stage import FirstStage

# Of raw channel scores, in logits. With 1 for the logarithm of purchases, chances are in proportion to purchases. Texts
# order products that sold alike: their weights, in proportion to 1, are rounded from a conditional logistic regression
# on a month of the panel.
REFERENCE_WEIGHTS = {"popularity": 1.0, "text_history": 0.5, "text_two_tower": 0.5}
_SCALE = 4.0  # scores are clipped at a multiple of it, above the logarithm of any number of purchases


def reference_first_stage(origin: str) -> FirstStage:
    """The first stage with REFERENCE_WEIGHTS, up to a constant. origin: of its version, the ISO date of the night"""
    count = len(REFERENCE_WEIGHTS)
    linear = np.array(list(REFERENCE_WEIGHTS.values())) * _SCALE
    return FirstStage(
        FirstStage.reference_version(origin),
        tuple(REFERENCE_WEIGHTS),
        np.zeros(count),
        np.full(count, _SCALE),
        np.zeros(count),
        np.concatenate([linear, np.zeros(2 * count)]),
        0.0,
    )
