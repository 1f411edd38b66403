"""Lines of CSV that end within quotes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.config.inputs import FileInput
from jobs.runtime.errors import Refused
from jobs.sources.files.parts import Part


def require_closed_quotes(spark: SparkSession, name: str, files: FileInput, parts: list[Part]) -> None:
    """Raises Refused if a line ends within quotes and the reader's option multiLine is not true.

    Spark would take the two halves of such a row for two rows, and accept a half that has as many fields as the header.
    """
    options = files.options_by_name
    quote = options.get("quote", '"')
    has_breaks = options.get("multiline", "").lower() == "true" or files.has_two_byte_text
    if has_breaks or not quote.strip("\0"):
        return
    escape, separator = options.get("escape", '"'), options.get("sep", options.get("delimiter", ","))
    reader = spark.read.format("text")
    if "linesep" in options:
        reader = reader.option("lineSep", options["linesep"])
    lines = reader.load([part.pattern for part in parts]).select("value", F.col("_metadata.file_path").alias("part"))
    # Nearly all lines have an even number of quotes; only the others are sent to Python.
    text = F.col("value") if escape == quote else F.replace("value", F.lit(escape + quote), F.lit(""))
    odd = (F.length(text) - F.length(F.replace(text, F.lit(quote), F.lit("")))) % 2 == 1
    ends = partial(ends_within_quotes, separator=separator, quote=quote, escape=escape)
    within = lines.where(odd).mapInArrow(partial(_open_lines, ends=ends), "value string, part string")
    [found] = within.agg(F.count("*").alias("lines"), F.min("part").alias("first")).collect()
    if found["lines"]:
        file = found["first"].rpartition("/")[2]
        raise Refused(
            f"Lines of {files.path} end within quotes ({found['lines']}, the first in {file}).",
            f'Set options: {{multiLine: "true"}} for source.files.inputs.{name} if its fields have line breaks, or '
            '{quote: ""} if quotes are part of its texts, or correct the line: a field that begins with a quote ends '
            'with one, as in "6"" pipe". Nothing was written.',
        )


def ends_within_quotes(line: str, separator: str, quote: str, escape: str) -> bool:
    """Whether the last field of a line begins with a quote that the line does not close."""
    within, begins, position = False, True, 0
    while position < len(line):
        step, escaped = 1, line[position + 1 : position + 2] == quote and line[position] == escape
        if within:
            if escaped:
                step = 2
            elif line[position] == quote:
                within = False
        elif line.startswith(separator, position):
            begins, step = True, len(separator)
        else:
            within, begins = begins and line[position] == quote, False
        position += step
    return within


def _open_lines(batches: Iterator[pa.RecordBatch], ends: partial[bool]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch.filter(pa.array([ends(line) for line in batch.column("value").to_pylist()], pa.bool_()))
