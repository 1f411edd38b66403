"""Whose purchase a return is of, where visitors are identified."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession

from features.contract import EVENTS
from features.visitors import actor
from jobs.sources.event_validation import first_purchases
from tests.jobs.small_tables import filled


def at(day: int) -> datetime:
    return datetime(2024, 3, day, tzinfo=UTC)


def purchases(spark: SparkSession, *rows: tuple[str | None, str | None, str, int]) -> DataFrame:
    return filled(spark, EVENTS, [
        {"user_id": user, "visitor_id": visitor, "item_id": item, "event_type": "purchase", "event_time": at(day)}
        for user, visitor, item, day in rows
    ])  # fmt: skip


def test_a_shopper_may_return_what_the_visitor_bought_and_the_other_way_round(spark: SparkSession) -> None:
    bought = purchases(spark, (None, "v1", "a", 5), ("u1", None, "a", 7), (None, "v2", "a", 1), ("u1", None, "b", 3))
    asked = purchases(
        spark, ("u1", None, "a", 9), ("u2", None, "a", 9), ("u3", None, "a", 9), (None, "v1", "b", 9),
        (None, "v3", "a", 9),
    ).select(actor().alias("actor"), "item_id")  # fmt: skip
    # v2 was two shoppers one after the other: either may have bought it.
    persons = spark.createDataFrame([("v1", "u1"), ("v2", "u2"), ("v2", "u3")], "visitor_id string, user_id string")
    first = {(row["actor"], row["item_id"]): row["first_purchase"].day
             for row in first_purchases(bought, asked, persons).collect()}  # fmt: skip
    assert first == {("u1", "a"): 5, ("u2", "a"): 1, ("u3", "a"): 1, ("\x1fvisitor:v1", "b"): 3}
    alone = {row["actor"] for row in first_purchases(bought, asked, None).collect()}
    assert alone == {"u1"}
