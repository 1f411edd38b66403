"""Floors and pins that a plan misses: refused where the configuration says so, and reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import EXPOSURE_CORRECTIONS, EXPOSURE_SCORES
from jobs.execution.night import Night
from jobs.plan_exposure import plan_exposure
from jobs.runtime.errors import Refused
from tests.jobs.planning.small_store import NIGHT, conf_in, night_of, write_store
from tests.jobs.small_tables import filled


def test_a_plan_that_must_meet_its_floors_is_refused_and_nothing_is_written(
    planned: Night, spark: SparkSession, store: Path
) -> None:
    night = night_of(spark, conf_in(store, on_unmet_floor="refuse", policy="main"))
    before = night.tables.version(EXPOSURE_SCORES)
    with pytest.raises(Refused, match=r"cold lacks .* Nothing was written") as refusal:
        plan_exposure(night)
    assert refusal.value.exit_code == 3
    assert night.tables.version(EXPOSURE_SCORES) == before


def test_a_correction_that_asks_for_more_than_exists_refuses_nothing(spark: SparkSession, tmp_path: Path) -> None:
    write_store(spark, tmp_path)
    # The budget leaves 1.2 exposures; 0.03 of 28.8 is 0.86, and a half more is 1.3.
    floors = {"cold": {"share": 0.03}, "new_items": {"share": 0.0}}
    night = night_of(spark, conf_in(tmp_path, on_unmet_floor="refuse", floors=floors))
    row = {"as_of": NIGHT, "policy": "main", "constraint": "cold", "member": "segment = cold", "correction": 0.5}
    night.tables.add(filled(spark, EXPOSURE_CORRECTIONS, [row]), EXPOSURE_CORRECTIONS)
    plan_exposure(night)
    assert "unmet cold" in night.record.decisions


def test_a_pin_that_is_missed_is_refused_too(spark: SparkSession, tmp_path: Path) -> None:
    write_store(spark, tmp_path)
    keys = {
        "floors": {"cold": {"share": 0.0}, "new_items": {"share": 0.0}},
        "caps": {"dune": {"column": "provider_id", "equals": "dune", "share": 0.01}},
    }
    with pytest.raises(Refused, match="the pin of pinned lacks"):
        plan_exposure(night_of(spark, conf_in(tmp_path, on_unmet_floor="refuse", **keys)))
