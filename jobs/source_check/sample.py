"""The files of a source that a check reads: the newest of each input and its oldest, up to a size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from features.contract.source_parts import SOURCE_PARTS
from jobs.config.source import FileInput, Files
from jobs.sources.files.parts import Part, list_parts

MOST_FILES = 200  # of an input; each costs a question to the file system


@dataclass(frozen=True)
class Sample:
    """The files of each input: all, and those that are read."""

    parts: Mapping[str, tuple[Part, ...]]
    chosen: Mapping[str, tuple[Part, ...]]

    def is_complete(self, name: str) -> bool:
        return len(self.chosen[name]) == len(self.parts[name])


def sample_of(spark: SparkSession, conf: Files, most_bytes: int) -> Sample:
    """Chooses the files of every input. Raises Refused if an input has none."""
    parts = {name: tuple(list_parts(spark, name, files)) for name, files in conf.inputs.items()}
    chosen = {
        name: chosen_parts(parts[name], _size(spark, files, len(parts[name])), most_bytes)
        for name, files in conf.inputs.items()
    }
    return Sample(parts, chosen)


def chosen_parts(parts: tuple[Part, ...], size: Callable[[Part], int], most_bytes: int) -> tuple[Part, ...]:
    """The last file by name, the first, then backwards from the last, while all of them are at most so large; at least
    one. The names of most exports grow with their dates."""
    chosen: list[Part] = []
    bytes_read = 0
    for part in _last_and_first(parts):
        bytes_read += size(part)
        if chosen and (bytes_read > most_bytes or len(chosen) >= MOST_FILES):
            break
        chosen.append(part)
    return tuple(sorted(chosen, key=lambda part: part.place))


def with_sample(spark: SparkSession, taken: DataFrame, sample: Sample, as_of: date) -> DataFrame:
    """`taken` (source_parts) with the files outside the sample as if a night before `as_of` had ingested them."""
    known = {(row["input"], row["part"]): row.asDict() for row in taken.collect()}
    for name, parts in sample.parts.items():
        for part in set(parts) - set(sample.chosen[name]):
            known[(name, part.place)] = {
                "input": name,
                "part": part.place,
                "fingerprint": part.fingerprint,
                "as_of": as_of - timedelta(days=1),
                "taken_until": None,
                "has_later": False,
            }
    rows = [tuple(row.get(column) for column in SOURCE_PARTS.column_names) for row in known.values()]
    return spark.createDataFrame(rows, SOURCE_PARTS.schema)


def _last_and_first(parts: tuple[Part, ...]) -> Iterator[Part]:
    yield parts[-1]
    if len(parts) > 1:
        yield parts[0]
        yield from reversed(parts[1:-1])


def _size(spark: SparkSession, files: FileInput, number: int) -> Callable[[Part], int]:
    """The size of one file in bytes; of a Delta table the mean of its files, whose paths are not those of Hadoop."""
    if files.format == "delta":
        from delta.tables import DeltaTable

        detail = DeltaTable.forPath(spark, files.path).detail().select("sizeInBytes").first()
        mean = int(detail["sizeInBytes"] if detail is not None else 0) // max(number, 1)
        return lambda part: mean

    def of_file(part: Part) -> int:
        jvm: Any = spark.sparkContext._jvm
        path = jvm.org.apache.hadoop.fs.Path(part.path)
        system = path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
        return int(system.getFileStatus(path).getLen())

    return of_file
