"""The kinds of response that relevance may be the chance of."""

from __future__ import annotations

from typing import Final

PURCHASE: Final = "purchase"

# By type of event: the column of the daily partials that counts it.
DAILY_COUNT: Final = {
    PURCHASE: "purchases_count",
    "cart": "carts_weight",
    "click": "clicks_weight",
    "view": "views_weight",
}


def met_by(response: str) -> tuple[str, ...]:
    """The types of events after which an item is not new to a shopper: the response, and a purchase in any case."""
    return tuple(dict.fromkeys((response, PURCHASE)))
