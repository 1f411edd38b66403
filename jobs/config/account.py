"""The section `account` of the configuration: exposure that earlier nights delivered, and corrections from it."""

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
    def _window_is_complete(self) -> Account:
        if self.nights <= self.attribution_days:
            raise ValueError(
                f"nights is {self.nights} and must be above attribution_days ({self.attribution_days}), or purchases "
                "on the last of these days count for no night"
            )
        return self
