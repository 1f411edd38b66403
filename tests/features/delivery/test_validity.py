"""Which logged exposures count, row by row."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession

from features.delivery.validity import event_counts, with_verdict

DAY = date(2024, 5, 3)
SCHEMA = (
    "event_id string, user_id string, item_id string, event_time timestamp, event_date date, ingested_at timestamp, "
    "request_id string, position int, propensity double, sample_weight double, as_of date"
)


def at(hour: int, day: int = 3) -> datetime:
    return datetime(2024, 5, day, hour)


#    id   user item time event_date ingested  request position propensity weight night
ROWS = [
    ("1", "u", "a", at(9), DAY, at(9), "r1", 1, 1.0, 1.0, DAY),
    ("2", "u", "a", at(10), DAY, at(10), "r1", 1, 1.0, 1.0, DAY),  # a repeated request and item
    ("3", "u", "a", at(11), DAY, at(2, day=4), "r2", 1, None, 1.0, DAY),  # no propensity; came the next day
    ("4", "u", "b", at(9), DAY, at(9), None, 2, 0.5, 1.0, DAY),
    ("5", "u", "b", at(9), DAY, at(9), None, 2, 0.5, 1.0, DAY),  # no request: the same position at the same time
    ("6", "u", "gone", at(13), DAY, at(13), "r3", 3, 1.0, 1.0, DAY),
    ("7", "u", "gone", at(11), DAY, at(11), "r4", 3, 1.0, 1.0, DAY),  # an hour before it was withdrawn
    ("8", "bot", "a", at(9), DAY, at(9), "r5", 1, 1.0, 60.0, DAY),
    ("9", "bot", "gone", at(13), DAY, at(13), "r6", 1, 1.0, 60.0, DAY),  # two defects, one verdict
    ("10", "u", "c", at(2), DAY, at(2), "r7", 1, 1.0, 1.0, None),  # no night was live
]


@pytest.fixture(scope="module")
def judged(spark: SparkSession) -> DataFrame:
    withdrawals = spark.createDataFrame([("gone", at(12))], "item_id string, withdrawn_at timestamp")
    return with_verdict(spark.createDataFrame(ROWS, SCHEMA), withdrawals, most_a_day=100.0)


def test_verdicts(judged: DataFrame) -> None:
    assert {row["event_id"]: row["verdict"] for row in judged.collect()} == {
        "1": "counted", "2": "duplicate", "3": "counted", "4": "counted", "5": "duplicate", "6": "withdrawn",
        "7": "counted", "8": "bot", "9": "bot", "10": "without_plan",
    }  # fmt: skip
    assert judged.columns == [*(name.split()[0] for name in SCHEMA.split(", ")), "verdict"]


def test_every_count_has_a_value_unless_nothing_was_logged(judged: DataFrame) -> None:
    assert {row["name"]: row["value"] for row in event_counts(judged, date(2024, 5, 6)).collect()} == {
        "delivery_counted_count": 4, "delivery_bot_count": 2, "delivery_duplicate_count": 2,
        "delivery_withdrawn_count": 1, "delivery_without_plan_count": 1,
        "delivery_without_propensity_count": 1, "delivery_without_request_count": 1,
        "delivery_late_count": 1, "delivery_newest_age_days": 3,
    }  # fmt: skip
    only_bots = {row["name"]: row["value"] for row in event_counts(judged.where("user_id = 'bot'"), DAY).collect()}
    assert (only_bots["delivery_counted_count"], only_bots.get("delivery_newest_age_days")) == (0, None)
    assert event_counts(judged.where("event_id = 'none'"), DAY).isEmpty()
