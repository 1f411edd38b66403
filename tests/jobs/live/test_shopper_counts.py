"""Counts of shoppers on the executors: each batch once, a new day from zero, bots, and a start from Delta."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract.live_counts import LIVE_USER_COUNTS, SUMS
from jobs.live import shopper_counts
from jobs.live.shopper_counts import MERGED_AFTER, ShopperCounts
from jobs.tables.warehouse import Warehouse

pytestmark = pytest.mark.slow
TODAY, TOMORROW = date(2024, 5, 1), date(2024, 5, 2)


class Batches:
    """Adds batches of exposures to the counts and to Delta."""

    def __init__(self, spark: SparkSession, tables: Warehouse, most: float = 10.0) -> None:
        self.spark, self.tables = spark, tables
        tables.prepare(LIVE_USER_COUNTS)
        self.counts = ShopperCounts(tables, "events", most)

    def add(self, batch_id: int, *rows: tuple[date, str, float]) -> dict[str, float]:
        """The day's exposures of the shoppers of the batch."""
        others = dict.fromkeys(SUMS, 0.0)
        partials = self.spark.createDataFrame(
            [{"day": day, "window_start": datetime(day.year, day.month, day.day), "user_id": user, **others,
              "exposures": exposures} for day, user, exposures in rows],
            ", ".join(["day date, window_start timestamp, user_id string", *(f"{name} double" for name in SUMS)]),
        )  # fmt: skip
        marked = partials.select("*", F.lit("events").alias("stream"), F.lit(batch_id).alias("batch_id"))
        self.tables.add_once(marked, LIVE_USER_COUNTS, "test", batch_id)
        newest = max((day for day, _, _ in rows), default=None)
        slices = list(self.counts.add(batch_id, partials, len(rows), newest))
        frame = pd.concat(slices) if slices else pd.DataFrame({"exposures": []})
        return {str(user): float(value) for user, value in frame["exposures"].items()}


def test_batches_add_up_and_a_new_day_starts_from_zero(spark: SparkSession, tmp_path: object) -> None:
    tables = Warehouse(spark, str(tmp_path))
    batches = Batches(spark, tables)
    assert batches.add(0) == {}
    assert batches.add(1, (TODAY, "a", 2.0), (TODAY, "b", 1.0)) == {"a": 2.0, "b": 1.0}
    assert batches.add(2, (TODAY, "a", 3.0)) == {"a": 5.0}  # only the touched shoppers
    assert batches.add(2, (TODAY, "a", 3.0)) == {"a": 5.0}  # the same batch again
    assert batches.add(3, (TODAY, "a", 6.0)) == {"a": 11.0}
    assert batches.counts.bots == {"a"}
    again = Batches(spark, tables)  # the stream is started again
    assert (again.counts.last_batch, again.counts.day, again.counts.bots) == (3, TODAY, {"a"})
    assert again.add(3, (TODAY, "a", 6.0)) == {"a": 11.0}
    assert again.add(4, (TODAY, "a", 9.0), (TOMORROW, "b", 1.0)) == {"b": 1.0}
    assert again.add(5, (TODAY, "a", 9.0)) == {}
    assert (again.counts.day, again.counts.bots) == (TOMORROW, set())


def test_merged_batches_and_slices_change_nothing(
    spark: SparkSession, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shopper_counts, "AT_ONCE", 2)
    batches = Batches(spark, Warehouse(spark, str(tmp_path)))
    seen: dict[str, float] = {}
    for number in range(MERGED_AFTER + 3):
        rows = [(TODAY, f"u{(number * 3 + k) % 7}", 1.0 + k) for k in range(5)]
        for _, user, exposures in rows:
            seen[user] = seen.get(user, 0.0) + exposures
        assert batches.add(number, *rows) == {user: seen[user] for _, user, _ in rows}
    assert batches.counts.bots == {user for user, exposures in seen.items() if exposures > 10}
