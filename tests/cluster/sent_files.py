"""A job that sends arrays and a folder to the executors of a cluster and prints what arrived and where."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

MARK = "sent "


def main() -> None:
    from jobs.runtime.executor_files import ship_arrays, ship_folder, shipped_array, shipped_folder
    from jobs.runtime.session import spark_session

    spark = spark_session("sent files")
    arrays = ship_arrays(spark, {"a": np.arange(5)})
    with TemporaryDirectory() as scratch:
        model = Path(scratch) / "model-1"
        model.mkdir()
        (model / "weights.txt").write_text("7", encoding="utf-8")
        folder = ship_folder(spark, model)

    def read(_: int) -> dict[str, object]:
        import time

        import jobs

        time.sleep(2)  # so that each executor gets a task
        weights = shipped_folder(folder) / "weights.txt"
        return {
            "array": shipped_array(arrays, "a").tolist(),
            "weights": weights.read_text(encoding="utf-8"),
            "folder": str(Path.cwd()),
            "jobs": jobs.__file__,
        }

    print(MARK + json.dumps(spark.sparkContext.parallelize(range(4), 4).map(read).collect()))


if __name__ == "__main__":
    main()
