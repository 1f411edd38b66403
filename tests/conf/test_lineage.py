"""OpenLineage's listener, as conf/spark-cluster.conf sets it, records the Delta tables that a job reads and writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest

from tests.conf.properties import cluster_properties

pytestmark = pytest.mark.slow

JOB = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
folder = sys.argv[1]
spark.range(10).write.format("delta").save(f"{folder}/items")
spark.read.format("delta").load(f"{folder}/items").groupBy("id").count().write.format("delta").save(f"{folder}/counts")
"""


def test_the_tables_of_a_job_are_recorded(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(JOB, encoding="utf-8")
    log = tmp_path / "lineage.jsonl"
    properties = cluster_properties("lineage")
    del properties["spark.openlineage.transport.url"]
    properties |= {
        "spark.openlineage.transport.type": "file", "spark.openlineage.transport.location": str(log),
        "spark.driver.memory": "1g", "spark.master": "local[1]", "spark.sql.shuffle.partitions": "1",
    }  # fmt: skip
    file = tmp_path / "spark.conf"
    file.write_text("".join(f"{key} {value}\n" for key, value in properties.items()), encoding="utf-8")
    home = Path(pyspark.__file__).parent
    environment = os.environ | {"SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable}
    command = [home / "bin/spark-submit", "--properties-file", file, tmp_path / "job.py", tmp_path / "tables"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "InaccessibleObjectException" not in done.stderr
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    ways = {
        (tuple(Path(table["name"]).name for table in event["inputs"]),
         tuple(Path(table["name"]).name for table in event["outputs"]))
        for event in events if event["eventType"] == "COMPLETE"
    }  # fmt: skip
    assert (("items",), ("counts",)) in ways
    assert {event["job"]["namespace"] for event in events} == {"longtail"}
