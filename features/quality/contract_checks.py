"""Violations of a table's contract, row by row."""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from features.contract.table import Invariant, Table

_CARRIED = (
    "unreadable", "left_out", "example", "raw", "source_part", "source_line", "taken_until", "parked_since", "waited",
)  # fmt: skip


def with_contract_columns(frame: DataFrame, table: Table) -> DataFrame:
    """The table's columns in its order and types, absent optional ones as NULL, and `filtered` (false by default).

    Further columns of a mapping stay: `unreadable` (violations of unreadable values, '' for none), `left_out` (those of
    optional columns, which the row goes without; NULL for none), `example` (one of these values), `raw` (the original
    of a row with `unreadable`), `source_part` (its file), `source_line` (grows along a file), `taken_until` (DATE; an
    earlier night ingested the file's rows before it), `parked_since` (DATE; the row waits since that night), `waited`
    (whether the row comes from `parked`).

    Raises ValueError naming the required columns that the frame lacks.
    """
    absent = [name for name in table.column_names if name not in frame.columns]
    missing = [name for name in absent if name in table.required]
    if missing:
        raise ValueError(f"rows for the table {table.name} have no column {', '.join(missing)}")
    filtered = F.coalesce("filtered", F.lit(False)) if "filtered" in frame.columns else F.lit(False)
    columns = [
        (F.lit(None) if column.name in absent else F.col(column.name)).cast(column.type).alias(column.name)
        for column in table.columns
    ]
    carried = [name for name in _CARRIED if name in frame.columns and name not in table.column_names]
    return frame.select(*columns, filtered.alias("filtered"), *carried)


def violations(table: Table, further: tuple[Invariant, ...] = ()) -> Column:
    """Names of a row's violations, comma-separated; '' for a row without one.

    A required column that is NULL, or a required text that is blank, is `<column>_missing`. As in the contract, an
    invariant that is NULL holds.

    further: rules of this store
    """
    rules: list[tuple[str, Column]] = []
    for column in table.columns:
        if column.nullable:
            continue
        absent = F.col(column.name).isNull()
        if isinstance(column.type, StringType):
            absent = absent | (F.trim(column.name) == "")
        rules.append((f"{column.name}_missing", absent))
    rules += [(rule.violation, ~F.coalesce(F.expr(rule.holds), F.lit(True))) for rule in (*table.invariants, *further)]
    any_broken = reduce(or_, (broken for _, broken in rules))
    # Nearly all of millions of rows are sound, so names are concatenated for the others only.
    names = F.concat_ws(",", *(F.when(broken, F.lit(name)) for name, broken in rules))
    return F.when(any_broken, names).otherwise(F.lit(""))
