"""What the driver computes with: versions of Python, Java and libraries, the processor and its cores."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from jobs.runtime.executor_python import library_version, versions
from model.cores import available_cores

_OTHERS = ("delta-spark", "mlflow", "peft", "safetensors")  # which executors need not have


@cache
def environment(spark: SparkSession) -> dict[str, str]:
    """By name the version of each library that is installed, of Python and of Java; `processor` and `cores`."""
    java: Any = spark.sparkContext._jvm
    libraries = versions() | {name: library_version(name) for name in _OTHERS}
    return {name: text for name, text in libraries.items() if text is not None} | {
        "Python": platform.python_version(),
        "Java": str(java.System.getProperty("java.version")),
        "processor": _processor(),
        "cores": str(available_cores()),
    }


def _processor() -> str:
    """Its model, since sums of numbers in another order differ in their last digits."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())
