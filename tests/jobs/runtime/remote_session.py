"""The Spark session of the modules of tests that a process of its own runs on a remote store."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import SparkSession

from jobs.runtime.session import spark_session


def remote_session() -> Iterator[SparkSession]:
    """A session with the settings of the store, which PYSPARK_SUBMIT_ARGS names; stopped at the end."""
    session = spark_session("remote store")
    yield session
    session.stop()
