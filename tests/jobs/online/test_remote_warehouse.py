"""The registry of a warehouse on S3, in a process whose Spark session reads the store."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cluster.object_stores import moto
from tests.cluster.processes import Process
from tests.cluster.submission import ROOT, SIZES, template
from tests.jobs.online.redis_server import VARIABLE, running_redis


@pytest.mark.slow
def test_the_registry_roll_backs_and_back_ups_of_a_warehouse_on_s3(tmp_path: Path) -> None:
    with moto(tmp_path / "store") as store, running_redis(tmp_path) as server:
        settings = {**template(store.kind), **SIZES, **store.spark}
        properties = tmp_path / "spark.conf"
        properties.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8")
        submit = f"--master local[2] --properties-file {properties} pyspark-shell"
        environment = {
            **store.environment, VARIABLE: server.url, "LONGTAIL_TEST_URI": store.uri, "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_SUBMIT_ARGS": submit,
        }  # fmt: skip
        command = [sys.executable, "-m", "pytest", "-q", "tests/jobs/online/remote_warehouse.py"]
        process = Process(command, tmp_path / "registry.log", environment, ROOT)
        assert process.wait(400) == 0, process.output[-6000:]
        assert " passed" in process.output
