"""Warehouses that are built once, and a copy of them for every test."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.config.configuration import Config
from tests.jobs.online.nights import FIRST, SECOND, config_in, copy_of, publish_night, write_tables


@pytest.fixture(scope="package")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The Delta tables; nothing is registered."""
    conf = config_in(tmp_path_factory.mktemp("tables"))
    write_tables(spark, Path(conf.warehouse))
    return conf


@pytest.fixture(scope="package")
def two_nights(spark: SparkSession, tables: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The first night is in green, the second is live in blue."""
    conf = copy_of(tables, tmp_path_factory.mktemp("two_nights"))
    for as_of in (FIRST, SECOND):
        publish_night(spark, conf, as_of, f"run-{as_of}")
    return conf


@pytest.fixture
def fresh(tables: Config, tmp_path: Path) -> Config:
    """A copy of the tables, nothing registered."""
    return copy_of(tables, tmp_path)


@pytest.fixture
def published(two_nights: Config, tmp_path: Path) -> Config:
    """A copy of the two nights."""
    return copy_of(two_nights, tmp_path)
