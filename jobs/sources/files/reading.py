"""Reads files of an input as they are; texts stay texts, so that the mapping decides what they mean."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from jobs.runtime.source_config import FileInput
from jobs.sources.files.mapping import MALFORMED, PART, TAKEN_UNTIL
from jobs.sources.files.parts import Part


def read_parts(spark: SparkSession, given: FileInput, parts: list[Part]) -> DataFrame:
    """The rows of these files with `source_part`, the file of each, and `taken_until` as the parts have it.

    A line of CSV or JSON that is no row is in `_malformed_line`. All files have the head of the first.
    """
    return _with_taken_until(_read(spark, given, parts), parts)


def _with_taken_until(rows: DataFrame, parts: list[Part]) -> DataFrame:
    until = {part.place: part.taken_until for part in parts if part.taken_until is not None}
    if not until:
        return rows
    known = F.create_map(*(F.lit(value) for pair in until.items() for value in pair))
    return rows.withColumn(TAKEN_UNTIL, F.try_element_at(known, F.col(PART)))


def _read(spark: SparkSession, given: FileInput, parts: list[Part]) -> DataFrame:
    places, paths = [part.place for part in parts], [part.path for part in parts]
    if given.format == "delta":
        rows = spark.read.format("delta").options(**given.options).load(given.path)
        return rows.withColumn(PART, F.col("_metadata.file_path")).where(F.col(PART).isin(places))
    reader = spark.read.format(given.format).options(**given.options)
    if given.format == "csv":
        reader = reader.option("header", given.options.get("header", "true")).option("enforceSchema", "false")
    if given.format == "json":
        reader = reader.option("primitivesAsString", "true")
    if given.format in ("csv", "json"):
        reader = reader.option("columnNameOfCorruptRecord", MALFORMED)
        head = reader.load(paths[0] if given.format == "csv" else paths).schema
        fields = [field for field in head.fields if field.name != MALFORMED]
        reader = reader.schema(StructType(fields).add(MALFORMED, StringType()))
    rows = reader.load(paths)
    return rows.withColumn(PART, F.col("_metadata.file_path"))
