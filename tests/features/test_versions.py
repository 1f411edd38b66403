"""The history of items and the state of shoppers, from a few observations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contract import ITEMS, USERS
from features.versions import item_versions, newest_users, relisted_items, withdrawn_items


def day(number: int) -> datetime:
    return datetime(2024, 1, 1 + number, tzinfo=UTC)


def observed(spark: SparkSession, *rows: tuple[str, int, str]) -> DataFrame:
    """item_id, day, title."""
    full = [
        {"item_id": item, "title": title, "attributes": {"colour": "red"}}
        | {time: day(at) for time in ("valid_from", "listed_at", "updated_at")}
        for item, at, title in rows
    ]  # fmt: skip
    return spark.createDataFrame([{name: row.get(name) for name in ITEMS.column_names} for row in full], ITEMS.schema)


def spans(versions: DataFrame) -> list[tuple[Any, ...]]:
    """item_id, title and the days of valid_from, valid_to, listed_at, updated_at, withdrawn_at."""
    times = ("valid_from", "valid_to", "listed_at", "updated_at", "withdrawn_at")
    rows = versions.orderBy("item_id", "valid_from").collect()
    return [
        (row["item_id"], row["title"], *(row[t].timetuple().tm_yday - 1 if row[t] else None for t in times))
        for row in rows
    ]


def test_only_a_change_begins_a_version(spark: SparkSession) -> None:
    seen = observed(spark, ("a", 0, "Mug"), ("a", 2, "Mug"), ("a", 5, "Big Mug"), ("b", 1, "Owl"))
    expected = [
        ("a", "Mug", 0, 5, 0, 2, None),
        ("a", "Big Mug", 5, None, 0, 5, None),
        ("b", "Owl", 1, None, 1, 1, None),
    ]
    nothing = spark.createDataFrame([], ITEMS.schema)
    assert spans(item_versions(nothing, seen, None)) == expected
    # The same in two nights, and with the second night repeated.
    first = item_versions(nothing, seen.where("title <> 'Big Mug'"), None)
    second = item_versions(first, seen.where("title = 'Big Mug'"), None)
    assert spans(second) == expected
    assert spans(item_versions(second, seen.where("title = 'Big Mug'"), None)) == expected


def test_an_unseen_item_is_withdrawn_and_listed_again(spark: SparkSession) -> None:
    seen = observed(spark, ("a", 0, "Mug"), ("a", 3, "Mug"), ("a", 13, "Mug"))
    nothing = spark.createDataFrame([], ITEMS.schema)
    assert spans(item_versions(nothing, seen, 10)) == [
        ("a", "Mug", 0, 13, 0, 3, 13),  # last seen on day 3, withdrawn 10 days later
        ("a", "Mug", 13, None, 13, 13, 23),
    ]


def test_a_shopper_has_the_newest_observation_and_the_first_sign_up(spark: SparkSession) -> None:
    rows = [
        ("u", day(3), {"town": "Bath"}, True, day(3)),
        ("u", day(1), {"town": "York"}, True, day(1)),
        ("v", day(2), {}, False, day(2)),
    ]
    users = spark.createDataFrame(rows, USERS.schema)
    newest = newest_users(users.where("user_id = 'v'"), users.where("user_id = 'u'")).orderBy("user_id").collect()
    assert [(row["user_id"], row["attributes"], row["signed_up_at"].day, row["updated_at"].day) for row in newest] == [
        ("u", {"town": "Bath"}, 2, 4),
        ("v", {}, 3, 3),
    ]


def test_an_item_that_the_catalogue_lacks_is_withdrawn_until_it_returns(spark: SparkSession) -> None:
    known = item_versions(observed(spark), observed(spark, ("a", 0, "Mug"), ("b", 0, "Owl")), None)
    offered = spark.createDataFrame([("a",)], "item_id string")
    gone = withdrawn_items(known, offered, F.lit(day(3)))
    left = item_versions(known, gone, None).persist()
    expected = [
        ("a", "Mug", 0, None, 0, 0, None),
        ("b", "Owl", 0, 3, 0, 0, None),
        ("b", "Owl", 3, None, 0, 3, 3),
    ]
    assert spans(left) == expected
    assert withdrawn_items(left, offered, F.lit(day(4))).isEmpty()  # once
    # b is in the catalogue again, unchanged since day 0; c is new, a was never withdrawn.
    seen = observed(spark, ("a", 0, "Mug"), ("b", 0, "Owl"), ("c", 1, "Whale"))
    back = relisted_items(seen, left, F.lit(day(5))).persist()
    assert spans(item_versions(left, back, None)) == [
        *expected[:2],
        ("b", "Owl", 3, 5, 0, 3, 3),
        ("b", "Owl", 5, None, 0, 5, None),
        ("c", "Whale", 1, None, 1, 1, None),
    ]
