"""The Spark session of a job."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.runtime.errors import ConfigurationError

DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"


def spark_session(name: str) -> SparkSession:
    """The session that spark-submit configured, with what Longtail's results depend on set: UTC and Delta.

    Raises ConfigurationError when Delta is not configured: under spark-submit the JVM starts before Python, so its
    packages have to come from the properties file.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.appName(f"longtail {name}").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    if DELTA_EXTENSION not in (spark.conf.get("spark.sql.extensions", "") or ""):
        raise ConfigurationError(
            "Spark runs without Delta.",
            "Give spark-submit --properties-file conf/spark-local.conf (or your cluster's).",
        )
    _send_wheels_to_workers(spark)
    return spark


def _send_wheels_to_workers(spark: SparkSession) -> None:
    """PySpark puts .zip files of --py-files on the path of Python workers, but not .whl, though both are archives."""
    for path in spark.sparkContext.getConf().get("spark.submit.pyFiles", "").split(","):
        if path.endswith(".whl"):
            copy = Path(tempfile.mkdtemp(prefix="longtail-")) / (Path(path).stem + ".zip")
            shutil.copyfile(path.removeprefix("file:"), copy)
            spark.sparkContext.addPyFile(str(copy))
