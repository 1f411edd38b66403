"""The section `fusion` of the configuration: the Transformer of the second stage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jobs.config.section import NotNegativeFloat, Positive, PositiveFloat, Section, Share, Whole
from model.periods import LEAST_SECOND_STAGE


class Fusion(Section):
    periods: Annotated[Whole, Field(ge=LEAST_SECOND_STAGE)]
    width: Positive
    heads: Positive
    layers: Positive
    dropout: Share
    history_items: Positive
    epochs: Positive
    users_per_batch: Positive
    negatives_per_user: Positive
    learning_rate: PositiveFloat
    weight_decay: NotNegativeFloat
    loss: Literal["softmax", "bce"]
    signals: bool
