"""The rules of a table's contract, evaluated row by row."""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from features.contract.table import Invariant, Table

BESIDE = ("unreadable", "raw", "source_part", "taken_until", "parked_since", "waited")


def with_contract_columns(frame: DataFrame, table: Table) -> DataFrame:
    """The table's columns in its order and types, absent optional ones as NULL, and `filtered` (false by default).

    What a mapping may say beside them stays: `unreadable` (names of the rules that unreadable values break, '' for
    none), `raw` (such a row as it came), `source_part` (its file), `taken_until` (DATE; a night took in all that this
    file holds of earlier times), `parked_since` (DATE; a row that waits since that night), `waited` (whether it comes
    from that night, and not anew).

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
    found = [name for name in BESIDE if name in frame.columns and name not in table.column_names]
    return frame.select(*columns, filtered.alias("filtered"), *found)


def broken_rules(table: Table, further: tuple[Invariant, ...] = ()) -> Column:
    """Names of the rules that a row breaks, comma-separated; '' when it keeps all.

    A required column that is NULL, or a required text that is blank, breaks `<column>_missing`; an invariant breaks its
    own name. As in the contract, an invariant that is NULL holds. `further` rules are those of one store.
    """
    rules: list[tuple[str, Column]] = []
    for column in table.columns:
        if column.nullable:
            continue
        absent = F.col(column.name).isNull()
        if isinstance(column.type, StringType):
            absent = absent | (F.trim(column.name) == "")
        rules.append((f"{column.name}_missing", absent))
    rules += [(rule.name, ~F.coalesce(F.expr(rule.holds), F.lit(True))) for rule in (*table.invariants, *further)]
    any_broken = reduce(or_, (broken for _, broken in rules))
    # The names are put together for broken rows only: nearly all rows are whole, and there are millions.
    names = F.concat_ws(",", *(F.when(broken, F.lit(name)) for name, broken in rules))
    return F.when(any_broken, names).otherwise(F.lit(""))
