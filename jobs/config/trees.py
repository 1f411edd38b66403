"""The section `trees` of the configuration: the boosted trees of the second stage."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from jobs.config.section import NotNegativeFloat, Positive, PositiveFloat, PositiveShare, Section, Whole


class Trees(Section):
    rounds: Positive
    leaves: Annotated[Whole, Field(ge=2)]
    leaf_rows: Positive
    learning_rate: PositiveFloat
    l2: NotNegativeFloat
    feature_share: PositiveShare
    row_share: PositiveShare
    negatives_share: PositiveShare
