"""Reads the files of an input without a conversion of types: the mapping decides what texts mean."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from jobs.config.source import FileInput
from jobs.sources.files.columns import LINE, MALFORMED, PART, TAKEN_UNTIL
from jobs.sources.files.parts import Part

# The columns of a file take a job of a tenth of a second, most of it waiting.
_HEADS_AT_ONCE = 8


def read_parts(spark: SparkSession, files: FileInput, parts: list[Part]) -> list[DataFrame]:
    """The rows of these files with their file as `source_part`, `source_line`, and `taken_until` of that part.

    One frame for each set of columns: exports change, and a column must be reported as missing in the files without it.
    A line of CSV or JSON that is no row is in `_malformed_line`.
    """
    if files.format == "delta":
        rows = spark.read.format("delta").options(**files.reader_options).load(files.path)
        frames = [rows.withColumn(PART, F.col("_metadata.file_path")).where(F.col(PART).isin(_places(parts)))]
    elif files.format == "json":  # a line lacks fields without a value, so the columns follow from all lines
        frames = [_with_schema(spark, files, parts, _reader(spark, files).load(_paths(parts)).schema)]
    else:
        frames = [_with_schema(spark, files, alike, head) for head, alike in _by_head(spark, files, parts)]
    return [_with_taken_until(rows.withColumn(LINE, F.monotonically_increasing_id()), parts) for rows in frames]


def _by_head(spark: SparkSession, files: FileInput, parts: list[Part]) -> list[tuple[StructType, list[Part]]]:
    with ThreadPoolExecutor(_HEADS_AT_ONCE) as executor:
        heads = list(executor.map(lambda part: _reader(spark, files).load(part.path).schema, parts))
    alike: dict[str, tuple[StructType, list[Part]]] = {}
    for head, part in zip(heads, parts, strict=True):
        alike.setdefault(head.json(), (head, []))[1].append(part)
    return list(alike.values())


def _with_schema(spark: SparkSession, files: FileInput, parts: list[Part], schema: StructType) -> DataFrame:
    if files.format in ("csv", "json"):
        fields = [field for field in schema.fields if field.name != MALFORMED]
        schema = StructType(fields).add(MALFORMED, StringType())
    return _reader(spark, files).schema(schema).load(_paths(parts)).withColumn(PART, F.col("_metadata.file_path"))


def _reader(spark: SparkSession, files: FileInput) -> DataFrameReader:
    reader = spark.read.format(files.format).options(**files.reader_options)
    if files.format == "csv":
        # A quote within quotes is doubled (RFC 4180); Spark expects a backslash before it by default.
        defaults = {"header": "true", "escape": '"'}
        reader = reader.options(**defaults | files.reader_options).option("enforceSchema", "false")
    if files.format == "json":
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
