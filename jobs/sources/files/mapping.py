"""Mapping of a store's columns to the contract's, as configured."""

from __future__ import annotations

from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    DataType,
    DateType,
    DecimalType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    TimestampType,
)

from features.contract.table import Table
from features.quality.outcomes import LINE_MALFORMED
from jobs.config.source import Mapped, TableMapping

MALFORMED = "_malformed_line"
PART = "source_part"
TAKEN_UNTIL = "taken_until"

# 1.249,50 and 1249,5. Not 12.90, which would be a hundred times as much without its dot.
_WITH_DECIMAL_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d*)(,\d+)?$"
_SPACES = " \u00a0\u202f"

# Value of a column that is not mapped. An expression refers to columns that are mapped already.
IMPLIED = {
    "events": {
        "event_date": "to_date(event_time)",
        "ingested_at": "event_time",
        "quantity": "1L",
        "price": "0",
        "sample_weight": "1D",
    },
    "items": {
        "updated_at": "listed_at",
        "listed_at": "updated_at",
        "attributes": "map()",
        "valid_from": "updated_at",
    },
    "users": {
        "updated_at": "signed_up_at",
        "signed_up_at": "updated_at",
        "attributes": "map()",
    },
    "promotions": {},
    "identities": {},
    "searches": {"search_date": "to_date(search_time)", "ingested_at": "search_time"},
}


def mapped_rows(rows: DataFrame, mapping: TableMapping, table: Table) -> DataFrame:
    """The mapped columns of `rows`, the implied ones, `filtered`, `unreadable` and `raw`.

    A value that cannot be read as the contract's type is NULL, and `unreadable` names its column as
    `<column>_unreadable`; then `raw` is the original row as JSON. A line that is no row is `line_malformed`.
    """
    mapped = {
        column.name: _value(mapping.columns[column.name], column.name, column.type)
        for column in table.columns
        if column.name in mapping.columns
    }
    rules = [F.when(failed, F.lit(f"{name}_unreadable")) for name, (_, failed) in mapped.items()]
    if MALFORMED in rows.columns:
        rules = [F.when(F.col(MALFORMED).isNotNull(), F.lit(LINE_MALFORMED)), *rules]
    inside = F.expr(mapping.where) if mapping.where else F.lit(True)
    if MALFORMED in rows.columns:
        inside = inside | F.col(MALFORMED).isNotNull()
    unreadable = F.concat_ws(",", *rules)
    original = F.to_json(F.struct(*(F.col(f"`{name}`") for name in rows.columns if name != TAKEN_UNTIL)))
    contract_rows = rows.select(
        *(name for name in (PART, TAKEN_UNTIL) if name in rows.columns),
        *(value.alias(name) for name, (value, _) in mapped.items()),
        (~F.coalesce(inside, F.lit(False))).alias("filtered"),
        unreadable.alias("unreadable"),
        F.when(unreadable != "", original).alias("raw"),
    )
    return _with_implied(contract_rows, table)


def _with_implied(rows: DataFrame, table: Table) -> DataFrame:
    """Adds the columns of IMPLIED that are not mapped."""
    for name, expression in IMPLIED[table.name].items():
        if name in rows.columns:
            continue
        needs = expression if expression in table.column_names else None
        if needs is None or needs in rows.columns:
            kind = next(column.type for column in table.columns if column.name == name)
            rows = rows.withColumn(name, F.expr(expression).cast(kind))
    return rows


def _value(spec: Mapped, name: str, kind: DataType) -> tuple[Column, Column]:
    """The value in the contract's type, and whether there was a value that could not be read."""
    if spec.map:
        entries = [
            F.struct(F.lit(key).alias("key"), F.coalesce(_text(column), F.lit("")).alias("value"))
            for key, column in spec.map.items()
        ]
        known = F.filter(F.array(*entries), lambda entry: entry["value"] != "")
        return F.map_from_entries(known), F.lit(False)
    original = _original(spec, name)
    if spec.values:
        table = F.create_map(*(F.lit(part) for pair in spec.values.items() for part in pair))
        text = F.trim(original.cast("string"))
        original = F.when(F.map_contains_key(table, text), F.try_element_at(table, text)).otherwise(text)
    value = _typed(original, spec, kind)
    failed = original.isNotNull() & (F.trim(original.cast("string")) != "") & value.isNull()
    if spec.default is not None:
        value = F.when(failed, value).otherwise(F.coalesce(value, F.lit(spec.default).cast(kind)))
    return value, failed


def _original(spec: Mapped, name: str) -> Column:
    if spec.constant is not None:
        return F.lit(spec.constant)
    if spec.sql is not None:
        return F.expr(spec.sql)
    if spec.columns:
        parts = [_text(column) for column in spec.columns]
        if not name.endswith("_id"):
            return F.nullif(F.concat_ws(spec.separator, *(F.nullif(part, F.lit("")) for part in parts)), F.lit(""))
        # A separator within a part is doubled, or ('a-b', 'c') and ('a', 'b-c') would be one id. An id that lacks a
        # part is missing.
        escaped = [F.replace(part, F.lit(spec.separator), F.lit(spec.separator * 2)) for part in parts]
        complete = reduce(and_, (F.coalesce(part != "", F.lit(False)) for part in parts))
        return F.when(complete, F.concat_ws(spec.separator, *escaped))
    return F.col(f"`{spec.column}`")


def _text(column: str) -> Column:
    return F.trim(F.col(f"`{column}`").cast("string"))


def _typed(original: Column, spec: Mapped, kind: DataType) -> Column:
    if isinstance(kind, StringType):
        return F.nullif(F.trim(original.cast("string")), F.lit(""))
    if isinstance(kind, TimestampType | DateType):
        return _time(original, spec).cast(kind)
    if isinstance(kind, ArrayType):
        return original.try_cast(kind)
    if isinstance(kind, MapType):
        raise ValueError("a column of type map needs `map` in its mapping")
    value = original
    if spec.decimal_comma:
        text = F.translate(original.cast("string"), _SPACES, "")
        number = F.replace(F.replace(text, F.lit("."), F.lit("")), F.lit(","), F.lit("."))
        value = F.when(text.rlike(_WITH_DECIMAL_COMMA), number)
    if isinstance(kind, LongType | IntegerType):
        exact = value.try_cast(DecimalType(38, 6))
        return F.when(exact == F.floor(exact), exact).try_cast(kind)
    return value.try_cast(kind)


def _time(original: Column, spec: Mapped) -> Column:
    """The time in UTC. Numbers count `unit`s since 1970; texts are of `format`, or ISO 8601; both are of `zone`."""
    if spec.unit is not None:
        seconds = original.try_cast(DecimalType(38, 6)) / (1000 if spec.unit == "milliseconds" else 1)
        return F.timestamp_micros((seconds * 1_000_000).try_cast("long"))
    if spec.format is not None:
        time = F.try_to_timestamp(F.trim(original.cast("string")), F.lit(spec.format))
    else:
        time = original.try_cast(TimestampType())
    return F.to_utc_timestamp(time, spec.zone) if spec.zone else time
