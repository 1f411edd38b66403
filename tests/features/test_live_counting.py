"""Which events of a stream count, and into which window."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from features.live.counting import fit_to_count, stream_schema, unfit_counts, window_counts

pytestmark = pytest.mark.slow


def of_shoppers(spark: SparkSession, rows: list[tuple[object, ...]]) -> DataFrame:
    """Rows of the stream without their last column, the visitor."""
    return spark.createDataFrame([(*row, None) for row in rows], stream_schema())


def test_counts_by_window_and_weight(spark: SparkSession) -> None:
    at = lambda minute: datetime(2024, 5, 1, 23, minute, tzinfo=UTC).replace(tzinfo=None)  # noqa: E731
    rows = [
        ("1", "u", "a", "exposure", at(4), "tail_shelf", 3, 2.0),
        ("2", "u", "a", "exposure", at(4), "display", 1, 1.0),  # another placement
        ("3", "u", "a", "exposure", at(4), None, None, 1.0),
        ("4", "u", "a", "click", at(4), None, None, None),  # without a weight it counts 1
        ("5", "v", "a", "purchase", at(5), None, None, 1.0),  # the next window begins at its minute
        ("6", "v", "b", "review", at(5), None, None, 1.0),
    ]
    events = of_shoppers(spark, rows)
    counts = {tuple(row) for row in window_counts(events, "item_id", "tail_shelf", 5, [1.0, 0.5, 0.25]).collect()}
    day = date(2024, 5, 1)
    assert counts == {(day, at(0), "a", 2.0, 1.0, 0.0, 0.0, 0.5), (day, at(5), "a", 0.0, 0.0, 0.0, 1.0, 0.0)}


def test_a_window_in_which_a_night_goes_live_is_two(spark: SparkSession) -> None:
    at = lambda day, hour, minute: datetime(2024, 5, day, hour, minute)  # noqa: E731
    moments = [at(1, 4, 1), at(1, 4, 2), at(1, 4, 6), at(2, 0, 1), at(2, 4, 1), at(2, 4, 3)]
    rows = [(str(n), "u", "a", "click", moment, None, None, 1.0) for n, moment in enumerate(moments)]
    since = at(1, 4, 2).replace(tzinfo=UTC)
    counts = window_counts(of_shoppers(spark, rows), "item_id", "tail_shelf", 5, [1.0], since).collect()
    assert sorted(row["window_start"] for row in counts) == [
        at(1, 4, 0), at(1, 4, 2), at(1, 4, 5), at(2, 0, 0), at(2, 4, 0), at(2, 4, 2),
    ]  # fmt: skip


def test_rows_that_cannot_be_counted(spark: SparkSession) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        ("1", "u", "a", "click", now, None, None, None),
        ("2", "u", "a", "click", now + timedelta(minutes=3), None, None, None),
        ("3", "u", "a", "click", now + timedelta(days=300), None, None, None),  # a wrong clock
        (None, "u", "a", "click", now, None, None, None),
        ("5", None, "a", "click", now, None, None, None),
        ("6", "u", None, "click", now, None, None, None),
        ("7", "u", "a", "click", None, None, None, None),
    ]
    events = of_shoppers(spark, rows)
    assert [row["event_id"] for row in events.where(fit_to_count(5)).collect()] == ["1", "2"]
    unfit = events.agg(*unfit_counts(5)).first()
    assert unfit is not None
    assert unfit.asDict() == {"without_id": 3, "without_time": 1, "ahead_of_the_clock": 1}


def test_an_event_of_a_visitor_counts_for_its_item(spark: SparkSession) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        ("1", None, "a", "click", now, None, None, None, "v"),
        ("2", None, "a", "click", now, None, None, None, None),
    ]
    events = spark.createDataFrame(rows, stream_schema()).where(fit_to_count(5))
    assert [row["clicks"] for row in window_counts(events, "item_id", "tail_shelf", 5, [1.0]).collect()] == [1.0]
