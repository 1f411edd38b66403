"""The section `account` of the configuration: what earlier nights delivered, and what follows from it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from jobs.config.section import NotNegativeFloat, Number, Positive, PositiveFloat, Section, Share


class Controller(Section):
    gain: Share
    most: Annotated[Number, Field(ge=0, lt=1)]
    noise: NotNegativeFloat


class Account(Section):
    nights: Positive
    attribution_days: Positive
    most_exposures_a_day: PositiveFloat
    position_weight_deviation: NotNegativeFloat
    controller: Controller

    @model_validator(mode="after")
    def _whole_window(self) -> Account:
        if self.nights <= self.attribution_days:
            raise ValueError(
                "nights should be more than attribution_days, or what is bought on the last of these days is accounted "
                "to no night"
            )
        return self
