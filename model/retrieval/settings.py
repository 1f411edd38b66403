"""The parameters of the channels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChannelSettings:
    """The parameters of the channels; `conf/base.yaml` explains them."""

    history_items: int
    history_decay: float
    affinity_half_life_days: float
    neighbours: int
