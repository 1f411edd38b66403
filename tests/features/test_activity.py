"""The last session of a shopper, and the hours and weekdays of activity by the store's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from pyspark.sql import SparkSession

from features.contract import USER_HISTORY
from features.derived.activity import active, session_categories
from tests.jobs.small_tables import filled

DAY = date(2024, 4, 1)  # a Monday


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2024, month, day, hour, minute, tzinfo=UTC)


def _row(user: str, *events: tuple[str, str, datetime]) -> dict[str, Any]:
    """A row of user_history from item, type and time, newest first."""
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    return {
        "as_of": DAY, "user_id": user, "item_ids": [item for item, _, _ in events],
        "event_types": [kind for _, kind, _ in events], "event_times": [time for _, _, time in events],
        "days_ago": [(midnight - time) / timedelta(days=1) for _, _, time in events],
    }  # fmt: skip


def _active(spark: SparkSession, *rows: dict[str, Any], zone: str = "UTC") -> dict[str, dict[str, Any]]:
    frame = active(filled(spark, USER_HISTORY, rows), zone, 30)
    return {row["user_id"]: row.asDict() for row in frame.collect()}


def test_the_last_session_ends_where_a_shopper_did_nothing_for_longer(spark: SparkSession) -> None:
    rows = [
        _row(
            "u",
            ("c", "return", at(31, 22)),  # sent back, no visit
            ("a", "cart", at(31, 12, 40)),
            ("b", "view", at(31, 12, 10)),  # half an hour before: the same session
            ("a", "view", at(31, 12)),
            ("d", "view", at(31, 11, 29)),  # 31 minutes before
        ),
        _row("once", ("a", "view", at(30, 6))),
        _row("quiet"),
    ]
    features = _active(spark, *rows)
    assert features["u"]["last_session_items"] == ["a", "b"]
    assert (features["u"]["last_session_events"], features["u"]["last_session_minutes"]) == (3, 40.0)
    assert round(features["u"]["days_since_last_session"] * 1440) == 680
    assert (features["once"]["last_session_events"], features["once"]["last_session_minutes"]) == (1, 0.0)
    quiet = features["quiet"]
    assert (quiet["last_session_items"], quiet["last_session_events"], quiet["last_session_minutes"]) == ([], 0, None)
    assert quiet["days_since_last_session"] is quiet["active_hours_shares_90d"] is None

    items = spark.createDataFrame(
        [(DAY, "a", "tea"), (DAY, "b", ""), (date(2024, 3, 1), "b", "salt"), (DAY, "d", "oil")],
        "as_of date, item_id string, category string",
    )
    categories = session_categories(active(filled(spark, USER_HISTORY, rows), "UTC", 30), items).collect()
    assert {row["user_id"]: row["last_session_categories"] for row in categories} == {"u": ["tea"], "once": ["tea"]}


def test_hours_and_weekdays_are_those_of_the_stores_clock(spark: SparkSession) -> None:
    # Sunday 23:30 in winter and in summer, after the clocks changed on the 31st of March, and a time too old.
    row = _row("u", ("a", "view", at(31, 22, 30)), ("a", "view", at(3, 23, 30)), ("a", "view", at(1, 5, month=1)))
    utc = _active(spark, row)["u"]
    assert {hour: share for hour, share in enumerate(utc["active_hours_shares_90d"]) if share} == {22: 0.5, 23: 0.5}
    assert utc["active_weekdays_shares_90d"] == [0.0] * 6 + [1.0]
    berlin = _active(spark, row, zone="Europe/Berlin")["u"]
    assert {hour: share for hour, share in enumerate(berlin["active_hours_shares_90d"]) if share} == {0: 1.0}
    assert berlin["active_weekdays_shares_90d"] == [1.0] + [0.0] * 6
    los_angeles = _active(spark, row, zone="America/Los_Angeles")["u"]
    assert {hour for hour, share in enumerate(los_angeles["active_hours_shares_90d"]) if share} == {15}
