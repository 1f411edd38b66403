"""The Python of the executors: they run the same functions as the driver, so both need the same libraries."""

from __future__ import annotations

import platform
import re
import socket
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from pyspark.sql import SparkSession

from jobs.runtime.errors import ConfigurationError
from jobs.runtime.executor_files import on_one_machine

LIBRARIES = (
    "pyspark", "pandas", "pyarrow", "numpy", "torch", "transformers", "lightgbm", "scipy", "rjieba", "statsforecast",
    "feast", "redis",
)  # fmt: skip
_REMEDY = (
    "Give the executors the environment of requirements-jobs.lock, at the path of PYSPARK_PYTHON or by --archives "
    "environment.tar.gz#environment (jobs/README.md)."
)
_MOST_TASKS = 256  # of the question, one a core

Versions = dict[str, str | None]


def check_executors(spark: SparkSession) -> None:
    """Compares Python and the libraries of the executors with the driver's; costs a small job unless on one machine.

    The executors that run at the start are asked; others join later with the same image or archive.

    Raises ConfigurationError that names what is missing or differs.
    """
    context = spark.sparkContext
    if on_one_machine(context.master):
        return
    tasks = min(context.defaultParallelism, _MOST_TASKS)
    try:
        asked = context.parallelize(range(tasks), tasks).map(lambda _: (socket.gethostname(), versions()))
        answers = asked.collect()
    except Exception as error:
        problem = why_python_fails(str(error))
        if problem is None:
            raise
        raise ConfigurationError(*problem) from error
    expected = versions()
    for host, found in answers:
        differences = differing(expected, found)
        if differences:
            raise ConfigurationError(f"The Python of the executor on {host} differs: {differences}.", _REMEDY)


def versions() -> Versions:
    """Python's version and those of the libraries, None for one that is missing; imports none of them but PySpark."""
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **{name: library_version(name) for name in LIBRARIES},
    }


def library_version(library: str) -> str | None:
    """The version of an installed library, None for one that is missing."""
    if library == "pyspark":  # an archive of Spark has it without the metadata of a package
        import pyspark

        return pyspark.__version__
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def differing(expected: Mapping[str, str | None], found: Mapping[str, str | None]) -> str:
    """What an executor lacks or has in another version; empty if nothing. A local build, as 2.15.0+cpu, is the same.

    expected: the driver's versions; what the driver lacks is not compared
    """
    words = []
    for name, wanted in expected.items():
        other = found.get(name)
        if wanted is None or (other is not None and _public(other) == _public(wanted)):
            continue
        words.append(f"{name} {other or 'is missing'} (driver: {wanted})")
    return ", ".join(words)


def _public(text: str) -> str:
    return text.partition("+")[0]


def why_python_fails(message: str) -> tuple[str, str] | None:
    """Problem and remedy of an error with which executors cannot run the project's Python at all; None for another."""
    match = re.search(r'Cannot run program "([^"]+)"', message)
    if match:
        return f"The executors have no Python at {match[1]}.", _REMEDY
    match = re.search(r"Python in worker has different version: ([\d.]+) than that in driver: ([\d.]+\d)", message)
    if match:
        return f"The executors run Python {match[1]}, the driver {match[2]}.", _REMEDY
    match = re.search(r"No module named '([\w.]+)'", message)
    if match is None:
        return None
    if match[1].split(".")[0] == "jobs":
        return (
            "The executors have no Longtail.",
            "Submit the job with --py-files dist/longtail-0.1.0-py3-none-any.whl (make wheel), or install it there.",
        )
    return f"The Python of the executors has no {match[1]}.", _REMEDY
