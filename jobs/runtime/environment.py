"""What the driver computes with: versions of Python, Java and libraries, the processor and its cores."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from jobs.runtime.executor_python import versions

_OTHERS = ("delta-spark", "mlflow", "peft", "safetensors")  # which executors need not have


@cache
def environment(spark: SparkSession) -> dict[str, str]:
    """By name the version of each library that is installed, of Python and of Java; `processor` and `cores`."""
    java: Any = spark.sparkContext._jvm
    libraries = versions() | {name: _version(name) for name in _OTHERS}
    return {name: text for name, text in libraries.items() if text is not None} | {
        "Python": platform.python_version(),
        "Java": str(java.System.getProperty("java.version")),
        "processor": _processor(),
        "cores": str(_cores()),
    }


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _cores() -> int:
    """As `model.text.device.available_cores`, without an import of torch."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    """Its model, since sums of numbers in another order differ in their last digits."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())
