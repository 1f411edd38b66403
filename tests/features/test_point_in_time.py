"""A version is known after the moment at which it begins."""

from __future__ import annotations

from datetime import UTC, date, datetime

from pyspark.sql import SparkSession

from features.point_in_time import versions_at


def _at(day: int, hour: int = 0) -> datetime:
    return datetime(2017, 11, day, hour, tzinfo=UTC)


def test_the_newest_version_before_each_date(spark: SparkSession) -> None:
    versions = spark.createDataFrame(
        [("a", _at(1), "first"), ("a", _at(5), "second"), ("b", _at(5, 1), "only")],
        "item_id string, valid_from timestamp, title string",
    )
    dates = [date(2017, 11, day) for day in (1, 5, 6)]
    titles = {
        (row["as_of"].day, row["item_id"]): row["title"] for row in versions_at(versions, dates, "item_id").collect()
    }
    # Nothing is known on the 1st; on the 5th the version of 00:00 that day is not known yet.
    assert titles == {(5, "a"): "first", (6, "a"): "second", (6, "b"): "only"}
