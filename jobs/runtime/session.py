"""The Spark session of a job."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.runtime.errors import ConfigurationError, LongtailError

DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"


def spark_session(name: str) -> SparkSession:
    """The session that spark-submit configured, with what Longtail's results depend on set: UTC and Delta.

    Raises ConfigurationError when Delta is not configured: under spark-submit the JVM starts before Python, so its
    packages have to come from the properties file. Raises LongtailError when a port is in use.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(f"longtail {name}").config("spark.sql.session.timeZone", "UTC")
    try:
        spark = builder.getOrCreate()
    except Exception as error:
        port = taken_port(str(error))
        if port is None:
            raise
        raise LongtailError(
            f"Spark cannot start: port {port} is in use.",
            "End what holds it, or give spark.driver.port and spark.blockManager.port others, or 0 for any free one.",
        ) from error
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    # Exports of spreadsheets are windows-1252 as often as not; without it Spark reads seven encodings alone.
    spark.conf.set("spark.sql.legacy.javaCharsets", "true")
    if DELTA_EXTENSION not in (spark.conf.get("spark.sql.extensions", "") or ""):
        raise ConfigurationError(
            "Spark runs without Delta.",
            "Give spark-submit --properties-file conf/spark-local.conf (or your cluster's).",
        )
    _send_wheels_to_workers(spark)
    return spark


def taken_port(text: str) -> str | None:
    """The port in Java's message that an address is already in use; None in any other message."""
    found = re.search(r"BindException.*starting from (\d+)", text)
    return found[1] if found else None


def _send_wheels_to_workers(spark: SparkSession) -> None:
    """PySpark puts .zip files of --py-files on the path of Python workers, but not .whl, though both are archives."""
    for path in spark.sparkContext.getConf().get("spark.submit.pyFiles", "").split(","):
        if path.endswith(".whl"):
            copy = Path(tempfile.mkdtemp(prefix="longtail-")) / (Path(path).stem + ".zip")
            shutil.copyfile(path.removeprefix("file:"), copy)
            spark.sparkContext.addPyFile(str(copy))
