"""Values of a store in the contract's types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    TimestampType,
)

from features.contract.money import MONEY, names_of_currency
from jobs.config.source import Mapped
from jobs.sources.files.guarded import Guarded
from jobs.sources.files.times import time_in_utc

# 1.249,50 and 1249,5. Not 12.90, which would be a hundred times as much without its dot.
_WITH_DECIMAL_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d*)(,\d+)?$"
# 1,299.00 and 1,299,000. Not 1,299, which is one and a bit where a comma stands before decimals.
_WITH_THOUSANDS = r"^[+-]?\d{1,3}((,\d{3})+\.\d+|(,\d{3}){2,})$"
_SPACES = " \u00a0\u202f"
# What Chinese and Japanese keyboards may write for ASCII.
_FULL_WIDTH = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"
_ASCII = "".join(map(chr, range(0x21, 0x7F))) + " "
# Around a value: also no-break spaces, and the marks without a width that copied texts bring along.
_BLANKS = f"{_SPACES}\t\r\n\u200b\u2060\ufeff"
_EXACT_IN_DOUBLE = 2**53  # doubles hold all whole numbers up to it


@dataclass(frozen=True)
class Value:
    """A column of the contract: its `value`, whether the source had one that cannot be read, and that one as text."""

    value: Column
    unreadable: Column
    original: Column


def value_of(rows: DataFrame, spec: Mapped, name: str, kind: DataType, currency: str | None = None) -> Value:
    """The column `name` of the contract, of the type `kind`, in these rows of the source.

    currency: its code and its sign may stand next to an amount; an amount in another one is unreadable
    """
    if spec.map:
        return Value(_attributes(rows, spec.map), F.lit(False), F.lit(None).cast("string"))
    original, raised = _original(rows, spec, name)
    of_source = _type_in(rows, spec, original)
    if isinstance(kind, TimestampType | DateType) and _is_made_of_text(rows, spec):
        of_source = StringType() if isinstance(of_source, StringType) else DateType()
    text = _as_text(original, of_source)
    value, blank = original, F.coalesce(text == "", F.lit(True))
    if spec.values:
        words = F.create_map(*(F.lit(part) for pair in spec.values.items() for part in pair))
        value = F.when(F.map_contains_key(words, text), F.try_element_at(words, text)).otherwise(text)
        blank, of_source = F.coalesce(_trimmed(value) == "", F.lit(True)), StringType()
    if isinstance(of_source, StringType) and _may_be_full_width(name, kind, spec):
        value = F.translate(value.cast("string"), _FULL_WIDTH, _ASCII)
    if currency and kind == MONEY and isinstance(of_source, StringType):
        value = _without_currency(value, currency)
    typed = _typed(value, spec, of_source, kind)
    unreadable = raised | (~blank & typed.isNull())
    if spec.default is not None:
        typed = F.when(unreadable, typed).otherwise(F.coalesce(typed, F.lit(spec.default).cast(kind)))
    return Value(typed, unreadable, text)


def _original(rows: DataFrame, spec: Mapped, name: str) -> tuple[Column, Column]:
    """The value as the source has it, and whether an expression raised for its row."""
    if spec.sql is not None:
        guarded = Guarded(spec.sql)
        return guarded.value, guarded.raised
    if spec.constant is not None:
        return F.lit(spec.constant), F.lit(False)
    if spec.columns:
        return _joined(rows, spec, name), F.lit(False)
    return F.col(f"`{spec.column}`"), F.lit(False)


def _type_in(rows: DataFrame, spec: Mapped, original: Column) -> DataType:
    if spec.column in rows.columns:
        return rows.schema[spec.column].dataType
    return StringType() if spec.columns else rows.select(original.alias("value")).schema["value"].dataType


def _joined(rows: DataFrame, spec: Mapped, name: str) -> Column:
    parts = [_text_of(rows, column) for column in spec.columns]
    if not name.endswith("_id"):
        return F.nullif(F.concat_ws(spec.separator, *(F.nullif(part, F.lit("")) for part in parts)), F.lit(""))
    # A separator within a part is doubled, or ('a-b', 'c') and ('a', 'b-c') would be one id. An id that lacks a
    # part is missing.
    escaped = [F.replace(part, F.lit(spec.separator), F.lit(spec.separator * 2)) for part in parts]
    complete = reduce(and_, (F.coalesce(part != "", F.lit(False)) for part in parts))
    return F.when(complete, F.concat_ws(spec.separator, *escaped))


def _attributes(rows: DataFrame, names: dict[str, str]) -> Column:
    entries = [
        F.struct(F.lit(key).alias("key"), F.coalesce(_text_of(rows, column), F.lit("")).alias("value"))
        for key, column in names.items()
    ]
    return F.map_from_entries(F.filter(F.array(*entries), lambda entry: entry["value"] != ""))


def _text_of(rows: DataFrame, column: str) -> Column:
    return _as_text(F.col(f"`{column}`"), rows.schema[column].dataType)


def _may_be_full_width(name: str, kind: DataType, spec: Mapped) -> bool:
    """Ids, numbers, and times without a format, which may name such characters; other texts stay as they are."""
    if isinstance(kind, TimestampType | DateType):
        return spec.format is None
    return name.endswith("_id") or not isinstance(kind, StringType | ArrayType | MapType)


def _trimmed(value: Column) -> Column:
    return F.btrim(value.cast("string"), F.lit(_BLANKS))


def _is_made_of_text(rows: DataFrame, spec: Mapped) -> bool:
    """Whether a time that `sql` computes is made of texts, so that it is of the mapping's zone.

    It is an instant if the expression names a column of instants, as Parquet and Delta have them.
    """
    if spec.sql is None:
        return False
    return not any(kind == "timestamp" and name in spec.sql for name, kind in rows.dtypes)


def _as_text(value: Column, kind: DataType) -> Column:
    """The value as trimmed text; whole numbers without '.0', which exports with gaps in a column write after ids.

    Databases without integers export them as decimals with a scale, such as 17801.0000000000.
    """
    text = _trimmed(value)
    if isinstance(kind, DecimalType) and kind.scale > 0:
        return F.when(value == F.floor(value), F.floor(value).cast("string")).otherwise(text)
    if not isinstance(kind, DoubleType | FloatType):
        return text
    whole = (value == F.floor(value)) & (F.abs(value) <= _EXACT_IN_DOUBLE)
    return F.when(whole, value.try_cast("long").cast("string")).otherwise(text)


def _without_currency(value: Column, currency: str) -> Column:
    """The number of `15.00 EUR`, `€15.00` and `-€ 15.00`, which Merchant feeds and formatted prices are."""
    names = "|".join(map(re.escape, names_of_currency(currency)))
    before = rf"^([+-]?)(?:{names})[{_BLANKS}]*(?=[-+.,0-9])"
    after = rf"(?<=[.,0-9])[{_BLANKS}]*(?:{names})$"
    return F.regexp_replace(_trimmed(value), f"(?i){before}|{after}", "$1")


def _typed(value: Column, spec: Mapped, of_source: DataType, kind: DataType) -> Column:
    if isinstance(kind, StringType):
        return F.nullif(_as_text(value, of_source), F.lit(""))
    if isinstance(kind, TimestampType | DateType):
        text_or_value = _trimmed(value) if isinstance(of_source, StringType) else value
        return time_in_utc(text_or_value, spec, of_source).cast(kind)
    if isinstance(kind, ArrayType):
        return value.try_cast(kind)
    if isinstance(kind, MapType):
        raise ValueError("a column of type map needs `map` in its mapping")
    if spec.decimal_comma:
        text = F.translate(value.cast("string"), _SPACES, "")
        number = F.replace(F.replace(text, F.lit("."), F.lit("")), F.lit(","), F.lit("."))
        value = F.when(text.rlike(_WITH_DECIMAL_COMMA), number)
    elif isinstance(of_source, StringType):
        text = _trimmed(value)
        value = F.when(text.rlike(_WITH_THOUSANDS), F.replace(text, F.lit(","), F.lit(""))).otherwise(value)
    if isinstance(kind, LongType | IntegerType):
        exact = value.try_cast(DecimalType(38, 6))
        return F.when(exact == F.floor(exact), exact).try_cast(kind)
    return value.try_cast(kind)
