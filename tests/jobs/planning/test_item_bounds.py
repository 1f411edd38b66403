"""Caps and floors of single items."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jobs.planning.item_bounds import item_bounds
from jobs.planning.merchandising import NONE, Merchandising, Wish
from tests.jobs.planning.plans import plan_with

ITEMS = pd.DataFrame(
    {
        "item_id": ["a", "b", "c", "d"],
        "segment": ["tail", "cold", "tail", "tail"],
        "days_since_listed": [0.0, 14.0, 28.0, 500.0],
        "stock_quantity": [2.0, 10.0, np.nan, 1.0],
        "demand": [0.0, 4.0, 5.0, 3.0],
        "units_sum_28d": [0.0, 0.0, 12.0, 7.0],
        "purchases_count_28d": [0.0, 5.0, 6.0, 7.0],
    }
)
LARGEST = np.array([0.1, 0.5, 0.2, 0.0])


def test_stock_less_demand_bounds_the_responses() -> None:
    plan = plan_with(max_item_share=0.15, stock={"column": "stock_quantity", "demand_column": "demand"})
    bounds = item_bounds(plan, ITEMS, NONE, 100.0, LARGEST)
    # 2 / 0.1 = 20 is above the share's 15; (10 - 4) / 0.5 = 12; stock unknown; nothing left of 1 - 3.
    assert bounds.cap.tolist() == pytest.approx([15.0, 12.0, 15.0, 0.0])
    assert bounds.cap_kind.tolist() == ["item_cap", "stock", "item_cap", "stock"]


def test_stock_is_reckoned_in_the_units_of_a_purchase() -> None:
    plan = plan_with(max_item_share=1.0, stock={"column": "stock_quantity", "demand_column": "demand"})
    in_boxes = ITEMS.assign(units_sum_28d=[8.0, 10.0, 12.0, 7.0], purchases_count_28d=[4.0, 5.0, 6.0, 7.0])
    bounds = item_bounds(plan, in_boxes, NONE, 100.0, LARGEST)
    # Two units a line: 1 line at .1; 5 lines less the 4 that are expected, at .5.
    assert bounds.cap.tolist() == pytest.approx([10.0, 2.0, 100.0, 0.0])


def test_the_largest_floor_counts_and_a_launch_allowance_decays() -> None:
    plan = plan_with(launch={"exposures": 8.0, "days": 28}, item_floor={"segment": "tail", "exposures": 1.0})
    pin = Wish(2, "d", "pin", 0.02, None, None, "Ann")
    bounds = item_bounds(plan, ITEMS, Merchandising({"d": pin}, {}), 100.0, LARGEST)
    assert bounds.floor.tolist() == pytest.approx([8.0, 4.0, 1.0, 2.0])
    assert bounds.floor_kind.tolist() == ["launch", "launch", "item_floor", "pin"]
    # A pin raises the share cap of 1, to a tenth above itself.
    assert bounds.cap.tolist() == pytest.approx([1.0, 1.0, 1.0, 2.2])
