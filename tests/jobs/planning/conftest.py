"""The small store of `small_store`, and its night planned once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.execution.night import Night
from jobs.plan_exposure import plan_exposure
from tests.jobs.planning.small_store import conf_in, night_of, write_store


@pytest.fixture(scope="session")
def store(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the store: its warehouse, merchandising file and configurations."""
    folder = tmp_path_factory.mktemp("store")
    write_store(spark, folder)
    return folder


@pytest.fixture(scope="session")
def planned(spark: SparkSession, store: Path) -> Night:
    """The night, planned as configured."""
    night = replace(night_of(spark, conf_in(store)), rules="floors.cold (version 1, ann)")
    plan_exposure(night)
    return night
