"""Rows of an input before they are mapped: filled down, taken apart, numbered and joined."""

from __future__ import annotations

import re
from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructType

from jobs.config.inputs import FileInput, FillDown, Join, LineNumber
from jobs.runtime.errors import ConfigurationError, Refused
from jobs.sources.files.columns import ADDED, LINE, PART
from jobs.tables.sql import sql_identifier

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def reshaped(rows: DataFrame, name: str, files: FileInput, joined: Callable[[str], DataFrame]) -> DataFrame:
    """The rows of an input with what it configures, in this order: partitions, fill_down, explode, line_number, join.

    joined: returns the rows of another input
    """
    rows = rows.withColumns({partition: _of_folder(partition) for partition in files.partitions})
    if files.fill_down is not None:
        rows = _filled_down(_having(rows, name, files, *files.fill_down.by, *files.fill_down.columns), files.fill_down)
    if files.explode is not None:
        rows = _exploded(_having(rows, name, files, files.explode), name, files.explode)
    if files.line_number is not None:
        rows = _numbered(_having(rows, name, files, *files.line_number.by), files.line_number)
    for join in files.join:
        rows = _joined(_having(rows, name, files, *join.on), name, join, joined(join.input))
    return rows


def _having(rows: DataFrame, name: str, files: FileInput, *columns: str) -> DataFrame:
    """The rows; raises Refused if they lack one of the columns."""
    missing = [column for column in columns if column not in rows.columns]
    if missing:
        has = ", ".join(column for column in rows.columns if column not in ADDED)
        raise Refused(
            f"Files of {files.path} have no column {', '.join(missing)}, which source.files.inputs.{name} names; "
            f"they have {has}.",
            f"Correct the files or source.files.inputs.{name}; nothing was written.",
        )
    return rows


def _of_folder(partition: str) -> Column:
    """The value of a folder such as shop=007 in the path of a row's file, as text."""
    path = F.url_decode(F.replace(F.col(PART), F.lit("+"), F.lit("%2B")))
    value = F.regexp_extract(path, f"/{re.escape(partition)}=([^/]*)/", 1)
    # Spark and Hive escape characters such as a colon in the folder's name.
    text = F.coalesce(F.try_url_decode(F.replace(value, F.lit("+"), F.lit("%2B"))), value)
    return F.when(~text.isin("", _NO_VALUE), text)


def _filled_down(rows: DataFrame, spec: FillDown) -> DataFrame:
    earlier = Window.partitionBy(PART, *map(_column, spec.by)).orderBy(LINE).rowsBetween(Window.unboundedPreceding, 0)
    has_key = F.lit(True)
    for name in spec.by:
        has_key = has_key & (F.trim(_column(name).cast("string")) != "")
    filled = {
        name: F.when(has_key, F.last(_not_blank(rows, name), ignorenulls=True).over(earlier)).otherwise(_column(name))
        for name in spec.columns
    }
    return rows.withColumns(filled)


def _exploded(rows: DataFrame, name: str, array: str) -> DataFrame:
    kind = rows.schema[array].dataType
    if not isinstance(kind, ArrayType) or not isinstance(kind.elementType, StructType):
        raise ConfigurationError(
            f"source.files.inputs.{name}.explode: {array} is {kind.simpleString()}, not an array of objects.",
            "Name a column of JSON, Parquet or Delta that holds an array of objects.",
        )
    rows = rows.withColumn(array, F.explode_outer(_column(array)))
    return rows.withColumns({f"{array}.{field}": _column(array)[field] for field in kind.elementType.names})


def _numbered(rows: DataFrame, spec: LineNumber) -> DataFrame:
    of_key = Window.partitionBy(PART, *map(_column, spec.by)).orderBy(LINE)
    return rows.withColumn(spec.name, F.row_number().over(of_key))


def _joined(rows: DataFrame, name: str, join: Join, other: DataFrame) -> DataFrame:
    """The rows with columns of the newest row of another input that has the same values as text."""
    missing = [column for column in (*join.on.values(), *join.columns.values()) if column not in other.columns]
    if missing:
        raise Refused(
            f"Files of source.files.inputs.{join.input} have no column {', '.join(missing)}, which {name} joins.",
            f"Correct the files or source.files.inputs.{name}.join; nothing was written.",
        )
    taken = [column for column in join.columns if column in rows.columns]
    if taken:
        raise ConfigurationError(
            f"source.files.inputs.{name}.join: {', '.join(taken)} is a column of both inputs.",
            "Give the joined column another name, as in columns: {new name: its name}.",
        )
    keys = [
        F.trim(_column(column).cast("string")).alias(f"_key_{number}") for number, column in enumerate(join.on.values())
    ]
    values = F.struct(*(_column(column).alias(new) for new, column in join.columns.items()))
    newest = (
        other.select(*keys, values.alias("_values"), F.struct(PART, LINE).alias("_place"))
        .groupBy(*(f"_key_{number}" for number in range(len(keys))))
        .agg(F.max_by("_values", "_place").alias("_values"))
    )
    here = {f"_key_{number}": F.trim(_column(column).cast("string")) for number, column in enumerate(join.on)}
    with_values = rows.withColumns(here).join(newest, on=list(here), how="left")
    return with_values.select(*map(_column, rows.columns), *(F.col("_values")[new].alias(new) for new in join.columns))


def _not_blank(rows: DataFrame, name: str) -> Column:
    column = _column(name)
    return F.when(F.trim(column) != "", column) if isinstance(rows.schema[name].dataType, StringType) else column


def _column(name: str) -> Column:
    return F.col(sql_identifier(name))
