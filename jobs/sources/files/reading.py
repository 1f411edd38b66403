"""Reads the files of an input without a conversion of types: the mapping decides what texts mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyspark.errors import AnalysisException, IllegalArgumentException
from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from jobs.config.inputs import FileInput
from jobs.runtime.errors import ConfigurationError, Refused
from jobs.sources.files.columns import LINE, MALFORMED, PART, TAKEN_UNTIL
from jobs.sources.files.heads import head_of_json, head_of_parquet
from jobs.sources.files.nanoseconds import with_instants
from jobs.sources.files.parts import Part

ReadParts = Callable[[SparkSession, FileInput, list[Part], Collection[str]], list[DataFrame]]  # as read_parts

_VERSION_GONE = re.compile(r"(?i)time.?travel|VERSION_NOT_FOUND|VERSIONS_NOT_CONTIGUOUS|NO_REPRODUCIBLE_HISTORY")

# The columns of a file take a job of a tenth of a second, most of it waiting.
_HEADS_AT_ONCE = 8


def read_parts(
    spark: SparkSession, files: FileInput, parts: list[Part], mapped: Collection[str] = frozenset()
) -> list[DataFrame]:
    """The rows of these files with their file as `source_part`, `source_line`, and `taken_until` of that part.

    One frame for each set of columns: exports change, and a column must be reported as missing in the files without it.
    A line of CSV or JSON that is no row is in `_malformed_line`. A file without any column, an empty one, has no frame.

    mapped: columns that a mapping reads; of columns whose names differ in case only, the others are left out
    """
    _check_encoding(spark, files)
    if files.format == "delta":
        reader = spark.read.format("delta").options(**files.reader_options)
        rows = _of_version(reader, files.path, parts[0].version)
        frames = [rows.withColumn(PART, F.col("_metadata.file_path")).where(F.col(PART).isin(_places(parts)))]
    elif files.format == "json":  # a line lacks fields without a value, so the columns follow from all lines
        head = head_of_json(spark, lambda session: _reader(session, files).load(_paths(parts)), files.path, mapped)
        frames = [_with_schema(spark, files, parts, head)] if head.fields else []
    else:
        frames = [_with_schema(spark, files, alike, head) for head, alike in _by_head(spark, files, parts, mapped)]
    return [_with_taken_until(rows.withColumn(LINE, F.monotonically_increasing_id()), parts) for rows in frames]


def _of_version(reader: DataFrameReader, path: str, version: int | None) -> DataFrame:
    """The rows of a Delta table in a version, None if the reader's options choose one.

    Raises Refused if the version has gone since its files were listed, as in a table that was written from scratch.
    """
    if version is None:
        return reader.load(path)
    try:
        rows = reader.option("versionAsOf", version).load(path)
        _ = rows.schema  # finds the version
    except AnalysisException as error:
        if not _VERSION_GONE.search(str(error)):
            raise
        raise Refused(
            f"The Delta table {path} has changed while it was read: its version {version} is gone.",
            "Run the night again. Nothing was written.",
        ) from error
    return rows


def _by_head(
    spark: SparkSession, files: FileInput, parts: list[Part], mapped: Collection[str]
) -> list[tuple[StructType, list[Part]]]:
    def head_of(part: Part) -> StructType:
        if files.format == "parquet":
            return head_of_parquet(spark, lambda session: _reader(session, files).load(part.pattern), part.path, mapped)
        return _reader(spark, files).load(part.pattern).schema

    with ThreadPoolExecutor(_HEADS_AT_ONCE) as executor:
        heads = list(executor.map(head_of, parts))
    alike: dict[str, tuple[StructType, list[Part]]] = {}
    for head, part in zip(heads, parts, strict=True):
        if head.fields:
            alike.setdefault(head.json(), (head, []))[1].append(part)
    return list(alike.values())


def _with_schema(spark: SparkSession, files: FileInput, parts: list[Part], schema: StructType) -> DataFrame:
    if files.format in ("csv", "json"):
        fields = [field for field in schema.fields if field.name != MALFORMED]
        schema = StructType(fields).add(MALFORMED, StringType())
    rows = _reader(spark, files).schema(schema).load(_paths(parts)).withColumn(PART, F.col("_metadata.file_path"))
    return with_instants(rows, schema)


def _reader(spark: SparkSession, files: FileInput) -> DataFrameReader:
    reader = spark.read.format(files.format)
    if files.format == "csv":
        # A quote within quotes is doubled (RFC 4180); Spark expects a backslash before it by default. Fields are taken
        # by their place, since each file is read with the columns of its own header, in which Spark has renamed columns
        # without a name or with the same one.
        reader = reader.options(header="true", escape='"')
        if files.has_two_byte_text:
            reader = reader.option("multiLine", "true")
    reader = reader.options(**files.reader_options)
    if files.format == "json":
        reader = reader.option("primitivesAsString", "true")
    return reader.option("columnNameOfCorruptRecord", MALFORMED)


def _check_encoding(spark: SparkSession, files: FileInput) -> None:
    """Raises ConfigurationError for an encoding that Java does not know, or that needs a further option."""
    jvm: Any = spark._jvm
    try:
        known = jvm.java.nio.charset.Charset.isSupported(files.encoding)
    except IllegalArgumentException:  # not even the form of a name
        known = False
    if not known:
        raise ConfigurationError(
            f"Java knows no encoding {files.encoding}, which an input of source.files (path {files.path}) sets.",
            "Correct options.encoding, for example to UTF-8, windows-1252 or UTF-16.",
        )
    if files.format == "json" and files.has_two_byte_text and "multiline" not in files.options_by_name:
        raise ConfigurationError(
            f"Lines of JSON in {files.encoding} cannot be separated (path {files.path}).",
            'Set options.multiLine to "true" for an array of objects, or write the file as UTF-8.',
        )


def _with_taken_until(rows: DataFrame, parts: list[Part]) -> DataFrame:
    until = {part.place: part.taken_until for part in parts if part.taken_until is not None}
    if not until:
        return rows
    known = F.create_map(*(F.lit(value) for pair in until.items() for value in pair))
    return rows.withColumn(TAKEN_UNTIL, F.try_element_at(known, F.col(PART)))


def _places(parts: list[Part]) -> list[str]:
    return [part.place for part in parts]


def _paths(parts: list[Part]) -> list[str]:
    return [part.pattern for part in parts]
