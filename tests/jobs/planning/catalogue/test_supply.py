"""What the store can give of an item."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jobs.planning.catalogue.supply import launch_exposures, purchases_in_stock
from tests.jobs.planning.plans import plan_with

ITEMS = pd.DataFrame(
    {
        "stock_quantity": [2.0, 10.0, np.nan, 1.0],
        "demand": [0.0, 4.0, 5.0, 3.0],
        "units_sum_28d": [8.0, 10.0, 12.0, 0.0],
        "purchases_count_28d": [4.0, 5.0, 6.0, 0.0],
        "days_since_listed": [0.0, 7.0, 28.0, 500.0],
    }
)


def test_stock_counts_purchases_of_as_many_units_as_sold_before() -> None:
    stock = plan_with(stock={"column": "stock_quantity", "demand_column": "demand"}).stock
    # Two units a purchase: 1 purchase; 5 less the 4 that are expected; unknown stock; more expected than in stock.
    assert purchases_in_stock(stock, ITEMS).tolist() == pytest.approx([1.0, 1.0, np.inf, 0.0])


def test_without_a_column_stock_is_no_bound() -> None:
    assert purchases_in_stock(plan_with().stock, ITEMS).tolist() == [np.inf] * 4


def test_a_launch_fades() -> None:
    launch = plan_with(launch={"exposures": 8.0, "days": 28}).launch
    assert launch_exposures(launch, ITEMS).tolist() == pytest.approx([8.0, 6.0, 0.0, 0.0])
    assert launch_exposures(plan_with().launch, ITEMS).tolist() == [0.0] * 4
