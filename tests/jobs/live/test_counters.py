"""Counters of a day: each batch counts once, a new day starts from zero."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.contract.live_counts import SUMS
from jobs.live.counters import ItemCounts
from jobs.tables.warehouse import Warehouse

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
