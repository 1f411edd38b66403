"""The Spark session of a job."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark import SparkFiles
from pyspark.sql import SparkSession

from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.executor_python import check_executors
from jobs.runtime.logs import log_file
from jobs.runtime.storage import storage_of

_PREPARED: set[str] = set()  # applications whose executors have the wheel and were checked
DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"


class SparkStartError(LongtailError):
    """Spark did not start; the log of the run has what Java wrote."""


def spark_session(name: str) -> SparkSession:
    """Opens the session that the properties file configures, with what results depend on set: UTC and Delta.

    Under spark-submit Java runs already; a job that Python runs starts it, with the options in PYSPARK_SUBMIT_ARGS.
    Raises ConfigurationError when Delta is not configured, since packages are set before Java starts, when a wheel of
    --py-files is missing, and when the executors' Python differs from the driver's; SparkStartError when Java does not
    start or a port is in use.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(f"longtail {name}").config("spark.sql.session.timeZone", "UTC")
    log = log_file()
    begin = log.stat().st_size if log else 0
    try:
        with _stdout_into_stderr():
            spark = builder.getOrCreate()
    except Exception as error:
        port = taken_port(str(error))
        if port is not None:
            raise SparkStartError(
                f"Spark cannot start: port {port} is in use.",
                "End the process that uses it, or set spark.driver.port and spark.blockManager.port to other ports, or "
                "to 0 for any free one.",
            ) from error
        if "JAVA_GATEWAY_EXITED" not in str(error) or log is None:
            raise
        with log.open("rb") as output:
            output.seek(begin)
            cause = cause_of_exit(output.read().decode("utf-8", errors="replace"))
        raise SparkStartError(
            f"Spark cannot start: {cause}.", f"Correct the cause, which {log} has in full, and run it again."
        ) from error
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    # Feast's offline store switches it on, in code and in its templates; then `a b` is a pattern and no column.
    spark.conf.set("spark.sql.parser.quotedRegexColumnNames", "false")
    # Without it Spark reads seven encodings, and windows-1252, common in exports of spreadsheets, is not among them.
    spark.conf.set("spark.sql.legacy.javaCharsets", "true")
    # A time of day in a store's Parquet files, also of a column that no mapping reads.
    spark.conf.set("spark.sql.timeType.enabled", "true")
    if DELTA_EXTENSION not in (spark.conf.get("spark.sql.extensions", "") or ""):
        raise ConfigurationError(
            "Spark runs without Delta.",
            "Start it by make job, or by spark-submit --properties-file conf/spark-local.conf (or your own file).",
        )
    application = spark.sparkContext.applicationId
    if application not in _PREPARED:
        _send_wheels_to_workers(spark)
        check_executors(spark)
        _PREPARED.add(application)
    return spark


@contextmanager
def _stdout_into_stderr() -> Iterator[None]:
    """Java inherits stderr as its stdout, so that its output does not mix with the results of a job."""
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)


def taken_port(text: str) -> str | None:
    """The port in Java's message that an address is already in use; None in any other message."""
    match = re.search(r"BindException.*starting from (\d+)", text)
    return match[1] if match else None


def cause_of_exit(output: str) -> str:
    """The line of Java's output that says why it ended: that of an exception or an error, otherwise the first one."""
    noise = ("\t", "::", "WARNING:")
    lines = [line.strip() for line in output.splitlines() if line.strip() and not line.startswith(noise)]
    # The JVM says in the second line what went wrong.
    text = "\n".join(lines).replace("Error occurred during initialization of VM\n", "Error: Java cannot start: ")
    lines = text.splitlines()
    causes = [line for line in lines if re.match(r"Exception in thread|Error|.*\bERROR\b", line)]
    line = next(iter(causes or lines), "Java ended without a message")
    return re.sub(r'^Exception in thread "\w+" ([\w$]+\.)*|^Error: ', "", line).rstrip(".")


def _send_wheels_to_workers(spark: SparkSession) -> None:
    """Adds wheels of --py-files as .zip: PySpark puts .zip on the path of Python workers, but not .whl.

    A wheel at a URI is fetched through Hadoop, with the credentials that Spark has.
    """
    for place in spark.sparkContext.getConf().get("spark.submit.pyFiles", "").split(","):
        if place.endswith(".whl"):
            folder, _, name = place.rpartition("/")
            # The driver serves the file from where it lies, so it has to stay as long as the session.
            sent = Path(SparkFiles.getRootDirectory()) / "wheels"
            sent.mkdir(exist_ok=True)
            copy = sent / name.replace(".whl", ".zip")
            if not storage_of(folder or ".").download(name, copy):
                raise ConfigurationError(
                    f"There is no wheel {place}.", "Correct --py-files, or build it by make wheel and copy it there."
                )
            spark.sparkContext.addPyFile(str(copy))
