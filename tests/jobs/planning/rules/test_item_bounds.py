"""Caps and floors of single items."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import conf as packaged_conf
from jobs.config.configuration import load_config
from jobs.config.plan import Plan
from jobs.planning.catalogue.planned_items import Catalogue
from jobs.planning.catalogue.supply import launch_exposures, purchases_in_stock
from jobs.planning.merchandising import NONE, Merchandising, MerchandisingRule
from jobs.planning.rules.item_bounds import item_bounds
from jobs.runtime.errors import ConfigurationError
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


def catalogue(plan: Plan) -> Catalogue:
    return Catalogue(ITEMS, ITEMS, purchases_in_stock(plan.stock, ITEMS), launch_exposures(plan.launch, ITEMS))


def test_stock_less_demand_bounds_the_responses() -> None:
    plan = plan_with(max_item_share=0.15, stock={"column": "stock_quantity", "demand_column": "demand"})
    bounds = item_bounds(plan, catalogue(plan), NONE, 100.0, LARGEST)
    # 2 / 0.1 = 20 is above the share's 15; (10 - 4) / 0.5 = 12; stock unknown; nothing left of 1 - 3.
    assert bounds.cap.tolist() == pytest.approx([15.0, 12.0, 15.0, 0.0])
    assert bounds.cap_kind.tolist() == ["item_cap", "stock", "item_cap", "stock"]


def test_a_part_of_the_shoppers_gets_that_part_of_stock_and_launch() -> None:
    plan = plan_with(max_item_share=1.0, stock={"column": "stock_quantity"}, launch={"exposures": 8.0, "days": 28})
    bounds = item_bounds(plan, catalogue(plan), NONE, 100.0, LARGEST, part=0.25)
    assert bounds.cap.tolist() == pytest.approx([5.0, 5.0, 100.0, 100.0])
    assert bounds.floor.tolist() == pytest.approx([2.0, 1.0, 0.0, 0.0])


def test_the_largest_floor_counts() -> None:
    plan = plan_with(launch={"exposures": 8.0, "days": 28}, item_floor={"segment": "tail", "exposures": 1.0})
    pin = MerchandisingRule(2, "d", "pin", 0.02, None, None, "Ann")
    bounds = item_bounds(plan, catalogue(plan), Merchandising({"d": pin}, {}), 100.0, LARGEST)
    assert bounds.floor.tolist() == pytest.approx([8.0, 4.0, 1.0, 2.0])
    assert bounds.floor_kind.tolist() == ["launch", "launch", "item_floor", "pin"]
    # A pin raises the share cap of 1, to a tenth above itself.
    assert bounds.cap.tolist() == pytest.approx([1.0, 1.0, 1.0, 2.2])


def test_bad_reviews_end_every_floor_but_that_of_a_pin() -> None:
    keys = {"launch": {"exposures": 8.0, "days": 28}, "item_floor": {"segment": "tail", "exposures": 1.0}}
    plan = plan_with(**keys, quality={"bad_reviews_share": 0.3})
    reviewed = ITEMS.assign(bad_reviews_share_90d=[0.4, 0.2, 0.4, 0.4], reviews_count_90d=5.0)
    of_plan = Catalogue(reviewed, reviewed, np.full(4, np.inf), launch_exposures(plan.launch, reviewed))
    pin = MerchandisingRule(2, "d", "pin", 0.02, None, None, "Ann")
    bounds = item_bounds(plan, of_plan, Merchandising({"d": pin}, {}), 100.0, LARGEST)
    assert bounds.floor.tolist() == pytest.approx([0.0, 4.0, 0.0, 2.0])


def test_a_word_in_its_texts_ends_every_floor_of_an_item_that_of_a_pin_too() -> None:
    keys = {"launch": {"exposures": 8.0, "days": 28}, "item_floor": {"segment": "tail", "exposures": 1.0}}
    plan = plan_with(**keys, not_lifted={"words": ["wine"]})
    named = ITEMS.assign(not_lifted_by=["wine", None, None, "wine"])
    of_plan = Catalogue(named, named, np.full(4, np.inf), launch_exposures(plan.launch, named))
    pin = MerchandisingRule(2, "d", "pin", 0.02, None, None, "Ann")
    bounds = item_bounds(plan, of_plan, Merchandising({"d": pin}, {}), 100.0, LARGEST)
    assert bounds.floor.tolist() == pytest.approx([0.0, 4.0, 1.0, 0.0])
    assert bounds.cap.tolist() == pytest.approx([1.0] * 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("words=['.']", r"plan\.not_lifted\.words\.0 is wrong: '\.' has neither a letter nor a digit"),
        ("texts=[brand]", r"plan\.not_lifted\.texts\.0 is wrong: 'brand' is not a text of items; choose from title, d"),
        ("texts=[]", r"plan\.not_lifted\.texts is empty"),
    ],
)
def test_a_filter_that_cannot_work_is_refused(change: str, message: str) -> None:
    changes = ["source.kind=complete_journey", f"plan.not_lifted.{change}"]
    with pytest.raises(ConfigurationError, match=message):
        load_config(packaged_conf.__path__[0] + "/local.yaml", changes)


def test_a_bar_of_quality_needs_reviews() -> None:
    changes = ["source.kind=complete_journey", "plan.quality.bad_reviews_share=0.3"]
    with pytest.raises(ConfigurationError, match=r"plan\.quality\.bad_reviews_share is set, which needs reviews\.read"):
        load_config(packaged_conf.__path__[0] + "/local.yaml", changes)
