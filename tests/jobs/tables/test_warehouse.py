from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import ArrayType, DateType, LongType, StringType

from features.contract.table import Column, Invariant, Table
from jobs.runtime.errors import LongtailError
from jobs.tables.schema import came_later
from jobs.tables.warehouse import Warehouse

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


def test_a_table_is_written_by_date_and_guarded_by_its_rules(spark: SparkSession, tmp_path: Path) -> None:
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

    for bad, rule in (((MONDAY, "tea", -1), "sold_negative"), ((MONDAY, None, 1), "item_id_missing")):
        with pytest.raises(LongtailError, match=rule):
            tables.replace_date(rows(bad), SALES, MONDAY)
    with pytest.raises(LongtailError, match="miss the column sold"):
        tables.replace_date(rows((MONDAY, "tea", 1)).drop("sold"), SALES, MONDAY)
    assert stored() == [(MONDAY, "tea", 3), (TUESDAY, "tea", 2)]

    with pytest.raises(LongtailError, match="no rows for 2017-12-06"):
        tables.read_date(SALES, date(2017, 12, 6))


@pytest.mark.slow
def test_columns_come_and_go_without_a_rebuild(spark: SparkSession, tmp_path: Path) -> None:
    made = replace(SALES, columns=(*SALES.columns, Column("old", StringType(), "Will go.")))
    Warehouse(spark, str(tmp_path)).replace_date(
        spark.createDataFrame([(MONDAY, "tea", 1, "x")], made.schema), made, MONDAY
    )
    stored = spark.read.format("delta").load(f"{tmp_path}/sales")
    assert came_later(stored, made) == []  # or each read would ask each value whether it is there
    came = (
        Column("note", StringType(), "Optional.", nullable=True),
        Column("looked_at", LongType(), "Like a feature that is declared anew.", default=0),
        Column("colours", ArrayType(StringType()), "The same, as an array.", default=()),
    )
    now = replace(SALES, columns=(*SALES.columns, *came))
    tables = Warehouse(spark, str(tmp_path))
    # Nothing has been written by the new contract yet.
    assert [tuple(row) for row in tables.read(now).collect()] == [(MONDAY, "tea", 1, None, 0, [])]
    assert tables.nights(now) == set()
    tables.replace_date(spark.createDataFrame([(TUESDAY, "tea", 2, "n", 7, ["red"])], now.schema), now, TUESDAY)
    assert sorted(tuple(row) for row in tables.read(now).collect()) == [
        (MONDAY, "tea", 1, None, 0, []),
        (TUESDAY, "tea", 2, "n", 7, ["red"]),
    ]
    assert tables.nights(now) == {TUESDAY}
    unsaid = spark.createDataFrame(
        [(TUESDAY, "tea", 2, "n", None, [])],
        "as_of date, item_id string, sold long, note string, looked_at long, colours array<string>",
    )
    with pytest.raises(LongtailError, match="looked_at not null"):
        tables.replace_date(unsaid, now, TUESDAY)

    unknown = replace(SALES, columns=(*SALES.columns, Column("cost", LongType(), "Has no default.")))
    for use in (tables.read, lambda table: tables.replace_date(unsaid, table, MONDAY)):
        with pytest.raises(LongtailError, match=r"sales has no column cost\. Rebuild"):
            use(unknown)
