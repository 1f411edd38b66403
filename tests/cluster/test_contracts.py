"""The contracts of storage, lock and tables on each kind of store, in a process with a Spark session of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.cluster.object_stores import Store, hdfs, moto, seaweed
from tests.cluster.processes import Process
from tests.cluster.submission import ROOT, SIZES, template

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", [pytest.param(moto, marks=pytest.mark.promise), seaweed, hdfs])
def test_files_locks_and_tables_keep_their_contracts(
    kind: Callable[[Path], AbstractContextManager[Store]], tmp_path: Path
) -> None:
    with kind(tmp_path / "store") as store:
        # The log of a table is then several pages of a listing.
        settings = {**template(store.kind), **SIZES, **store.spark, "spark.hadoop.fs.s3a.paging.maximum": "5"}
        properties = tmp_path / "spark.conf"
        properties.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8")
        process = Process(
            [sys.executable, "-m", "pytest", "-q", "tests/jobs/runtime/remote_contracts.py"],
            tmp_path / "contracts.log",
            {
                **store.environment, "LONGTAIL_TEST_URI": store.uri, "PYSPARK_PYTHON": sys.executable,
                "PYSPARK_SUBMIT_ARGS": f"--master local[2] --properties-file {properties} pyspark-shell",
            },
            ROOT,
        )  # fmt: skip
        assert process.wait(400) == 0, process.output[-6000:]
        assert " passed" in process.output
