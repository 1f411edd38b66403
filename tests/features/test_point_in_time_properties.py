"""The join for training sets and the windows against plain Python, on generated cases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from features.aggregates.daily import daily_pair, daily_user
from features.aggregates.user_features import user_features, user_rows
from features.point_in_time import join_as_known
from tests.features.aggregates.frames import Event, as_table, bought, events, features_of, items, users

ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
# Around both changes of the clock of 2017 in New York, and around midnights.
MOMENTS = [
    datetime(2017, *parts, tzinfo=UTC)
    for parts in (
        (3, 11, 23, 59, 59, 999999), (3, 12), (3, 12, 6, 59), (3, 12, 7), (3, 13), (3, 13, 0, 0, 0, 1),
        (11, 4), (11, 5), (11, 5, 5, 30), (11, 5, 6), (11, 5, 6, 30), (11, 6), (11, 6, 4), (11, 6, 5),
    )
]  # fmt: skip
KEYS = ("1", "11", "111", "", "a|b", "a", "b|a", ",", "None", "茶", None)
# Includes pairs of keys that are equal when concatenated without a separator.
key = st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS[:6]))
moment = st.one_of(st.none(), st.sampled_from(MOMENTS))
known = st.tuples(key, moment, st.one_of(st.none(), st.integers(0, 3)), st.integers(0, 9))
Known = tuple[tuple[str | None, str | None], Any, int | None, int]


@contextmanager
def zone(spark: SparkSession, name: str) -> Iterator[None]:
    spark.conf.set("spark.sql.session.timeZone", name)
    try:
        yield
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def expected(
    rows: list[tuple[Any, Any]], history: list[Known], of_dates: bool, max_age: timedelta | None
) -> list[int | None]:
    """The value that plain Python finds for each row: NULL sorts before every tie, as in Spark."""
    values: list[int | None] = []
    for wanted, at in rows:
        candidates = []
        for who, since, tie, value in history:
            if since is None or at is None or None in wanted or who != wanted:
                continue
            began = datetime(since.year, since.month, since.day, tzinfo=UTC) if of_dates else since
            if began < at or (of_dates and began == at):
                candidates.append(((began, -1 if tie is None else tie, value), began))
        best = max(candidates, default=None)
        is_young = best is not None and (max_age is None or best[1] >= at - max_age)
        values.append(best[0][2] if best is not None and is_young else None)
    return values


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys_and_times=st.lists(st.tuples(key, moment), min_size=1, max_size=30),
    history=st.lists(known, max_size=60),
    of_dates=st.booleans(),
    max_age=st.sampled_from((None, 1, 300)),
    zone_name=st.sampled_from(ZONES),
)
def test_the_join_finds_what_plain_python_finds(
    spark: SparkSession,
    keys_and_times: list[tuple[Any, Any]],
    history: list[Known],
    of_dates: bool,
    max_age: int | None,
    zone_name: str,
) -> None:
    dated = [(who, since.date() if of_dates and since else since, tie, value) for who, since, tie, value in history]
    with zone(spark, zone_name):
        rows = spark.createDataFrame(
            [(number, *who, at) for number, (who, at) in enumerate(keys_and_times)],
            "number int, user string, item string, at timestamp",
        )
        known_rows = spark.createDataFrame(
            [(*who, since, tie, value) for who, since, tie, value in dated],
            f"user string, item string, since {'date' if of_dates else 'timestamp'}, tie int, value int",
        )
        joined = join_as_known(
            rows.unionByName(rows),  # every row twice
            known_rows,
            ["user", "item"],
            at="at",
            since="since",
            columns=["value"],
            ties=["tie", "value"],
            max_age_days=max_age,
        )
        values = sorted((row["number"], row["value"]) for row in joined.select("number", "value").collect())
    wanted = expected(keys_and_times, dated, of_dates, timedelta(days=max_age) if max_age else None)
    assert values == sorted((number, value) for number, value in enumerate(wanted) for _ in range(2))


def test_prices_of_the_time(spark: SparkSession) -> None:
    """The price of a version is known after the moment at which it begins, however long it is valid."""
    prices = spark.createDataFrame(
        [("a", datetime(2017, 11, 1, tzinfo=UTC), 1), ("a", datetime(2017, 11, 5, tzinfo=UTC), 2)],
        "item_id string, valid_from timestamp, price int",
    )
    moments = {
        datetime(2017, 11, 1, tzinfo=UTC): None,
        datetime(2017, 11, 1, 0, 0, 0, 1, tzinfo=UTC): 1,
        datetime(2017, 11, 5, tzinfo=UTC): 1,
        datetime(2018, 1, 1, tzinfo=UTC): 2,
    }
    rows = spark.createDataFrame([("a", at) for at in moments], "item_id string, at timestamp")
    joined = join_as_known(rows, prices, ["item_id"], at="at", since="valid_from", columns=["price"])
    assert [row["price"] for row in joined.orderBy("at").collect()] == list(moments.values())


def test_a_column_that_both_sides_have_is_an_error(spark: SparkSession) -> None:
    rows = spark.createDataFrame([], "k string, at timestamp, price int")
    with pytest.raises(ValueError, match="price"):
        join_as_known(rows, rows, ["k"], at="at", since="at", columns=["price"])
    with pytest.raises(ValueError, match="lacks the column cost"):
        join_as_known(rows, rows, ["k"], at="at", since="at", columns=["cost"])


@pytest.mark.parametrize("zone_name", ["America/New_York"])
def test_windows_are_those_of_plain_python(spark: SparkSession, zone_name: str) -> None:
    """Features of generated events at two dates, in a session in another zone than UTC, against plain Python."""
    draw = random.Random(17)
    dates = (date(2017, 11, 6), date(2017, 12, 1))
    start = datetime(2017, 7, 1, tzinfo=UTC)
    rows: list[Event] = []
    for _ in range(400):
        # Many at the edges of days; some at and after the dates, which must not count.
        when = start + timedelta(days=draw.randrange(160), seconds=draw.choice((0, 1, 43_200, 86_399)))
        price = f"{draw.randrange(500) / 100:.2f}"
        rows.append(bought(draw.choice("uvw"), draw.choice("abcde"), when, price, draw.choice((None, "0.10"))))
    with zone(spark, zone_name):
        log = events(spark, rows)
        pairs = as_table(daily_pair(log))
        began = datetime(2017, 1, 1, tzinfo=UTC)
        listed = items(spark, [(item, began, None, None) for item in "abcde"])
        of_items = as_table(features_of(spark, rows, listed, dates))
        known = users(spark, *((user, began) for user in "uvw"))
        searches = spark.createDataFrame([], "user_id string, query string, search_time timestamp, known_date date")
        own = user_rows(known, as_table(daily_user(pairs, log)), pairs, searches, dates)
        of_users = user_features(own, pairs, of_items, dates)
        features = {(row["as_of"], row["item_id"]): row for row in of_items.collect()}
        features |= {(row["as_of"], row["user_id"]): row for row in of_users.collect()}
    for as_of in dates:
        for name, place, other in (*((item, 1, 0) for item in "abcde"), *((user, 0, 1) for user in "uvw")):
            row, mine = features[as_of, name], [event for event in rows if event[place] == name]

            def last(days: int, mine: list[Event] = mine, as_of: date = as_of) -> list[Event]:
                return [event for event in mine if as_of - timedelta(days=days) <= event[3].date() < as_of]

            assert row["purchases_count_1d"] == len(last(1))
            assert row["purchases_count_28d"] == len(last(28))
            assert row["purchases_count_life"] == len(last(9999))
            assert Decimal(str(row["spend_sum_90d"])) == sum((Decimal(event[5]) for event in last(90)), Decimal(0))
            members = {event[other] for event in last(90)}
            assert row["buyers_count_90d" if place else "items_count_90d"] == len(members)
            assert row["buyers_count_life" if place else "items_count_life"] == len(
                {event[other] for event in last(9999)}
            )
            again = [m for m in members if len({event[3].date() for event in last(90) if event[other] == m}) > 1]
            assert row["repeat_share_90d"] == (len(again) / len(members) if members else 0.0)
            newest = max((event[3].date() for event in last(9999)), default=None)
            assert row["days_since_last_purchase"] == ((as_of - newest).days if newest else 9999.0)
