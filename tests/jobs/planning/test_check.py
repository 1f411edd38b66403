"""What a plan's configuration may not say."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.planning.check import check_plan
from jobs.runtime.errors import ConfigurationError
from tests.jobs.planning.plans import plan_with

COLD = {"column": "segment", "equals": "cold", "share": 0.1}


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"floors": {"x": {**COLD, "column": "colour"}}}, "plan.floors.x: neither item_features nor items .* colour"),
        ({"caps": {"x": {**COLD, "column": "colour"}}}, "plan.caps.x: neither"),
        ({"floors": {"x": {"column": "price_mean_90d", "equals": "1", "share": 0.1}}}, "price_mean_90d is not a text"),
        ({"floors": {"x": {"column": "segment", "at_most": 1, "share": 0.1}}}, "segment is not a number"),
        ({"caps": {"x": {"column": "price", "each": True, "share": 0.1}}}, "price is not a text"),
        ({"floors": {"x": {"column": "segment", "share": 0.1}}}, "plan.floors.x is wrong: .*needs one of equals"),
        ({"floors": {"x": {**COLD, "each": True}}}, "needs one of equals"),
        ({"caps": {"x": {"column": "price", "buckets": [5, 1], "share": 0.1}}}, "edges do not rise"),
        ({"floors": {"item_cap": COLD}}, "plan.floors.item_cap: the name is taken"),
        ({"caps": {"cold": COLD}}, "plan.caps.cold: a floor has this name"),
        ({"position_weights": [0.1] * 9 + [0.2]}, "plan.position_weights increase"),
        ({"segments": ["cold"], "item_floor": {"segment": "tail", "exposures": 1.0}}, "not among plan.segments"),
        ({"max_item_share": 0.0}, "plan.max_item_share is 0"),
        ({"stock": {"column": "stok", "demand_column": None}}, "plan.stock.column: neither .* stok"),
        ({"stock": {"column": None, "demand_column": "price"}}, "without plan.stock.column"),
        ({"worth": {"margin_weight": 2.0}}, "without margin_column"),
        ({"worth": {"margin_column": "brand"}}, "plan.worth.margin_column: brand is not a number"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(plan: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        check_plan(plan_with(**plan))


def test_columns_of_features_items_and_attributes_may_be_named() -> None:
    check_plan(
        plan_with(
            floors={
                "fresh": {"column": "attributes.storage", "equals": "fresh", "share": 0.1},
                "margins": {"column": "margin", "buckets": [0.1, 0.3], "share": 0.1},
            },
            caps={"providers": {"column": "provider_id", "each": True, "share": 0.2}},
            stock={"column": "stock_quantity", "demand_column": "purchases_count_28d"},
            worth={"margin_column": "margin", "margin_weight": 1.0},
        )
    )
