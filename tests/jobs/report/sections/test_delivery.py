"""What was delivered, from the account of a night with a logged shelf."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import METRICS
from jobs.desk.figures import StoredFigures
from jobs.desk.stored_tables import StoredTables
from jobs.execution.night import Night, Record
from jobs.quality.delivered_health import delivered_figures
from jobs.report.night_tables import Reading
from jobs.report.page.parts import Table
from jobs.report.sections.delivery import delivery
from jobs.tables.warehouse import Warehouse
from tests.jobs.test_account_exposure import FIRST, GENEROUS, Store

pytestmark = pytest.mark.slow


def read_by_the_desk(store: Store) -> StoredFigures:
    """The night after the first, read without Spark."""
    return StoredFigures(StoredTables(store.conf.warehouse), store.conf, FIRST + timedelta(days=1))


def test_every_rule_shows_what_it_asks_for_was_planned_and_delivered(spark: SparkSession, tmp_path: Path) -> None:
    store = Store(spark, tmp_path, GENEROUS)
    store.plan(FIRST)
    store.log(FIRST, t=9000.0, c=1000.0)
    store.account(FIRST + timedelta(days=1))
    reading = Reading(Warehouse(spark, store.conf.warehouse), store.conf, FIRST + timedelta(days=1))
    section = delivery(reading)
    assert delivery(read_by_the_desk(store)) == section
    [table] = [block for block in section.blocks if isinstance(block, Table) and block.title == "By floor and cap"]
    cells = {row[0]: row[1:] for row in table.rows}
    assert cells["cold (segment = cold)"][:3] == ("20 %", "20 %", "10 %")
    assert dict(zip(table.columns[4:], cells["cold (segment = cold)"][3:], strict=True))["purchases"] == "1"
    assert set(section.sources) <= set(reading.versions)


def test_delivered_exposure_stands_next_to_planned(spark: SparkSession, tmp_path: Path) -> None:
    store, next_day = Store(spark, tmp_path, GENEROUS), FIRST + timedelta(days=1)
    store.plan(FIRST)
    store.log(FIRST, t=9000.0)
    store.account(next_day)
    tables = Warehouse(spark, store.conf.warehouse)
    night = Night(store.conf, next_day, "run", spark, tables, Record())
    figures = delivered_figures(night, 28)
    rows = [(next_day, *figure, {}) for figure in figures]
    tables.add(spark.createDataFrame(rows, METRICS.schema), METRICS)
    assert night.record.decisions["delivered_of"] == str(FIRST)
    never = {segment: value for name, segment, value in figures if name == "never_logged_28d_count"}
    assert never["cold"] == 1
    section = delivery(Reading(Warehouse(spark, store.conf.warehouse), store.conf, next_day))
    assert delivery(read_by_the_desk(store)) == section
    [table] = [block for block in section.blocks if isinstance(block, Table) and block.title == "How even it was"]
    delivered = {row[0]: row[2] for row in table.rows}
    assert delivered["Tail products with exposure"] == "100 %"
    assert delivered["Products without any in 28 days"] == f"{never['all']:.0f}"
