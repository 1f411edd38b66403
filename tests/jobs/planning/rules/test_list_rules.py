"""List rules of the configuration as groups of items, and what keeps an item out of a list."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jobs.planning.rules.list_rules import full_groups, list_rules
from tests.jobs.planning.plans import plan_with

ITEMS = pd.DataFrame(
    {
        "item_id": ["a", "b", "c", "d", "e"],
        "product_type": ["tea", "jam", "", None, "tea"],
        "segment": ["cold", "tail", "cold", "tail", None],
        "price": [1.0, 5.0, np.nan, 9.0, 4.9],
        "attributes.colour": ["red", "blue", None, "red", ""],
    }
)
NO_DEFAULTS = {"product_type": None, "cold": None}


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ({"each": "product_type"}, [1, 0, -1, -1, 1]),
        ({"each": "attributes.colour"}, [1, 0, -1, 1, -1]),
        ({"column": "segment", "equals": "cold"}, [0, -1, 0, -1, -1]),
        ({"column": "segment", "one_of": ["cold", "tail"]}, [0, 0, 0, 0, -1]),
        ({"column": "price", "at_least": 5}, [-1, 0, -1, 0, -1]),
        ({"column": "price", "at_least": 4, "at_most": 5}, [-1, 0, -1, -1, 0]),
    ],
)
def test_a_rule_bounds_its_groups_and_no_item_without_a_value(rule: dict[str, Any], codes: list[int]) -> None:
    rules = list_rules(plan_with(list_rules={**NO_DEFAULTS, "rule": {**rule, "most": 4}}), ITEMS)
    assert rules.codes.tolist() == [codes]
    assert (rules.most.tolist(), rules.names) == ([4], ("rule",))


def test_the_default_bounds_product_types_and_cold_items() -> None:
    rules = list_rules(plan_with(), ITEMS)
    assert dict(zip(rules.names, rules.most.tolist(), strict=True)) == {"product_type": 3, "cold": 2}


def test_a_plan_without_rules() -> None:
    assert list_rules(plan_with(list_rules=NO_DEFAULTS), ITEMS).codes.shape == (0, 5)


def test_why_a_list_takes_no_further_item() -> None:
    plan = plan_with(list_rules={"product_type": {"most": 1}, "cold": {"most": 1}})
    in_list, item = ITEMS.iloc[[0, 1]], ITEMS.set_index("item_id", drop=False)
    assert full_groups(plan, in_list, item.loc[["e"]]) == [
        "the list already holds 1 of product_type = tea, and plan.list_rules.product_type allows 1"
    ]
    assert full_groups(plan, in_list, item.loc[["c"]]) == [
        "the list already holds 1 of segment = cold, and plan.list_rules.cold allows 1"
    ]
    assert full_groups(plan, in_list, item.loc[["d"]]) == []
