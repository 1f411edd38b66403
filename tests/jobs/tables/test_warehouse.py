"""Tables are written by date, checked by their contract and migrated to a new one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import ArrayType, DateType, LongType, StringType

from features.contract import RUNS
from features.contract.live_counts import LIVE_ITEM_COUNTS
from features.contract.table import Column, Invariant, Table
from jobs.runtime.errors import LongtailError
from jobs.runtime.lock import STREAM, only_writer
from jobs.runtime.storage import storage_of
from jobs.tables.schema import added_columns
from jobs.tables.upkeep import compact
from jobs.tables.warehouse import Warehouse
from tests.jobs.runtime.lease_contract import dead_holder
from tests.jobs.small_tables import filled

SALES = Table(
    name="sales",
    meaning="Sales of a night.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("item_id", StringType(), "Item."),
        Column("sold", LongType(), "Pieces.", nullable=True),
    ),
    key=("as_of", "item_id"),
    partitioned_by=("as_of",),
    invariants=(Invariant("sold_negative", "sold >= 0"),),
)
MONDAY, TUESDAY = date(2017, 12, 4), date(2017, 12, 5)


def test_a_table_is_written_by_date_and_checked_by_its_rules(spark: SparkSession, tmp_path: Path) -> None:
    tables = Warehouse(spark, str(tmp_path))

    def rows(*values: tuple[date, str | None, int | None]) -> DataFrame:
        return spark.createDataFrame(list(values), "as_of date, item_id string, sold long")

    def stored() -> list[tuple[date, str, int | None]]:
        return sorted(tuple(row) for row in Warehouse(spark, str(tmp_path)).read(SALES).collect())

    assert not tables.exists(SALES)
    with pytest.raises(LongtailError, match="The table sales does not exist"):
        tables.read(SALES)

    # A NULL in an optional column is no violation.
    tables.replace_date(rows((MONDAY, "tea", 1), (MONDAY, "rye", None)), SALES, MONDAY)
    tables.replace_date(rows((TUESDAY, "tea", 2)), SALES, TUESDAY)
    tables.replace_date(rows((MONDAY, "tea", 3)), SALES, MONDAY)
    assert stored() == [(MONDAY, "tea", 3), (TUESDAY, "tea", 2)]
    assert tables.outputs["sales"] == tables.version(SALES)

    for bad, violation in (((MONDAY, "tea", -1), "sold_negative"), ((MONDAY, None, 1), "item_id_missing")):
        with pytest.raises(LongtailError, match=violation):
            tables.replace_date(rows(bad), SALES, MONDAY)
    with pytest.raises(LongtailError, match="lack the column sold"):
        tables.replace_date(rows((MONDAY, "tea", 1)).drop("sold"), SALES, MONDAY)
    assert stored() == [(MONDAY, "tea", 3), (TUESDAY, "tea", 2)]

    tables.merge(rows((MONDAY, "rye", 4), (TUESDAY, "tea", 5)), SALES)
    merged = [(MONDAY, "rye", 4), (MONDAY, "tea", 3), (TUESDAY, "tea", 5)]
    assert stored() == merged
    assert tables.outputs["sales"] == tables.version(SALES)
    with pytest.raises(LongtailError, match="sold_negative"):
        tables.merge(rows((MONDAY, "tea", 1), (MONDAY, "oat", -1)), SALES)
    assert stored() == merged

    with pytest.raises(LongtailError, match=r"no rows for 2017-12-06\. Run the step that writes it, or jobs/nightly"):
        tables.read_date(SALES, date(2017, 12, 6))
    runs = [
        {"step": step, "outputs": {name: 1}, "status": "done"} for step, name in (("sell", "sales"), ("eat", "tea"))
    ]
    tables.replace(filled(spark, RUNS, runs), RUNS, None)
    with pytest.raises(LongtailError, match=r"Run jobs/sell\.py, or jobs/nightly\.py, for 2017-12-06 first"):
        tables.read_date(SALES, date(2017, 12, 6))


@pytest.mark.slow
def test_columns_are_added_and_removed_without_a_rebuild(spark: SparkSession, tmp_path: Path) -> None:
    old = replace(SALES, columns=(*SALES.columns, Column("old", StringType(), "Will be removed.")))
    Warehouse(spark, str(tmp_path)).replace_date(
        spark.createDataFrame([(MONDAY, "tea", 1, "x")], old.schema), old, MONDAY
    )
    stored = spark.read.format("delta").load(f"{tmp_path}/sales")
    assert added_columns(stored, old) == []  # or each read would replace NULL in every value
    added = (
        Column("note", StringType(), "Optional.", nullable=True),
        Column("looked_at", LongType(), "Like a newly declared feature.", default=0),
        Column("colours", ArrayType(StringType()), "The same, as an array.", default=()),
    )
    now = replace(SALES, columns=(*SALES.columns, *added))
    tables = Warehouse(spark, str(tmp_path))
    # No row has been written by the new contract yet.
    assert [tuple(row) for row in tables.read(now).collect()] == [(MONDAY, "tea", 1, None, 0, [])]
    assert tables.nights(now) == set()
    tables.replace_date(spark.createDataFrame([(TUESDAY, "tea", 2, "n", 7, ["red"])], now.schema), now, TUESDAY)
    assert sorted(tuple(row) for row in tables.read(now).collect()) == [
        (MONDAY, "tea", 1, None, 0, []),
        (TUESDAY, "tea", 2, "n", 7, ["red"]),
    ]
    assert tables.nights(now) == {TUESDAY}
    incomplete = spark.createDataFrame(
        [(TUESDAY, "tea", 2, "n", None, [])],
        "as_of date, item_id string, sold long, note string, looked_at long, colours array<string>",
    )
    with pytest.raises(LongtailError, match="looked_at_missing"):
        tables.replace_date(incomplete, now, TUESDAY)

    unknown = replace(SALES, columns=(*now.columns, Column("cost", LongType(), "Has no default.")))
    complete = spark.createDataFrame([(TUESDAY, "tea", 2, "n", 7, [], 1)], unknown.schema)
    later = Warehouse(spark, str(tmp_path))  # one that has not met the table by its older contract
    for use in (later.read, lambda table: later.replace_date(complete, table, TUESDAY)):
        with pytest.raises(LongtailError, match=r"sales has no column cost\. Rebuild"):
            use(unknown)
    with pytest.raises(LongtailError, match="Rows for the table sales lack the column cost"):
        tables.replace_date(incomplete, unknown, TUESDAY)


@pytest.mark.slow
def test_a_column_that_is_no_longer_required_takes_null(spark: SparkSession, tmp_path: Path) -> None:
    Warehouse(spark, str(tmp_path)).replace_date(
        spark.createDataFrame([(MONDAY, "tea", 1)], SALES.schema), SALES, MONDAY
    )
    sold = replace(SALES.columns[2], nullable=True)
    now, tables = replace(SALES, columns=(*SALES.columns[:2], sold)), Warehouse(spark, str(tmp_path))
    tables.replace_date(spark.createDataFrame([(TUESDAY, "tea", None)], now.schema), now, TUESDAY)
    assert sorted(tuple(row) for row in tables.read(now).collect()) == [(MONDAY, "tea", 1), (TUESDAY, "tea", None)]


def test_tables_under_a_uri_are_changed_by_the_holder_of_their_lock_only(spark: SparkSession, tmp_path: Path) -> None:
    place = tmp_path.as_uri()
    files, tables = storage_of(place), Warehouse(spark, place)
    rows = spark.createDataFrame([(MONDAY, "tea", 1)], SALES.schema)
    with pytest.raises(LongtailError, match="does not hold the writer lock"):
        tables.add(rows, SALES)
    assert not tables.exists(SALES)
    with only_writer(files, "run 7"):
        tables.add(rows, SALES)
        with pytest.raises(LongtailError, match="does not hold the stream lock"):
            tables.prepare(LIVE_ITEM_COUNTS)
        dead_holder(files, age_seconds=0, number=2)
        for change in (lambda: tables.add(rows, SALES), lambda: compact(tables, SALES)):
            with pytest.raises(LongtailError, match="was lost: it was taken over by publish, run 7"):
                change()
    with only_writer(files, "stream, run 8", name=STREAM):
        tables.prepare(LIVE_ITEM_COUNTS)
    assert Warehouse(spark, place).read(SALES).count() == 1
