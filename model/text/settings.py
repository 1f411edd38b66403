"""The settings that belong to a version of the encoder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EncoderSettings:
    """What belongs to a version besides the weights. `as_of` is the night it was made for (ISO date), `cut` the date
    that everything it was fitted on lies before (ISO date), `dtype` the one that it computes in."""

    base: str
    as_of: str
    cut: str
    dtype: str
    max_item_tokens: int
    max_user_tokens: int
