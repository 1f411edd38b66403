"""Values of optional columns that violate the contract: the row stays without them."""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract.table import Invariant, Table

LEFT_OUT = "left_out"


def without_bad_options(rows: DataFrame, table: Table, further: tuple[Invariant, ...] = ()) -> DataFrame:
    """The rows with each value of an optional column that alone violates a rule replaced by the rule's `otherwise`.

    `left_out` gets the names of these violations, comma-separated, after those that a mapping has written there.

    further: rules of this store
    """
    types = {column.name: column.type for column in table.columns}
    rules = [rule for rule in (*table.invariants, *further) if rule.column in table.dispensable]
    if not rules:
        return rows
    broken: dict[str, Column] = {}  # a violation may have a rule of the contract and one of the store
    columns: dict[str, Column] = {}
    for rule in rules:
        assert rule.column is not None
        otherwise = F.expr(rule.otherwise).cast(types[rule.column])
        value = columns.get(rule.column, F.col(rule.column))
        is_broken = ~F.coalesce(F.expr(rule.holds), F.lit(True))
        columns[rule.column] = F.when(is_broken, otherwise).otherwise(value)
        named = broken.get(rule.violation)
        broken[rule.violation] = is_broken if named is None else named | is_broken
    before = F.col(LEFT_OUT) if LEFT_OUT in rows.columns else F.lit(None).cast("string")
    # Nearly all of millions of rows are sound, so names are concatenated for the others only.
    names = F.concat_ws(",", before, *(F.when(is_broken, F.lit(name)) for name, is_broken in broken.items()))
    columns[LEFT_OUT] = F.when(reduce(or_, broken.values()), names).otherwise(before)
    return rows.withColumns(columns)
