"""Whose an event of an unknown visitor is, and from when."""

from __future__ import annotations

from datetime import UTC, date, datetime

from pyspark.sql import DataFrame, SparkSession

from features.contract import EVENTS, IDENTITIES, USERS
from features.visitors import actor, identified, identity_changes
from tests.jobs.small_tables import filled


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2024, 3, day, hour, tzinfo=UTC)


def views(spark: SparkSession, *rows: tuple[str, str | None, str, datetime]) -> DataFrame:
    """Views by event_id, user_id, visitor_id and time."""
    values = [
        {"event_id": event, "user_id": user, "visitor_id": visitor, "event_type": "view", "event_time": time,
         "event_date": time.date()}
        for event, user, visitor, time in rows
    ]  # fmt: skip
    return filled(spark, EVENTS, values)


def logins(spark: SparkSession, *rows: tuple[str, str, datetime]) -> DataFrame:
    return spark.createDataFrame(rows, IDENTITIES.schema)


def shoppers(spark: SparkSession, **consents: bool) -> DataFrame:
    rows = [{"user_id": user, "consent_personalisation": consents} for user, consents in consents.items()]
    return filled(spark, USERS, rows)


def test_an_event_is_of_the_last_identification_before_it_or_else_of_the_first(spark: SparkSession) -> None:
    log = views(
        spark,
        ("long-before", None, "v", at(1)),  # more than 3 days before the first log-in
        ("before", None, "v", at(5, 23)),
        ("between", None, "v", at(6, 1)),
        ("after", None, "v", at(8, 12)),
        ("at", None, "v", at(8)),
        ("own", "u1", "v", at(6)),
        ("other", None, "w", at(6)),
        ("refuses", None, "x", at(6)),
    )
    known = identity_changes(
        logins(spark, ("v", "u1", at(6)), ("v", "u1", at(7)), ("v", "u2", at(8)), ("x", "u3", at(7)))
    )
    assert sorted(tuple(row)[:2] for row in known.collect()) == [("v", "u1"), ("v", "u2"), ("x", "u3")]
    users = shoppers(spark, u1=True, u2=True, u3=False)

    def rows(since: date | None) -> set[tuple[str, str, int]]:
        events = identified(log, known, users, 3, since).collect()
        return {(row["event_id"], row["user_id"], row["known_date"].day) for row in events}

    everything = {("before", "u1", 6), ("between", "u1", 6), ("at", "u2", 8), ("after", "u2", 8)}
    assert rows(None) == everything
    for day in range(1, 10):
        assert rows(date(2024, 3, day)) == {row for row in everything if row[2] >= day}, day


def test_no_shopper_is_a_visitors_actor(spark: SparkSession) -> None:
    log = views(spark, ("1", "v", "v", at(1)), ("2", None, "v", at(1)), ("3", None, "v", at(2)))
    actors = [row["actor"] for row in log.select(actor().alias("actor")).collect()]
    assert actors[0] == "v"
    assert actors[1] == actors[2] != "v"
