"""What was delivered, from the account of a night with a logged shelf."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.report.page.parts import Table
from jobs.report.reading import Reading
from jobs.report.sections.delivery import delivery
from jobs.tables.warehouse import Warehouse
from tests.jobs.test_account_exposure import FIRST, GENEROUS, Store

pytestmark = pytest.mark.slow


def test_every_rule_has_what_it_was_to_get_and_got(spark: SparkSession, tmp_path: Path) -> None:
    store = Store(spark, tmp_path, GENEROUS)
    store.plan(FIRST)
    store.log(FIRST, t=9000.0, c=1000.0)
    store.account(FIRST + timedelta(days=1))
    reading = Reading(Warehouse(spark, store.conf.warehouse), store.conf, FIRST + timedelta(days=1))
    section = delivery(reading)
    [table] = [one for one in section.blocks if isinstance(one, Table) and one.title == "By floor and cap"]
    cells = {row[0]: row[1:] for row in table.rows}
    assert cells["cold (segment = cold)"][:3] == ("20.0 %", "20.0 %", "10.0 %")
    assert dict(zip(table.columns[4:], cells["cold (segment = cold)"][3:], strict=True))["purchases"] == "1"
    assert set(section.sources) <= set(reading.versions)
