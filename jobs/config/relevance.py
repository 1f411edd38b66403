"""The section `relevance` of the configuration: the event whose probability is f."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jobs.config.section import Number, Positive, Section
from model.phrases import response_words
from model.phrases.table import ResponseWords


class Relevance(Section):
    horizon_days: Positive
    target: Literal["purchase", "cart", "click", "view"]
    per: Literal["horizon", "exposure"]
    attribution_days: Positive
    largest_weight: Annotated[Number, Field(ge=1)]
    season: bool
    every_days: Positive
    batch_users: Positive

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        if self.attribution_days >= self.horizon_days:
            raise ValueError(
                f"attribution_days is {self.attribution_days} and must be below horizon_days ({self.horizon_days}): "
                "exposures of the last attribution_days of a period have no known response yet"
            )
        return self

    @property
    def words(self) -> ResponseWords:
        """What the response is called."""
        return response_words(self.target)

    @property
    def event(self) -> str:
        """The response with its article: 'a purchase'."""
        return f"{self.words.article} {self.words.singular}"

    @property
    def meaning(self) -> str:
        """The event whose probability is f, in words."""
        if self.per == "horizon":
            return f"{self.event} within {self.horizon_days} days"
        return f"{self.event} within {self.attribution_days} days of an exposure"
