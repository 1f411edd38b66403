"""First exposures are those of pairs that were not shown before the log."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import SparkSession

from features.contract import DAILY_PAIR
from jobs.delivery.new_pairs import not_shown_before
from jobs.tables.warehouse import Warehouse
from tests.jobs.small_tables import filled

FIRST = date(2024, 5, 29)


def test_pairs_that_were_shown_before_the_log_are_left_out(spark: SparkSession, tmp_path: Path) -> None:
    tables = Warehouse(spark, str(tmp_path))
    pairs = [("u", "tired"), ("u", "rested"), ("u", "bought"), ("u", "new"), ("other", "tired")]
    log = spark.createDataFrame(pairs, "user_id string, item_id string")
    assert not_shown_before(tables, log, FIRST).count() == len(pairs)
    days = [("u", "tired", 1, 1.0), ("u", "tired", 28, 1.0), ("u", "rested", 29, 1.0), ("u", "bought", 1, 0.0),
            ("u", "new", 0, 1.0)]  # fmt: skip
    rows = [
        {"day": FIRST - timedelta(days=ago), "user_id": user, "item_id": item, "exposures_weight": weight}
        for user, item, ago, weight in days
    ]
    tables.add(filled(spark, DAILY_PAIR, rows), DAILY_PAIR)
    left = {tuple(row) for row in not_shown_before(tables, log, FIRST).collect()}
    assert left == set(pairs) - {("u", "tired")}
