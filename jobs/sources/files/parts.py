"""The files of an input: those present, and those that a night has to read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.config.inputs import FileInput
from jobs.runtime.errors import Refused
from jobs.tables.deletion_vectors import has_deletion_vectors


@dataclass(frozen=True)
class Part:
    """A file; two contents of one file differ in their `fingerprint`.

    place: its path as in Spark's `_metadata`
    path: its path as the file system names it
    taken_until: night that has ingested the file's earlier rows, if only the others are new
    is_known: whether a night has ingested all rows of the file, in this version or an older one
    version: version of the Delta table that has the file, so that it is read as it was listed
    """

    input: str
    place: str
    path: str
    fingerprint: str
    taken_until: date | None = None
    is_known: bool = False
    version: int | None = None

    @property
    def pattern(self) -> str:
        """The path as Spark's readers take it: a bracket or a brace in a name is escaped.

        Their option against patterns (__globPaths__) reads all files again for each path that looks like one.
        """
        return re.sub(r"([\\\[\]{}*?])", r"\\\1", self.path)


@dataclass(frozen=True)
class Fresh:
    """The files that a night reads (new, changed, or with rows that an earlier night postponed), and those gone."""

    parts: tuple[Part, ...]
    gone: tuple[Part, ...]

    @property
    def replaced(self) -> dict[str, date | None]:
        """Files whose stored events are replaced: from a day on if only later rows are read, all for None."""
        return {part.place: part.taken_until for part in self.parts}


def list_parts(spark: SparkSession, name: str, files: FileInput) -> list[Part]:
    """The files of an input as they are now, by place.

    Of a Delta table these are the data files of its newest version, which is the one to read: a change of the table
    writes new files, so that only these are read. With deletion vectors a file's content also depends on the version,
    and every new version is read completely.

    Raises Refused when there are none.
    """
    version = None
    if files.format == "delta":
        version, places = _of_delta(spark, files)
    else:
        places = _of_folder(spark, files)
    if not places:
        remedy = f"Check source.files.inputs.{name}; nothing was written."
        if not files.literal and re.search(r"[\[\]{}*?]", files.path) and _exists(spark, files.path):
            remedy = f"It exists, but is read as a pattern: set literal: true for source.files.inputs.{name}."
        raise Refused(f"The source has no file {files.path}.", remedy)
    return [Part(name, place, path, mark, version=version) for place, path, mark in sorted(places)]


def fresh_parts(now: Iterable[Part], taken: DataFrame, as_of: date) -> Fresh:
    """Compares the present files with those of `source_parts`; a repeated run of a date reads the same files."""
    before = {(row["input"], row["part"]): row for row in taken.collect()}
    present = {(part.input, part.place): part for part in now}
    fresh = []
    for key, part in present.items():
        row = before.get(key)
        if row is None:
            fresh.append(part)
        elif row["fingerprint"] != part.fingerprint or row["as_of"] > as_of:
            fresh.append(replace(part, is_known=True))
        elif row["as_of"] == as_of:
            until = row["taken_until"]
            fresh.append(replace(part, taken_until=until, is_known=until is None))
        elif row["has_later"]:
            fresh.append(replace(part, taken_until=row["as_of"]))
    inputs = {part.input for part in present.values()}
    gone = tuple(
        Part(*key, key[1], row["fingerprint"]) for key, row in before.items() if key not in present and key[0] in inputs
    )
    return Fresh(tuple(fresh), gone)


def _of_folder(spark: SparkSession, files: FileInput) -> list[tuple[str, str, str]]:
    jvm: Any = spark.sparkContext._jvm
    path = jvm.org.apache.hadoop.fs.Path(files.path)
    system = path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    if files.literal:
        waiting = [system.getFileStatus(path)] if system.exists(path) else []
    else:
        waiting = list(system.globStatus(path) or [])
    places = []
    while waiting:
        status = waiting.pop()
        if status.getPath().getName().startswith(("_", ".")):
            continue
        if status.isDirectory():
            waiting += system.listStatus(status.getPath())
        else:
            if system.getScheme() == "file" and ":" in status.getPath().getName():
                raise Refused(
                    f"The file {status.getPath().getName()} of {files.path} has a colon in its name, with which Hadoop "
                    "opens no file of a local disk.",
                    "Rename it, for example with a hyphen; nothing was written.",
                )
            mark = f"{status.getLen()}:{status.getModificationTime()}"
            path = str(status.getPath().toString())
            places.append((_as_in_metadata(jvm, path), path, mark))
    return places


def _exists(spark: SparkSession, name: str) -> bool:
    jvm: Any = spark.sparkContext._jvm
    path = jvm.org.apache.hadoop.fs.Path(name)
    return bool(path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).exists(path))


def _as_in_metadata(jvm: Any, path: str) -> str:
    # From the text that Spark reads by: a Path of Hadoop may be file:///x where that text is file:/x.
    return str(jvm.org.apache.spark.paths.SparkPath.fromPath(jvm.org.apache.hadoop.fs.Path(path)).urlEncoded())


def _of_delta(spark: SparkSession, files: FileInput) -> tuple[int | None, list[tuple[str, str, str]]]:
    """The version that is read, None if the reader's options choose one, and its files."""
    from delta.tables import DeltaTable

    if not DeltaTable.isDeltaTable(spark, files.path):
        return None, []
    table, mark = DeltaTable.forPath(spark, files.path), "whole"
    newest = table.history(1).select("version").first()
    assert newest is not None
    reader, version = spark.read.format("delta").options(**files.reader_options), None
    if not {"versionasof", "timestampasof"} & set(files.options_by_name):
        version = int(newest["version"])
        reader = reader.option("versionAsOf", version)
    if has_deletion_vectors(table):
        mark = f"version {newest['version']}"
    jvm: Any = spark.sparkContext._jvm
    return version, [(_as_in_metadata(jvm, path), path, mark) for path in reader.load(files.path).inputFiles()]
