"""Reads files of an input as they are; texts stay texts, so that the mapping decides what they mean."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from jobs.config.source import FileInput
from jobs.sources.files.mapping import MALFORMED, PART, TAKEN_UNTIL
from jobs.sources.files.parts import Part

# Asking one file for its columns is a job of a tenth of a second, most of it waiting.
_HEADS_AT_ONCE = 8


def read_parts(spark: SparkSession, given: FileInput, parts: list[Part]) -> list[DataFrame]:
    """The rows of these files with `source_part`, the file of each, and `taken_until` as the parts have it.

    A frame for each set of columns that files have: exports change, and a column that only some files lack must be
    missed in these. A line of CSV or JSON that is no row is in `_malformed_line`.
    """
    if given.format == "delta":
        rows = spark.read.format("delta").options(**given.options).load(given.path)
        frames = [rows.withColumn(PART, F.col("_metadata.file_path")).where(F.col(PART).isin(_places(parts)))]
    elif given.format == "json":  # a field that has no value is not in the line, so only all lines tell the columns
        frames = [_with_schema(spark, given, parts, _reader(spark, given).load(_paths(parts)).schema)]
    else:
        frames = [_with_schema(spark, given, alike, head) for head, alike in _by_head(spark, given, parts)]
    return [_with_taken_until(rows, parts) for rows in frames]


def _by_head(spark: SparkSession, given: FileInput, parts: list[Part]) -> list[tuple[StructType, list[Part]]]:
    with ThreadPoolExecutor(_HEADS_AT_ONCE) as asking:
        heads = list(asking.map(lambda part: _reader(spark, given).load(part.path).schema, parts))
    alike: dict[str, tuple[StructType, list[Part]]] = {}
    for head, part in zip(heads, parts, strict=True):
        alike.setdefault(head.json(), (head, []))[1].append(part)
    return list(alike.values())


def _with_schema(spark: SparkSession, given: FileInput, parts: list[Part], schema: StructType) -> DataFrame:
    if given.format in ("csv", "json"):
        fields = [field for field in schema.fields if field.name != MALFORMED]
        schema = StructType(fields).add(MALFORMED, StringType())
    return _reader(spark, given).schema(schema).load(_paths(parts)).withColumn(PART, F.col("_metadata.file_path"))


def _reader(spark: SparkSession, given: FileInput) -> DataFrameReader:
    reader = spark.read.format(given.format).options(**given.options)
    if given.format == "csv":
        # A quote within quotes is doubled (RFC 4180); Spark would have a backslash before it.
        usual = {"header": "true", "escape": '"'}
        reader = reader.options(**usual | given.options).option("enforceSchema", "false")
    if given.format == "json":
        reader = reader.option("primitivesAsString", "true")
    return reader.option("columnNameOfCorruptRecord", MALFORMED)


def _with_taken_until(rows: DataFrame, parts: list[Part]) -> DataFrame:
    until = {part.place: part.taken_until for part in parts if part.taken_until is not None}
    if not until:
        return rows
    known = F.create_map(*(F.lit(value) for pair in until.items() for value in pair))
    return rows.withColumn(TAKEN_UNTIL, F.try_element_at(known, F.col(PART)))


def _places(parts: list[Part]) -> list[str]:
    return [part.place for part in parts]


def _paths(parts: list[Part]) -> list[str]:
    return [part.path for part in parts]
