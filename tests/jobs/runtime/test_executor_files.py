"""Arrays and folders sent to executors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pyspark.sql import SparkSession

from jobs.runtime.executor_files import ship_arrays, ship_folder, shipped_array, shipped_folder
from jobs.runtime.parallel import run_parallel


def test_arrays_and_folders_arrive(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "model-1").mkdir()
    (tmp_path / "model-1" / "weights.txt").write_text("7")
    folder = ship_folder(spark, tmp_path / "model-1")
    arrays = ship_arrays(spark, {"a": np.arange(3), "b": np.eye(2)})

    def read(_: object) -> tuple[list[int], float, str]:
        text = (shipped_folder(folder) / "weights.txt").read_text()
        return shipped_array(arrays, "a").tolist(), float(shipped_array(arrays, "b").sum()), text

    assert spark.sparkContext.parallelize([0], 1).map(read).collect() == [([0, 1, 2], 2.0, "7")]


def test_arrays_can_be_sent_while_tasks_start(spark: SparkSession) -> None:
    """Each task fetches all registered files; many tasks start while 8 MB are being written."""

    def send() -> None:
        for _ in range(3):
            ship_arrays(spark, {"a": np.zeros(1_000_000)})

    def start_tasks() -> None:
        for _ in range(6):
            assert spark.sparkContext.parallelize(range(8), 8).count() == 8

    run_parallel([send, start_tasks], at_once=2)
