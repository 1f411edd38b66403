"""Two versions of a table, row by row; what a report says of them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    FloatType,
    LongType,
    MapType,
    StringType,
)

from features.contract.table import Column, Table
from jobs.config.housekeeping import Housekeeping
from jobs.reproduction.comparison import ALL_ROWS, TableDifference, record_difference, table_difference
from jobs.reproduction.pinned_tables import PinnedTables, removed_version
from jobs.reproduction.replaying import ReplayedStep
from jobs.reproduction.report import first_difference, replay_in_words
from jobs.tables.warehouse import ABSENT, Warehouse
from tests.jobs.reproduction.test_recorded_night import NIGHT, run_of

SCORES = Table(
    name="scores",
    meaning="Made up.",
    columns=(
        Column("user_id", StringType(), "Shopper."),
        Column("item_id", StringType(), "Item."),
        Column("score", DoubleType(), "Score.", nullable=True),
        Column("vector", ArrayType(FloatType()), "Numbers."),
        Column("chances", MapType(StringType(), DoubleType()), "Chances.", nullable=True),
        Column("reason", StringType(), "Words."),
        Column("run_id", StringType(), "Run."),
    ),
    key=("user_id", "item_id"),
)
COUNTS = Table(
    name="counts",
    meaning="Made up.",
    columns=(Column("item_id", StringType(), "Item."), Column("count", LongType(), "Count.")),
    key=("item_id",),
)
Row = tuple[Any, ...]
A: Row = ("a", "1", 0.5, [1.0, 2.0], {"purchase": 0.1}, "new", "first")
B: Row = ("b", "1", None, [], None, "new", "first")
C: Row = ("c", "1", math.nan, [3.0], {}, "old", "first")


def changed(row: Row, **values: Any) -> Row:
    return tuple(values.get(name, value) for name, value in zip(SCORES.column_names, row, strict=True))


@pytest.fixture(scope="module")
def stored(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse with three rows of SCORES (version 1) and then a fourth (version 2)."""
    tables = Warehouse(spark, str(tmp_path_factory.mktemp("live")))
    tables.add(spark.createDataFrame([A, B, C], SCORES.schema), SCORES)
    tables.add(spark.createDataFrame([changed(A, item_id="2")], SCORES.schema), SCORES)
    return tables


def against_the_night(spark: SparkSession, stored: Warehouse, rows: list[Row]) -> TableDifference:
    return table_difference(stored.stored(SCORES, 1), spark.createDataFrame(rows, SCORES.schema), SCORES)


def test_equal_rows_within_the_tolerance(spark: SparkSession, stored: Warehouse) -> None:
    # By another run, in another order, one number off by 1e-7: 0.5000001 - 0.5.
    rows = [C, changed(A, score=0.5000001, run_id="second"), B]
    difference = against_the_night(spark, stored, rows)
    assert difference.is_equal
    assert (difference.rows, difference.column) == (3, "score")
    assert difference.largest == pytest.approx(1e-7, rel=1e-6)


def test_the_largest_difference_of_numbers_names_its_column(spark: SparkSession, stored: Warehouse) -> None:
    # 2.5 - 2 of a vector, by the night's 2; 0.3 - 0.1 of a chance; C has no number to differ.
    difference = against_the_night(spark, stored, [changed(A, vector=[1.0, 2.5], chances={"purchase": 0.3}), B, C])
    assert (difference.missing, difference.added, difference.differing) == (0, 0, 1)
    assert (difference.column, difference.largest) == ("vector", 0.25)


def test_values_that_are_no_numbers_differ_or_not(spark: SparkSession) -> None:
    changes = [
        {"score": None}, {"score": math.nan}, {"vector": [1.0]}, {"chances": {"view": 0.1}}, {"chances": None},
        {"reason": "old"}, {},
    ]  # fmt: skip
    night = [changed(A, user_id=str(number)) for number in range(len(changes))]
    again = [changed(row, **values) for row, values in zip(night, changes, strict=True)]
    frames = (spark.createDataFrame(rows, SCORES.schema) for rows in (night, again))
    difference = table_difference(*frames, SCORES)
    assert (difference.rows, difference.differing, difference.largest) == (7, 6, math.inf)


def test_missing_and_new_rows_are_counted(spark: SparkSession, stored: Warehouse) -> None:
    difference = against_the_night(spark, stored, [A, C, changed(C, item_id="7"), changed(C, item_id="8")])
    assert (difference.missing, difference.added, difference.differing) == (1, 2, 0)
    assert difference.in_words() == "1 rows are missing; 2 rows are new"


def test_a_table_that_only_one_has(spark: SparkSession, stored: Warehouse) -> None:
    night = stored.stored(SCORES, 1)
    assert table_difference(night, None, SCORES) == TableDifference("scores", 3, missing=3)
    assert table_difference(None, night, SCORES) == TableDifference("scores", 0, added=3)
    assert table_difference(None, None, SCORES).is_equal


def test_pinned_tables_are_read_at_their_version_and_written_elsewhere(
    spark: SparkSession, stored: Warehouse, tmp_path: Path
) -> None:
    pinned = PinnedTables(spark, stored.folder, str(tmp_path), {"scores": 1, "counts": ABSENT})
    assert (pinned.version(SCORES), pinned.version(COUNTS)) == (1, None)
    assert pinned.read(SCORES).count() == 3
    pinned.replace(spark.createDataFrame([changed(A, score=0.25)], SCORES.schema), SCORES, "user_id = 'a'")
    pinned.add(spark.createDataFrame([("1", 5)], COUNTS.schema), COUNTS)
    # As in the warehouse: the commit after version 1, and a table that is created by version 0.
    assert pinned.outputs == {"scores": 2, "counts": 1}
    assert {row["user_id"]: row["score"] for row in pinned.read(SCORES).collect()}["a"] == 0.25
    assert (stored.version(SCORES), stored.version(COUNTS)) == (2, None)
    assert stored.read(SCORES).count() == 4
    # The files of B and C were written by neither, unless one of them lay next to A.
    difference = table_difference(stored.stored(SCORES, 1), pinned.written(SCORES), SCORES)
    assert (difference.differing, difference.column, difference.largest) == (1, "score", 0.25)
    untouched = table_difference(stored.stored(SCORES, 1), PinnedTables(
        spark, stored.folder, str(tmp_path / "other"), {"scores": 1}).written(SCORES), SCORES)  # fmt: skip
    assert untouched == TableDifference("scores", 0)


def test_counts_and_decisions_are_compared_as_numbers() -> None:
    night = {"rows of pairs": 10, "gap": "0.00012", "webhook": "accepted", "mean_level": "-1.25", "warm_start": "none"}
    same = {**night, "webhook": "", "mean_level": "-1.2500000001"}
    assert record_difference(night, same).is_equal
    other = record_difference(night, {**same, "warm_start": "2024-03-08", "gap": "0.5"})
    assert (other.table, other.differing, other.column) == (ALL_ROWS, 2, "warm_start")
    assert record_difference(night, {"gap": "0.00012"}).missing == 3


def test_the_key_that_keeps_versions_longer_is_named() -> None:
    every = {"keep_days": None, "vacuum_hours": 168.0, "optimize": False}
    tables = {"events": {"vacuum_hours": 24.0}, "items": {"optimize": True}}
    conf = Housekeeping.model_validate({"forget_retain_hours": 0.0, "every_table": every, "tables": tables})
    assert "Version 3 of the table events" in str(removed_version("events", 3, conf))
    assert "raise housekeeping.tables.events.vacuum_hours (24)" in str(removed_version("events", 3, conf))
    assert "raise housekeeping.every_table.vacuum_hours (168)" in str(removed_version("items", None, conf))


def test_the_report_names_the_first_difference() -> None:
    equal = ReplayedStep(run_of("build_features", 1), 3.0, (TableDifference("item_features", 1200),))
    near = TableDifference("relevance", 9000, largest=3e-9, column="relevance")
    moved = TableDifference("exposure_scores", 800, differing=12, largest=math.inf, column="item_id")
    assert first_difference([equal, ReplayedStep(run_of("score", 2), 2.0, (near,))]) is None
    steps = [equal, ReplayedStep(run_of("plan_exposure", 3), 2.0, (near, moved)),
             ReplayedStep(run_of("score", 2), 1.0, failure="LongtailError: no model")]  # fmt: skip
    difference = first_difference(steps)
    assert difference is not None
    assert difference[1] == "exposure_scores of plan_exposure: 12 of 800 rows differ, most in item_id"
    lines = replay_in_words(NIGHT, steps, {"ingest": "reads the source"}, "plan.slots").splitlines()
    assert ["build_features", "item_features", "1,200", "0", "0", "0", "0"] in [line.split() for line in lines]
    assert "  12  other value (item_id)" in next(line for line in lines if " exposure_scores " in line)
    assert "  ingest: reads the source" in lines
    assert lines[-1] == "Steps that differ: plan_exposure, score."
    assert replay_in_words(NIGHT, [equal], {}).endswith(
        "All 1 tables are equal to those of the night, numbers within 1e-06."
    )
