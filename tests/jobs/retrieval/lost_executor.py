"""Candidates on a cluster that loses an executor: python -m tests.jobs.retrieval.lost_executor FOLDER.

Prints how many rows of an undisturbed run are the same in the disturbed one, and of how many.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, Row, SparkSession

from jobs.build_candidates import candidates_of
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from jobs.retrieval.date_side import DateSide, channel_settings
from jobs.runtime.executor_files import ship_arrays
from jobs.tables.warehouse import Warehouse
from model.retrieval.first_stage import FirstStage
from tests.benchmark.synthetic_store import factors_alone
from tests.spark_session import ROOT, local_session

NIGHT, SHOPPERS, BLOCK, ITEMS, WIDTH = date(2017, 12, 1), 64, 8, 300, 4


def main(folder: Path) -> None:
    with local_session(folder, master="local-cluster[2,1,1024]", **{"executorEnv.PYTHONPATH": str(ROOT)}) as spark:
        lists = candidates(spark, folder)
        undisturbed = rows_of(lists)
        disturbed = rows_of(lists.mapInArrow(killing(folder / "killed"), lists.schema))
        assert (folder / "killed").exists()
    print(f"{sum(a == b for a, b in zip(undisturbed, disturbed, strict=True))} of {len(undisturbed)}")


def candidates(spark: SparkSession, folder: Path) -> DataFrame:
    """Ten candidates of each of 64 shoppers, in eight blocks."""
    conf = load_config(ROOT / "conf/local.yaml", ["candidates.per_user=10", f"warehouse={folder}/warehouse"])
    night = Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), Record())
    generator = np.random.default_rng(1)
    catalogue = factors_alone(generator.normal(size=(ITEMS, WIDTH)).astype(np.float32))
    shipped = ship_arrays(spark, catalogue.to_arrays())
    shoppers = [
        (f"u{n:02}", n // BLOCK, [], [], [], [float(x) for x in generator.normal(size=WIDTH)], None)
        for n in range(SHOPPERS)
    ]
    frame = spark.createDataFrame(
        shoppers, "user_id string, block int, items array<int>, days array<float>, stores array<int>, "
        "factors array<float>, text array<float>",
    )  # fmt: skip
    frame = frame.repartition(4, "block")
    zero = np.zeros(1)
    first_stage = FirstStage("toy", ("als",), zero, np.ones(1), zero, np.array([1.0, 0.0, 0.0]), bias=0.0)
    side = DateSide(NIGHT, shipped, catalogue.item_ids, frame, channel_settings(conf), ())
    return candidates_of(night, side, first_stage)


def rows_of(lists: DataFrame) -> list[Row]:
    return lists.orderBy("user_id", "rank").collect()


def killing(marker: Path) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Passes batches on; the first task that does so kills its executor after its first batch."""
    place = str(marker)

    def through(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch
            try:
                os.close(os.open(place, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            os.kill(_parent(os.getppid()), signal.SIGKILL)  # worker <- daemon <- executor

    return through


def _parent(process: int) -> int:
    # The name in the second field may hold anything, so count from its closing bracket.
    return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
