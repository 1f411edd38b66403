"""What is configured of relevance and its two stages; `conf/base.yaml` explains every key."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jobs.runtime.section import (
    NotNegative,
    NotNegativeFloat,
    Number,
    Positive,
    PositiveFloat,
    PositiveShare,
    Section,
    Share,
    Whole,
)
from model.periods import LEAST_SECOND_STAGE


class Relevance(Section):
    horizon_days: Positive
    target: Literal["purchase"]
    per: Literal["horizon", "exposure"]
    attribution_days: Positive
    largest_weight: Annotated[Number, Field(ge=1)]
    every_days: Positive
    batch_users: Positive

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        if self.attribution_days >= self.horizon_days:
            raise ValueError(
                f"attribution_days {self.attribution_days} must be below horizon_days {self.horizon_days}: of the "
                "last attribution_days of a period, no exposure has a known answer yet"
            )
        return self

    @property
    def meaning(self) -> str:
        """What f is the probability of, in words."""
        if self.per == "horizon":
            return f"a {self.target} within {self.horizon_days} days"
        return f"a {self.target} within {self.attribution_days} days of an exposure"


class Candidates(Section):
    per_user: Positive
    least_cold: NotNegative
    exclude_bought: bool
    block_users: Positive
    items_at_once: Positive


class Channels(Section):
    als_factors: Positive
    als_iterations: Positive
    als_regularisation: PositiveFloat
    als_alpha: PositiveFloat
    history_items: Positive
    history_decay: Share
    affinity_half_life_days: PositiveFloat
    popularity_half_life_days: PositiveFloat
    neighbours: Positive
    neighbour_half_life_days: PositiveFloat
    neighbour_sample: Positive
    promotion_days: Positive


class FirstStage(Section):
    negatives_per_user: Positive
    max_users: Positive
    l2: PositiveFloat


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


class Trees(Section):
    rounds: Positive
    leaves: Annotated[Whole, Field(ge=2)]
    leaf_rows: Positive
    learning_rate: PositiveFloat
    l2: NotNegativeFloat
    feature_share: PositiveShare
    row_share: PositiveShare
    negatives_share: PositiveShare


class Gate(Section):
    recall_at: Positive
    bootstrap_samples: Positive
    margin: Share
    departments: NotNegative
    max_calibration_slope_error: PositiveFloat
    retry_days: Positive
