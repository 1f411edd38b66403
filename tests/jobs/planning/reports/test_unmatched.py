"""Names in the configuration that match no item."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jobs.planning.merchandising import NONE, Merchandising, MerchandisingRule
from jobs.planning.reports.unmatched import unmatched_names
from tests.jobs.planning.plans import plan_with

ITEMS = pd.DataFrame(
    {
        "item_id": ["a", "b", "c", "d", "e"],
        "category": ["Alcohol>Wine", "alcohol  >  Beer", "Alcohol", "Alcoholfree > Wine", None],
        "provider_id": ["acme", "acme", "bolt", "", None],
        "segment": ["tail"] * 5,
        "product_type": ["wine", "beer", "", None, "wine"],
        "attributes.colour": ["red", None, None, None, None],
        "attributes.size": [None] * 5,
        "days_since_listed": [1.0, 2.0, 3.0, 4.0, np.nan],
    }
)


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"sensitive_categories": ["Alcohol", "Alcohl"]}, {"plan.sensitive_categories": ("Alcohl",)}),
        (
            {"sponsors": {"acme": {"bid": 1, "budget": 1}, "acne": {"bid": 1, "budget": 1}}},
            {"plan.sponsors": ("acne",)},
        ),
        (
            {"caps": {"red": {"column": "attributes.colour", "equals": "rot", "share": 0.1}}},
            {"plan.caps.red": ("rot",)},
        ),
        (
            {"caps": {"some": {"column": "attributes.colour", "one_of": ["red", "bleu"], "share": 0.1}}},
            {"plan.caps.some": ("bleu",)},
        ),
        (
            {"caps": {"size": {"column": "attributes.size", "each": True, "share": 0.1}}},
            {"plan.caps.size": ("attributes.size",)},
        ),
        ({"floors": {"old": {"column": "days_since_listed", "at_least": 9000, "share": 0.1}}}, {}),
        ({"caps": {"colour": {"column": "attributes.colour", "each": True, "share": 0.1}}}, {}),
        (
            {"list_rules": {"red": {"column": "attributes.colour", "equals": "rot", "most": 1}}},
            {"plan.list_rules.red": ("rot",)},
        ),
        (
            {"list_rules": {"size": {"each": "attributes.size", "most": 1}}},
            {"plan.list_rules.size": ("attributes.size",)},
        ),
        ({}, {}),  # no item is cold tonight, but cold is a segment
    ],
)
def test_names_that_no_item_has(keys: dict[str, Any], names: dict[str, tuple[str, ...]]) -> None:
    assert unmatched_names(plan_with(**keys), ITEMS, NONE) == names


def test_pins_and_bans_of_unknown_items() -> None:
    pin, ban = (MerchandisingRule(2, "z", action, 0.1, None, None, "Ann") for action in ("pin", "ban"))
    merchandising = Merchandising({"a": pin, "z": pin}, {"b": ban, "y": ban})
    assert unmatched_names(plan_with(), ITEMS, merchandising) == {"plan.merchandising": ("y", "z")}
