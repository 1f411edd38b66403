"""The days that a store can learn from, by its tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import EVENTS, ITEMS
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from jobs.relevance.training_plan import history_days
from jobs.tables.warehouse import Warehouse
from tests.conftest import ROOT
from tests.jobs.small_tables import filled

pytestmark = pytest.mark.slow  # Delta writes
NIGHT = date(2024, 3, 9)


@pytest.mark.parametrize(
    ("target", "listed", "events", "days"),
    [
        # A click teaches nothing of purchases.
        ("purchase", [100, 3], [("purchase", 60), ("click", 90), ("purchase", 1)], 60),
        ("purchase", [10, 3], [("purchase", 60)], 10),  # no item is known at a cut before
        ("purchase", [100], [("purchase", 1)], 1),
        ("purchase", [100], [("purchase", 0)], 0),  # of the night itself
        ("purchase", [100], [("click", 60)], 0),
        ("click", [100], [("click", 60), ("purchase", 90)], 60),
    ],
)
def test_history_begins_with_the_first_response_to_a_known_item(
    spark: SparkSession, tmp_path: Path, target: str, listed: list[int], events: list[tuple[str, int]], days: int
) -> None:
    conf = load_config(ROOT / "conf/local.yaml", [f"warehouse={tmp_path}", f"relevance.target={target}"])
    tables = Warehouse(spark, str(tmp_path))
    late = datetime(2024, 3, 9, 23, 30, tzinfo=UTC)  # another day in most time zones
    items = [{"item_id": f"i{ago}", "valid_from": late - timedelta(days=ago)} for ago in listed]
    noon = datetime(2024, 3, 9, 12, tzinfo=UTC)
    rows = [
        {
            "event_id": str(n), "event_type": kind, "event_date": NIGHT - timedelta(days=ago), "ingested_at": noon,
            "event_time": noon - timedelta(days=ago), "sample_weight": 1.0,
        }
        for n, (kind, ago) in enumerate(events)
    ]  # fmt: skip
    tables.add(filled(spark, ITEMS, items), ITEMS)
    tables.add(filled(spark, EVENTS, rows), EVENTS)
    assert history_days(Night(conf, NIGHT, "x", spark, tables, Record())) == days
