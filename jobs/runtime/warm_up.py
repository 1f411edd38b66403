"""Starts Spark with Delta once, so that its JARs are cached and a broken set-up fails before the first night.

Java may record the classes that are loaded on the way (`-XX:ArchiveClassesAtExit`), so what every night does is done.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator

import pyarrow as pa

from jobs.runtime.session import spark_session


def _unchanged(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches


def main() -> None:
    """Writes and reads a table, and ends Java before Python ends: Java writes its record at the end."""
    spark = spark_session("warm-up")
    java = spark.sparkContext._gateway.proc  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory() as folder:
        rows = spark.range(100).selectExpr("id", "id % 10 AS k", "CAST(id AS STRING) AS text")
        rows.write.format("delta").save(folder)
        table = spark.read.format("delta").load(folder)
        table.groupBy("k").count().join(table.mapInArrow(_unchanged, table.schema), on="k", how="inner").collect()
    spark.stop()
    java.stdin.close()
    java.wait()


if __name__ == "__main__":
    main()
