"""Potential, audience and gap of items, on numbers small enough to add up by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pyspark.sql import SparkSession

from features.contract import EXPOSURE_ACCOUNT
from features.potential import item_potential, received_per_day
from tests.jobs.small_tables import filled

NIGHT = date(2017, 12, 1)
#        item  relevance visits
PAIRS = [("gem", 0.10, 0.5), ("gem", 0.04, 1.0), ("gem", 0.30, 0.1), ("gem", 0.02, 0.5),
         ("seen", 0.20, 0.5), ("rare", 0.50, 0.2)]  # fmt: skip
#            item    exposures responses a day
RECEIVED = [("gem", 0.375, 0.0), ("seen", 9.0, 0.1), ("alone", 2.0, 0.0)]


def measured(spark: SparkSession, shoppers: int) -> dict[str, tuple[float, ...]]:
    pairs = spark.createDataFrame(PAIRS, "item_id string, relevance double, visits double")
    items = spark.createDataFrame([("gem",), ("seen",), ("rare",), ("alone",)], "item_id string")
    received = spark.createDataFrame(RECEIVED, "item_id string, received_exposures double, received_responses double")
    rows = item_potential(pairs, items, received, shoppers).collect()
    assert len(rows) == 4
    return {row["item_id"]: tuple(row)[1:] for row in rows}


def test_the_best_two_shoppers_are_those_who_would_respond_most(spark: SparkSession) -> None:
    # gem: relevance x visits is .05, .04, .03, .01; the best two visit 1.5 times a day. It has a quarter of that.
    of_items = measured(spark, shoppers=2)
    assert of_items["gem"] == pytest.approx((4, 1.5, 0.09, 0.375, 0.0, 0.09 * 0.75))
    # seen had more exposures than its audience visits.
    assert of_items["seen"] == pytest.approx((1, 0.5, 0.1, 9.0, 0.1, 0.0))
    assert of_items["rare"] == pytest.approx((1, 0.2, 0.1, 0.0, 0.0, 0.1))
    assert of_items["alone"] == (0, 0.0, 0.0, 2.0, 0.0, 0.0)


def test_more_shoppers_than_the_audience_has_are_all_of_it(spark: SparkSession) -> None:
    assert measured(spark, shoppers=100)["gem"][:3] == pytest.approx((4, 2.1, 0.13))


def test_what_an_item_got_is_a_day_of_the_nights_in_which_it_was_planned(spark: SparkSession) -> None:
    def account(item: str, night: int, days: int, policy: str = "main", **values: float | None) -> dict[str, object]:
        of_night = {"as_of": NIGHT + timedelta(days=night), "item_id": item, "live_days": days, "policy": policy}
        return {**of_night, "delivered": None, "purchases": None, **values}

    rows = [
        # Two policies of a test in one night of 2 days, then a night of 1 day: 9 exposures and 3 lines in 3 days.
        account("tea", 0, 2, planned=5.0, delivered=4.0, purchases=1),
        account("tea", 0, 2, policy="bold", planned=5.0, delivered=2.0, purchases=2),
        account("tea", 1, 1, planned=5.0, delivered=3.0, purchases=0),
        # Nothing was logged: as planned, 4 exposures in 1 day; jam was in no other plan.
        account("jam", 1, 1, planned=4.0),
    ]
    received = received_per_day(filled(spark, EXPOSURE_ACCOUNT, rows)).collect()
    assert {row["item_id"]: tuple(row)[1:] for row in received} == {"tea": (3.0, 1.0), "jam": (4.0, 0.0)}
