"""The section `suggestions` of the configuration: of prices and stock, for people to decide on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from features.contract.stock_suggestions import STOCK_SUGGESTIONS
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.section import NotNegative, Number, Positive, Section

# The columns of stock_suggestions that a plan may name.
SUGGESTED = (
    frozenset(STOCK_SUGGESTIONS.column_names)
    - frozenset(STOCK_SUGGESTIONS.key)
    - frozenset(ITEM_FEATURES_TABLE.column_names)
)
_LEAST_PRICE_WEEKS = 26


class Suggestions(Section):
    price_weeks: NotNegative
    price_items: Annotated[Positive, Field(le=1000)]
    largest_change: Annotated[Number, Field(gt=0, le=0.5)]
    lead_days: NotNegative
    service_level: Annotated[Number, Field(ge=0.5, lt=1)]
    overstock_days: Positive

    @property
    def of_prices(self) -> bool:
        return self.price_weeks > 0

    @property
    def of_stock(self) -> bool:
        return self.lead_days > 0

    @model_validator(mode="after")
    def weeks_show_a_season(self) -> Suggestions:
        if 0 < self.price_weeks < _LEAST_PRICE_WEEKS:
            raise ValueError(
                f"suggestions.price_weeks is {self.price_weeks}, in which prices hardly move; set it to "
                f"{_LEAST_PRICE_WEEKS} or more, or to 0"
            )
        return self
