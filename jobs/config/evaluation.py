"""The section `evaluation` of the configuration: comparison of policies on logged exposures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jobs.config.section import NotNegativeFloat, Number, Positive, PositiveFloat, Section, Share


class Evaluation(Section):
    response: Literal["view", "click", "cart", "purchase"]
    attribution_days: Positive
    assumption: Literal["item-position", "position-based"]
    position_weight_deviation: NotNegativeFloat
    clip: Annotated[Number, Field(ge=1)]
    least_overlap: Share
    least_effective_size: NotNegativeFloat
    most_exposures_a_day: PositiveFloat
    sample_exposures: Positive
