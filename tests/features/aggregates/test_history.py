"""A history that goes on from an earlier night's is the one that is made anew."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from pyspark.sql import Row, SparkSession

from features.aggregates.history import next_user_history, user_history
from features.contract import USER_HISTORY
from tests.features.aggregates.frames import Event, at, bought, events, shown, users

DAY = date(2017, 12, 1)


def generated(seed: int) -> list[Event]:
    """Events of nine shoppers around the edges of days: many at one moment, some at midnight, some exposures."""
    draw = random.Random(seed)
    moments = [at(11, day, *draw.choice([(0, 0, 0), (23, 59, 59), (12, 30, 1)])) for day in range(1, 31)]
    made = [bought(f"u{draw.randrange(9)}", f"i{draw.randrange(20)}", draw.choice(moments)) for _ in range(200)]
    return [shown(*event[:2], event[3]) if draw.random() < 0.2 else event for event in made]


@pytest.mark.parametrize(("seed", "length", "days"), [(1, 4, 365), (2, 50, 365), (3, 6, 9), (4, 50, 2)])
@pytest.mark.parametrize("gap", [1, 7])
def test_it_is_what_is_made_anew(spark: SparkSession, seed: int, length: int, days: int, gap: int) -> None:
    made = events(spark, generated(seed))
    since = DAY - timedelta(days=gap)
    # u7 signs up after it bought, u8 never before the date, quiet does nothing; gone is not a shopper any more.
    signed = [(f"u{number}", at(1, 1)) for number in range(7)]
    known = users(spark, *signed, ("u7", at(11, 30, 23, 59, 59)), ("u8", at(12, 1)), ("quiet", at(1, 1)))
    earlier = users(spark, *signed, ("quiet", at(1, 1)), ("gone", at(1, 1)))
    last = user_history(made, earlier, (since,), length, days).drop("as_of", "days_ago").persist()
    found = next_user_history(last, made, known, since, DAY, length, days)
    assert found.columns == USER_HISTORY.column_names
    told = rows(found.collect())
    assert set(told) == {*(f"u{number}" for number in range(8)), "quiet"}
    assert told == rows(user_history(made, known, (DAY,), length, days).collect())


def rows(found: list[Row]) -> dict[str, Row]:
    return {row["user_id"]: row for row in found}
