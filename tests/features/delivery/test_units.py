"""Units of a draw: who came, what a drawn place got, what counts as a response."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from pyspark.sql import SparkSession

from features.delivery.units import requests_of_lists, with_outcomes

FIRST, SECOND = date(2024, 5, 1), date(2024, 5, 2)


def at(day: int, hour: int) -> datetime:
    return datetime(2024, 5, day, hour)


def test_units_with_dose_and_response(spark: SparkSession) -> None:
    draws = spark.createDataFrame(
        [
            (FIRST, "main", user, item, drawn)
            for user, item, drawn in [
                ("ann", "tea", True), ("ann", "jam", True), ("ann", "oil", False), ("ann", "rye", False),
                ("ann", "fig", False), ("bob", "tea", True), ("bob", "jam", False), ("cid", "tea", True),
            ]
        ],
        "as_of date, policy string, user_id string, item_id string, is_drawn boolean",
    )  # fmt: skip
    exposures = spark.createDataFrame(
        [
            # Two requests with .5 and .3 of attention on the two drawn places, of which the second missed the jam.
            (FIRST, "main", "ann", "top", at(1, 9), 1.0, 1.0),
            (FIRST, "main", "ann", "tea", at(1, 9), 1.0, 0.5),
            (FIRST, "main", "ann", "jam", at(1, 9), 1.0, 0.3),
            (FIRST, "main", "ann", "tea", at(1, 20), 1.0, 0.5),
            (SECOND, "main", "ann", "oil", at(2, 9), 1.0, 0.5),
            (FIRST, "main", "bob", "tea", at(1, 9), 2.0, 0.5),
            # Seen under another policy: not this list.
            (FIRST, "other", "cid", "tea", at(1, 9), 1.0, 0.5),
        ],
        "as_of date, policy string, user_id string, item_id string, event_time timestamp, sample_weight double, "
        "attention double",
    )
    responses = spark.createDataFrame(
        [
            ("ann", "tea", at(1, 10)), ("ann", "tea", at(1, 11)),  # twice is once
            ("ann", "jam", at(1, 8)),  # before the visit
            ("ann", "oil", at(2, 10)),  # after it was shown by the next night
            ("ann", "rye", at(5, 10)),  # never shown
            ("ann", "fig", at(8, 10)),  # after the seven days
            ("bob", "jam", at(2, 9)), ("cid", "tea", at(1, 10)),
        ],
        "user_id string, item_id string, event_time timestamp",
    )  # fmt: skip
    rows = with_outcomes(draws, exposures, responses, days=7).collect()
    units = {(row["user_id"], row["item_id"]): (row["dose"], row["response"]) for row in rows}
    dose = pytest.approx((0.5 + 0.3 + 0.5) / 2)
    assert units == {
        ("ann", "tea"): (dose, 1.0), ("ann", "jam"): (dose, 0.0), ("ann", "oil"): (dose, 0.0),
        ("ann", "rye"): (dose, 1.0), ("ann", "fig"): (dose, 0.0),
        ("bob", "tea"): (1.0, 0.0), ("bob", "jam"): (1.0, 1.0),
    }  # fmt: skip


def test_requests_of_a_list_count_once_by_their_sampling_weight(spark: SparkSession) -> None:
    exposures = spark.createDataFrame(
        [
            (FIRST, "main", "ann", "r1", 1.0), (FIRST, "main", "ann", "r1", 1.0), (FIRST, "main", "ann", "r2", 4.0),
            (SECOND, "main", "ann", "r3", 1.0), (FIRST, "other", "ann", "r4", 2.0), (FIRST, "main", "bob", None, 1.0),
        ],
        "as_of date, policy string, user_id string, request_id string, sample_weight double",
    )  # fmt: skip
    rows = {tuple(row)[:3]: row["requests"] for row in requests_of_lists(exposures).collect()}
    assert rows == {(FIRST, "main", "ann"): 5.0, (SECOND, "main", "ann"): 1.0, (FIRST, "other", "ann"): 2.0}
