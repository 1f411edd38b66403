"""One Spark session with Delta for all tests, configured as in conf/spark-local.conf, and one night."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import SparkSession
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.short_jobs import SHORT_JOBS

if TYPE_CHECKING:
    from tests.pipeline.small_night import Store

# Their assertions say what differs if pytest rewrites them, which without this line it does for test_*.py alone.
CONTRACTS = ("tests.cluster.night_contract", "tests.jobs.runtime.storage_contract", "tests.jobs.runtime.lease_contract")
pytest.register_assert_rewrite(*CONTRACTS)

OF_ONE_NIGHT = ("tests/pipeline/", "tests/cluster/test_night_on_")
ROOT = Path(__file__).resolve().parents[1]


class FilesTogether(LoadFileScheduling):  # type: ignore[misc]
    """Gives a process of pytest-xdist complete files, and one of them all that share a night.

    Marks of groups (--dist loadgroup) have no effect with pytest 9.2, which computes the ids that they change.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "night" if nodeid.startswith(OF_ONE_NIGHT) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesTogether:
    return FilesTogether(config, log)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The session of the embedded default with less memory and fewer partitions, since tests are small."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.appName("longtail tests")
    for line in (ROOT / "conf/spark-local.conf").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            key, value = line.split(None, 1)
            # Tests are many short jobs: compiling them twice, by Spark and by the second JIT, costs more than it saves.
            # With one JIT the JVM reserves only 48 MB for compiled code, and interprets everything once they are full.
            short = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"
            value = value.replace("-XX:+UseParallelGC", short)
            builder = builder.config(key, value.replace("file:conf/", f"file:{ROOT}/conf/"))
    builder = builder.config("spark.sql.shuffle.partitions", "2").config("spark.driver.memory", "2g")
    for setting, value in SHORT_JOBS.items():
        builder = builder.config(setting, value)
    builder = builder.config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("spark-warehouse")))
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def small_night(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A night on a sample of the panel, run once for tests/pipeline and tests/cluster."""
    from tests.pipeline.small_night import run_small_night

    return run_small_night(spark, tmp_path_factory.mktemp("night"))
