"""A store's columns to the contract's, as the configuration says."""

from __future__ import annotations

from functools import reduce

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
from jobs.config.source import Mapped, TableMapping

MALFORMED = "_malformed_line"
PART = "source_part"
TAKEN_UNTIL = "taken_until"

# 1.249,50 and 1249,5; 12.90 is no such number, and without its dot it would be a hundredfold.
_WITH_DECIMAL_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d*)(,\d+)?$"
_SPACES = " \u00a0\u202f"

# What a column holds where the store does not say it. An expression refers to columns that are mapped already.
UNSAID = {
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
}


def mapped_rows(rows: DataFrame, mapping: TableMapping, table: Table) -> DataFrame:
    """The mapped columns of `rows`, those that follow from them, `filtered`, `unreadable` and `raw`.

    A value that is there and cannot be read as the contract's type is NULL, and `unreadable` names its column as
    `<column>_unreadable`; `raw` then has the row as it came, as JSON. A line that is no row at all is
    `malformed_line`.
    """
    found = {
        column.name: _value(mapping.columns[column.name], column.name, column.type)
        for column in table.columns
        if column.name in mapping.columns
    }
    rules = [F.when(failed, F.lit(f"{name}_unreadable")) for name, (_, failed) in found.items()]
    if MALFORMED in rows.columns:
        rules = [F.when(F.col(MALFORMED).isNotNull(), F.lit("malformed_line")), *rules]
    inside = F.expr(mapping.where) if mapping.where else F.lit(True)
    if MALFORMED in rows.columns:
        inside = inside | F.col(MALFORMED).isNotNull()
    unreadable = F.concat_ws(",", *rules)
    whole = F.to_json(F.struct(*(F.col(f"`{name}`") for name in rows.columns if name != TAKEN_UNTIL)))
    made = rows.select(
        *(name for name in (PART, TAKEN_UNTIL) if name in rows.columns),
        *(value.alias(name) for name, (value, _) in found.items()),
        (~F.coalesce(inside, F.lit(False))).alias("filtered"),
        unreadable.alias("unreadable"),
        F.when(unreadable != "", whole).alias("raw"),
    )
    return _with_unsaid(made, table)


def _with_unsaid(made: DataFrame, table: Table) -> DataFrame:
    """Columns that the store does not say but that follow: their names are those of UNSAID."""
    for name, expression in UNSAID[table.name].items():
        if name in made.columns:
            continue
        needs = expression if expression in table.column_names else None
        if needs is None or needs in made.columns:
            kind = next(column.type for column in table.columns if column.name == name)
            made = made.withColumn(name, F.expr(expression).cast(kind))
    return made


def _value(spec: Mapped, name: str, kind: DataType) -> tuple[Column, Column]:
    """The value in the contract's type, and whether it was there and could not be read."""
    if spec.map:
        entries = [
            F.struct(F.lit(key).alias("key"), F.coalesce(_text(column), F.lit("")).alias("value"))
            for key, column in spec.map.items()
        ]
        known = F.filter(F.array(*entries), lambda entry: entry["value"] != "")
        return F.map_from_entries(known), F.lit(False)
    given = _given(spec, name)
    if spec.values:
        table = F.create_map(*(F.lit(part) for pair in spec.values.items() for part in pair))
        text = F.trim(given.cast("string"))
        given = F.when(F.map_contains_key(table, text), F.try_element_at(table, text)).otherwise(text)
    value = _typed(given, spec, kind)
    failed = given.isNotNull() & (F.trim(given.cast("string")) != "") & value.isNull()
    if spec.default is not None:
        value = F.when(failed, value).otherwise(F.coalesce(value, F.lit(spec.default).cast(kind)))
    return value, failed


def _given(spec: Mapped, name: str) -> Column:
    if spec.constant is not None:
        return F.lit(spec.constant)
    if spec.sql is not None:
        return F.expr(spec.sql)
    if spec.columns:
        parts = [_text(column) for column in spec.columns]
        if not name.endswith("_id"):
            return F.nullif(F.concat_ws(spec.separator, *(F.nullif(part, F.lit("")) for part in parts)), F.lit(""))
        # The separator inside a part is doubled, or ('a-b', 'c') and ('a', 'b-c') would be one id. An id with a part
        # missing is missing.
        escaped = [F.replace(part, F.lit(spec.separator), F.lit(spec.separator * 2)) for part in parts]
        complete = reduce(lambda one, other: one & other, (F.coalesce(part != "", F.lit(False)) for part in parts))
        return F.when(complete, F.concat_ws(spec.separator, *escaped))
    return F.col(f"`{spec.column}`")


def _text(column: str) -> Column:
    return F.trim(F.col(f"`{column}`").cast("string"))


def _typed(given: Column, spec: Mapped, kind: DataType) -> Column:
    if isinstance(kind, StringType):
        return F.nullif(F.trim(given.cast("string")), F.lit(""))
    if isinstance(kind, TimestampType | DateType):
        return _time(given, spec).cast(kind)
    if isinstance(kind, ArrayType):
        return given.try_cast(kind)
    if isinstance(kind, MapType):
        raise ValueError("a map needs map")
    if spec.decimal_comma:
        text = F.translate(given.cast("string"), _SPACES, "")
        number = F.replace(F.replace(text, F.lit("."), F.lit("")), F.lit(","), F.lit("."))
        given = F.when(text.rlike(_WITH_DECIMAL_COMMA), number)
    if isinstance(kind, LongType | IntegerType):
        exact = given.try_cast(DecimalType(38, 6))
        return F.when(exact == F.floor(exact), exact).try_cast(kind)
    return given.try_cast(kind)


def _time(given: Column, spec: Mapped) -> Column:
    """UTC. Numbers count `unit`s since 1970; texts are read by `format`, or as ISO 8601; both are of `zone`."""
    if spec.unit is not None:
        seconds = given.try_cast(DecimalType(38, 6)) / (1000 if spec.unit == "milliseconds" else 1)
        return F.timestamp_micros((seconds * 1_000_000).try_cast("long"))
    if spec.format is not None:
        read = F.try_to_timestamp(F.trim(given.cast("string")), F.lit(spec.format))
    else:
        read = given.try_cast(TimestampType())
    return F.to_utc_timestamp(read, spec.zone) if spec.zone else read
