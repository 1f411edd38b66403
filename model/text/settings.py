"""The settings that belong to a version of the encoder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EncoderSettings:
    """What belongs to a version besides the weights.

    as_of: the night for which it was trained (ISO date)
    cut: the date before which all its training data lie (ISO date)
    dtype: the number format of its computations
    """

    base: str
    as_of: str
    cut: str
    dtype: str
    max_item_tokens: int
    max_user_tokens: int
