"""The rows of the files that a check reads, held so that each file is read once."""

from __future__ import annotations

from collections.abc import Collection

from pyspark.sql import DataFrame, SparkSession

from jobs.config.inputs import FileInput
from jobs.sources.files.parts import Part
from jobs.sources.files.reading import read_parts


class KeptRows:
    """Reads as `read_parts` does, and holds the rows in memory and on disk; the same files again are not read again."""

    def __init__(self) -> None:
        self._frames: dict[tuple[tuple[str, str], ...], list[DataFrame]] = {}

    def read(
        self, spark: SparkSession, files: FileInput, parts: list[Part], mapped: Collection[str]
    ) -> list[DataFrame]:
        """As `read_parts`."""
        key = tuple((part.input, part.place) for part in parts)
        if key not in self._frames:
            self._frames[key] = [rows.persist() for rows in read_parts(spark, files, parts, mapped)]
        return self._frames[key]

    def of(self, parts: list[Part]) -> list[DataFrame]:
        """The rows of files that were read before, as they came; none of files that were not."""
        return self._frames.get(tuple((part.input, part.place) for part in parts), [])

    def release(self) -> None:
        """Releases memory and disk."""
        for frames in self._frames.values():
            for rows in frames:
                rows.unpersist()
