"""A history that continues an earlier night's equals the one computed from scratch."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from features.aggregates.history import new_shoppers, next_user_history, user_history
from features.contract import USER_HISTORY
from tests.features.aggregates.frames import Event, at, bought, events, shown, users

DAY = date(2017, 12, 1)


def generated(seed: int) -> list[Event]:
    """Events of nine shoppers around the edges of days: many at one moment, some at midnight, some exposures."""
    draw = random.Random(seed)
    moments = [at(11, day, *draw.choice([(0, 0, 0), (23, 59, 59), (12, 30, 1)])) for day in range(1, 31)]
    purchases = [bought(f"u{draw.randrange(9)}", f"i{draw.randrange(20)}", draw.choice(moments)) for _ in range(200)]
    return [shown(*event[:2], event[3]) if draw.random() < 0.2 else event for event in purchases]


@pytest.mark.parametrize(("seed", "length", "days"), [(1, 4, 365), (2, 50, 365), (3, 6, 9), (4, 50, 2)])
@pytest.mark.parametrize("gap", [1, 7])
def test_a_continued_history_equals_one_from_scratch(
    spark: SparkSession, seed: int, length: int, days: int, gap: int
) -> None:
    log = events(spark, generated(seed))
    since = DAY - timedelta(days=gap)
    # u7 signs up after buying, u8 not before the date, quiet has no events, gone is no longer a shopper.
    signed = [(f"u{number}", at(1, 1)) for number in range(7)]
    known = users(spark, *signed, ("u7", at(11, 30, 23, 59, 59)), ("u8", at(12, 1)), ("quiet", at(1, 1)))
    earlier = users(spark, *signed, ("quiet", at(1, 1)), ("gone", at(1, 1)))
    last = user_history(log, earlier, (since,), length, days).drop("as_of", "days_ago").persist()
    newcomers = new_shoppers(last, known, DAY)
    assert {row["user_id"] for row in newcomers.collect()} == {"u7"}
    continued = next_user_history(last, log, known, newcomers, since, DAY, length, days)
    assert continued.columns == USER_HISTORY.column_names
    by_user = rows(continued.collect())
    assert set(by_user) == {*(f"u{number}" for number in range(8)), "quiet"}
    assert by_user == rows(user_history(log, known, (DAY,), length, days).collect())


def rows(history: list[Row]) -> dict[str, Row]:
    return {row["user_id"]: row for row in history}


def test_events_of_a_visitor_are_in_the_history_from_the_night_after_the_identification(spark: SparkSession) -> None:
    own = events(spark, [bought("u", "a", at(11, 1)), bought("u", "b", at(11, 28)), bought("w", "a", at(11, 5))])
    viewed = events(
        spark, [("u", "v1", "view", at(11, 10), 0, "0", None), ("u", "v2", "view", at(11, 28, 1), 0, "0", None)]
    )
    joined = viewed.withColumn("known_date", F.lit(date(2017, 11, 28)))
    log = own.withColumn("known_date", F.col("event_date")).unionByName(joined)
    known = users(spark, ("u", at(1, 1)), ("w", at(1, 1)))
    before, after = date(2017, 11, 28), date(2017, 11, 29)
    by_date = {
        (row["as_of"], row["user_id"]): row for row in user_history(log, known, (before, after), 50, 365).collect()
    }
    assert by_date[before, "u"]["item_ids"] == ["a"]
    assert by_date[after, "u"]["item_ids"] == ["v2", "b", "v1", "a"]
    last = user_history(log, known, (before,), 50, 365).where("user_id <> 'u'").drop("as_of", "days_ago").persist()
    newcomers = new_shoppers(last, known, after)
    continued = rows(next_user_history(last, log, known, newcomers, before, after, 50, 365).collect())
    assert continued == {user: by_date[after, user] for user in ("u", "w")}
