"""The rules of a night as Spark reads what the desk wrote."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pyspark.sql import SparkSession

from features.contract import PLAN_RULES
from jobs.desk.stored_tables import StoredTables
from jobs.saved_rules.merging import rules_of_night
from tests.jobs.desk.test_desk import conf_in
from tests.jobs.saved_rules.test_merging import NIGHT, change


def test_a_night_reads_what_the_desk_wrote(spark: SparkSession, tmp_path: Path) -> None:
    conf = conf_in(tmp_path, desk={"rules": True})
    assert rules_of_night(spark, conf, NIGHT).conf is conf  # no table yet
    assert StoredTables(conf.warehouse).append(PLAN_RULES, [asdict(change(1, "floors.cold"))])
    rules = rules_of_night(spark, conf, NIGHT)
    assert (rules.conf.plan.floors["cold"].share, rules.said) == (0.1, "floors.cold (version 1, ann)")
    off = conf_in(tmp_path)
    assert rules_of_night(spark, off, NIGHT).conf is off
