"""The section `relevance` of the configuration: the event whose probability is f."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jobs.config.section import Number, Positive, Section
from model.phrases import response_words
from model.phrases.table import ResponseWords

Response = Literal["purchase", "cart", "click", "view"]


class Relevance(Section):
    horizon_days: Positive
    target: Response
    values: dict[Response, Annotated[Number, Field(gt=0)]] | None
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

    @model_validator(mode="after")
    def _values_are_of_several_responses(self) -> Self:
        if self.values is None:
            return self
        if self.target not in self.values or len(self.values) < 2:
            raise ValueError(
                f"values names {', '.join(self.values) or 'no response'}, and has to name {self.target} (target) and "
                "at least one other response; null plans by the target alone"
            )
        if self.per != "horizon":
            raise ValueError("values adds chances within a horizon; set per to horizon, or values to null")
        return self

    @property
    def others(self) -> tuple[Response, ...]:
        """The responses of `values` next to the target, in the order of their names."""
        return tuple(sorted(response for response in self.values or () if response != self.target))

    def of_response(self, response: Response) -> Relevance:
        """This section with one of `values` as the only response."""
        return self.model_copy(update={"target": response, "values": None})

    def counted(self, known: Collection[str]) -> dict[Response, float]:
        """The values that the plan adds up, the target's first: it alone where not every chance is known.

        known: the responses of `chances` of a row of the table relevance
        """
        values = self.values or {self.target: 1.0}
        others = self.others if values.keys() <= set(known) else ()
        return {response: values[response] for response in (self.target, *others)}

    def value_of(self, relevance: float, chances: Mapping[str, float] | None) -> float:
        """The sum of chances times values that the plan counts for a row of the table relevance."""
        known = {**(chances or {}), self.target: relevance}
        return sum(known[response] * value for response, value in self.counted(known).items())

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
