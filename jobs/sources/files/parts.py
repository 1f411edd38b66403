"""The files of an input: which there are, and which of them a night has to read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.config.source import FileInput
from jobs.runtime.errors import Refused


@dataclass(frozen=True)
class Part:
    """A file; two contents of one file differ in their `fingerprint`.

    `place` is its name as Spark has it in `_metadata`, `path` as Spark reads it. `taken_until` is the night that took
    in what it holds of earlier times, where only the rest is new.
    """

    input: str
    place: str
    path: str
    fingerprint: str
    taken_until: date | None = None


@dataclass(frozen=True)
class Fresh:
    """What a night reads (new, changed, or with rows that an earlier night left for later), and what is gone."""

    parts: tuple[Part, ...]
    gone: tuple[Part, ...]

    @property
    def replaced(self) -> dict[str, date | None]:
        """Files whose events are replaced by what they hold now, those from a day on where only the rest is read."""
        return {part.place: part.taken_until for part in self.parts}


def list_parts(spark: SparkSession, name: str, given: FileInput) -> list[Part]:
    """The files of an input as they are now, by place.

    Of a Delta table these are the data files of its newest version: a change of the table writes new ones, so that
    only these are read. Where the table marks deleted rows beside its files (deletion vectors) a file's content follows
    from the version too, and every new version is read whole.

    Raises Refused when there are none.
    """
    places = _of_delta(spark, given) if given.format == "delta" else _of_folder(spark, given.path)
    if not places:
        raise Refused(
            f"The source has no file {given.path}.", f"Look at source.files.inputs.{name}; nothing was written."
        )
    return [Part(name, place, path, mark) for place, path, mark in sorted(places)]


def fresh_parts(now: Iterable[Part], taken: DataFrame, as_of: date) -> Fresh:
    """Compares the files that there are with those of `source_parts`; a run of a date again reads what it read then."""
    before = {(row["input"], row["part"]): row for row in taken.collect()}
    present = {(part.input, part.place): part for part in now}
    fresh = []
    for key, part in present.items():
        row = before.get(key)
        if row is None or row["fingerprint"] != part.fingerprint or row["as_of"] > as_of:
            fresh.append(part)
        elif row["as_of"] == as_of:
            fresh.append(replace(part, taken_until=row["taken_until"]))
        elif row["has_later"]:
            fresh.append(replace(part, taken_until=row["as_of"]))
    inputs = {part.input for part in present.values()}
    gone = tuple(
        Part(*key, key[1], row["fingerprint"]) for key, row in before.items() if key not in present and key[0] in inputs
    )
    return Fresh(tuple(fresh), gone)


def _of_folder(spark: SparkSession, pattern: str) -> list[tuple[str, str, str]]:
    jvm: Any = spark.sparkContext._jvm
    path = jvm.org.apache.hadoop.fs.Path(pattern)
    system = path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    waiting = list(system.globStatus(path) or [])
    found = []
    while waiting:
        status = waiting.pop()
        if status.getPath().getName().startswith(("_", ".")):
            continue
        if status.isDirectory():
            waiting += system.listStatus(status.getPath())
        else:
            mark = f"{status.getLen()}:{status.getModificationTime()}"
            path = str(status.getPath().toString())
            found.append((_as_in_metadata(jvm, path), path, mark))
    return found


def _as_in_metadata(jvm: Any, path: str) -> str:
    # Made from the text that Spark reads by: a Path of Hadoop may say file:///x where that one says file:/x.
    return str(jvm.org.apache.spark.paths.SparkPath.fromPath(jvm.org.apache.hadoop.fs.Path(path)).urlEncoded())


def _of_delta(spark: SparkSession, given: FileInput) -> list[tuple[str, str, str]]:
    from delta.tables import DeltaTable

    if not DeltaTable.isDeltaTable(spark, given.path):
        return []
    detail = DeltaTable.forPath(spark, given.path).detail().select("tableFeatures").first()
    assert detail is not None
    mark = "whole"
    if "deletionVectors" in (detail["tableFeatures"] or []):
        newest = DeltaTable.forPath(spark, given.path).history(1).select("version").first()
        assert newest is not None
        mark = f"version {newest['version']}"
    jvm: Any = spark.sparkContext._jvm
    files = spark.read.format("delta").load(given.path).inputFiles()
    return [(_as_in_metadata(jvm, file), file, mark) for file in files]
