"""Views with which a visitor left, and their share of an item's views."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from pyspark.sql import SparkSession

from features.aggregates.daily import daily_item, daily_pair, daily_visitor, pairs_of_items
from features.aggregates.exits import exits
from features.contract import EVENTS
from features.visitors import of_shoppers, of_visitors
from jobs.incremental.browsing import has_browsing, has_views
from tests.features.aggregates.frames import at, bought, events, features_of, items
from tests.jobs.small_tables import filled


def test_the_last_event_of_a_session_is_an_exit_if_it_is_a_view(spark: SparkSession) -> None:
    def row(
        event: str, who: str | None, visitor: str | None, kind: str, item: str, hour: int, minute: int
    ) -> dict[str, object]:
        day = 2 if hour >= 24 else 1
        time = datetime(2024, 3, day, hour % 24, minute, tzinfo=UTC)
        return {"event_id": event, "user_id": who, "visitor_id": visitor, "event_type": kind, "item_id": item,
                "event_time": time, "event_date": time.date(), "sample_weight": 2.0}  # fmt: skip

    log = filled(spark, EVENTS, [
        row("1", "u", None, "view", "a", 9, 0),
        row("2", "u", None, "view", "b", 9, 30),  # within half an hour; the last of the session
        row("3", "u", None, "exposure", "a", 9, 40),  # takes no part
        row("4", "u", None, "view", "a", 10, 1),
        row("5", "u", None, "cart", "a", 10, 2),  # the last, and no view
        row("6", None, "v", "view", "a", 9, 10),  # another session, cut by midnight
        row("7", None, "v", "view", "a", 23, 55),
        row("8", None, "v", "view", "c", 24, 5),
        row("9", "u", "v", "view", "b", 24, 6),  # of the same device
    ])  # fmt: skip
    left = {(row["day"].day, row["item_id"]): row["exits_weight"] for row in exits(log, 30).collect()}
    assert left == {(1, "b"): 2.0, (1, "a"): 4.0, (2, "b"): 2.0}
    pairs, visitors = daily_pair(of_shoppers(log)), daily_visitor(of_visitors(log))
    days = daily_item(pairs_of_items(pairs, visitors), exits(log, 30)).collect()
    counts = {(row["day"].day, row["item_id"]): (row["views_weight"], row["exits_weight"]) for row in days}
    assert counts == {(1, "a"): (8.0, 4.0), (1, "b"): (2.0, 2.0), (2, "b"): (2.0, 2.0), (2, "c"): (2.0, 0.0)}
    assert has_views(pairs.where("item_id = 'a'"), None)
    carts = pairs.where("views_weight = 0 AND exposures_weight = 0")
    assert not has_views(carts, None)
    assert has_views(carts, visitors)
    assert not has_browsing(carts.where("carts_weight = 0"))


def test_shares_of_exits_are_shrunk_and_nothing_where_no_one_browses(spark: SparkSession) -> None:
    rows = [("u", "a", "view", at(11, 20, hour), 0, "0", None) for hour in (8, 10, 12)]
    rows += [("u", "b", "view", at(11, 20, 12, 10), 0, "0", None)]
    log = events(spark, rows)
    listed = items(spark, [(item, at(1, 1), None, None) for item in "ab"])
    left = exits(log, 30)
    features = {
        row["item_id"]: row for row in features_of(spark, rows, listed, (date(2017, 12, 1),), exits=left).collect()
    }
    # a is left at 8 and at 10, b at 12:10: 3 of 4 views.
    assert features["a"]["exit_share_28d"] == (2 + 20 * 3 / 4) / (3 + 20)
    assert features["b"]["exit_share_28d"] == (1 + 20 * 3 / 4) / (1 + 20)
    sold = features_of(spark, [bought("u", "a", at(11, 20))], listed, (date(2017, 12, 1),)).collect()
    assert {row["exit_share_28d"] for row in sold} == {0.0}


def test_no_file_of_days_without_a_view_is_read(spark: SparkSession, tmp_path: Path) -> None:
    place = str(tmp_path / "pairs")
    daily_pair(events(spark, [bought("u", "a", at(11, 20))])).coalesce(1).write.format("delta").save(place)
    stored = spark.read.format("delta").load(place)
    assert not has_views(stored, None)
    for file in (tmp_path / "pairs").glob("*.parquet"):
        file.unlink()
    assert not has_views(stored, None)
    assert not has_browsing(stored)
