"""A Spark session configured as in conf/spark-local.conf, for measurements outside pytest."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def local_session(folder: Path, **changes: str) -> Iterator[SparkSession]:
    """Starts the session with its scratch files in `folder`; `changes` are settings without the prefix `spark.`."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.appName("longtail benchmark")
    for line in (ROOT / "conf/spark-local.conf").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            key, value = line.split(None, 1)
            builder = builder.config(key, value.replace("file:conf/", f"file:{ROOT}/conf/"))
    for key, value in changes.items():
        builder = builder.config(f"spark.{key}", value)
    session = builder.config("spark.local.dir", str(folder / "spark")).getOrCreate()
    try:
        yield session
    finally:
        session.stop()
