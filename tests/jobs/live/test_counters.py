"""Counters of a day: each batch counts once, a new day starts from zero."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.contract.live_counts import LIVE_ITEM_COUNTS, SUMS
from jobs.live.counters import ItemCounts, NightCounts
from jobs.tables.warehouse import Warehouse
from tests.jobs.small_tables import filled

pytestmark = pytest.mark.slow
TODAY, TOMORROW = date(2024, 5, 1), date(2024, 5, 2)


def partials(*rows: tuple[date, str, float]) -> pd.DataFrame:
    return pd.DataFrame([(*row, 0.0, 0.0, 0.0, 0.0) for row in rows], columns=["day", "item_id", *SUMS])


def exposures(frame: pd.DataFrame) -> dict[str, float]:
    return {str(item): float(value) for item, value in frame["exposures"].items()}


@pytest.fixture
def counters(spark: SparkSession, tmp_path: object) -> ItemCounts:
    return ItemCounts(Warehouse(spark, str(tmp_path)), "events")


def test_batches_add_up_and_count_once(counters: ItemCounts) -> None:
    assert exposures(counters.add(0, partials((TODAY, "a", 2.0), (TODAY, "b", 1.0)))) == {"a": 2.0, "b": 1.0}
    assert exposures(counters.add(1, partials((TODAY, "a", 3.0)))) == {"a": 5.0}  # only the touched items
    assert exposures(counters.add(1, partials((TODAY, "a", 3.0)))) == {"a": 5.0}  # the same batch again
    assert exposures(counters.counts) == {"a": 5.0, "b": 1.0}


def test_a_new_day_starts_from_zero_and_ignores_the_old_one(counters: ItemCounts) -> None:
    counters.add(0, partials((TODAY, "a", 2.0)))
    assert exposures(counters.add(1, partials((TODAY, "a", 9.0), (TOMORROW, "a", 1.0)))) == {"a": 1.0}
    assert exposures(counters.add(2, partials((TODAY, "a", 9.0)))) == {}
    assert counters.day == TOMORROW
    assert exposures(counters.add(3, partials())) == {}


def test_a_new_night_starts_from_zero_and_ignores_what_was_shown_before(spark: SparkSession, tmp_path: object) -> None:
    tables = Warehouse(spark, str(tmp_path))
    earlier, flip = datetime(2024, 4, 30, 4, tzinfo=UTC), datetime(2024, 5, 1, 4, 2, tzinfo=UTC)

    def batch(number: int, since: datetime, *rows: tuple[datetime, str, float]) -> dict[str, float]:
        """Counts a batch as the stream does, after it was written."""
        counts = [
            {"day": start.date(), "window_start": start, "item_id": item, "delivered": value, "batch_id": number}
            for start, item, value in rows
        ]
        tables.add(filled(spark, LIVE_ITEM_COUNTS, counts), LIVE_ITEM_COUNTS)
        partials = pd.DataFrame(counts)
        partials["window_start"] = partials["window_start"].dt.tz_localize(None)
        night.add(number, partials, since)
        night.add(number, partials, since)  # the same batch again
        return {str(item): float(value) for item, value in night.delivered.items()}

    night = NightCounts(tables)
    hour = timedelta(hours=1)
    assert batch(0, earlier, (flip - 4 * hour, "a", 7.0)) == {"a": 7.0}
    assert batch(1, earlier, (flip - hour, "a", 2.0), (flip - hour, "b", 1.0)) == {"a": 9.0, "b": 1.0}
    assert batch(2, flip, (flip - hour, "a", 5.0), (flip, "a", 1.0)) == {"a": 1.0}  # late, and of the new night
    assert batch(3, flip, (flip - hour, "a", 5.0), (flip + 21 * hour, "a", 2.0)) == {"a": 3.0}  # past midnight
    night = NightCounts(tables)  # the stream was started again
    assert batch(4, flip, (flip + 22 * hour, "b", 4.0)) == {"a": 3.0, "b": 4.0}
    assert batch(5, flip, (flip + 24 * hour, "b", 1.0)) == {"b": 1.0}  # no other night has come
    assert night.since == flip + 24 * hour
