"""Jobs on the cluster: spark-submit with the settings of conf/spark-cluster.conf, sized to this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.object_stores import Store
from tests.cluster.processes import Process
from tests.cluster.spark_cluster import SPARK_HOME, Cluster
from tests.short_jobs import SHORT_JOBS

ROOT = Path(__file__).resolve().parents[2]
# What a cluster of two cores on a loopback interface needs instead of the sizes in the template.
SIZES = {
    "spark.driver.memory": "1g",
    "spark.executor.memory": "768m",
    "spark.executor.memoryOverhead": "384m",
    "spark.executor.cores": "1",
    "spark.cores.max": "2",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    **SHORT_JOBS,
    # The second JIT costs more than it saves.
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=128m",
    "spark.executor.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=128m",
}
if OPTIONS := os.environ.get("SPARK_SUBMIT_OPTS"):  # of drivers, by make
    SIZES["spark.executor.defaultJavaOptions"] = OPTIONS


def template(kinds: Sequence[str]) -> dict[str, str]:
    """The settings in conf/spark-cluster.conf, with its commented lines of these kinds in force."""
    settings = {}
    for line in (ROOT / "conf/spark-cluster.conf").read_text(encoding="utf-8").splitlines():
        commented = re.match(r"#(\S+) (spark\..*)", line)
        if commented and commented[1] not in kinds:
            continue
        text = commented[2] if commented else line
        if text and not text.startswith("#"):
            key, value = text.split(None, 1)
            settings[key] = value
    return settings


@dataclass(frozen=True)
class Submission:
    """How jobs are submitted: cluster, store and wheel; `folder` is the driver's own disk."""

    cluster: Cluster
    store: Store
    wheel: str
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def start(self, script: str | Path, *arguments: object, log: str, master: str | None = None) -> Process:
        """Starts a script of the repository in the driver's folder, on the cluster unless `master` says otherwise.

        Its output is in the file `log` there.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {**template(self.store.kind), **SIZES, **self.store.spark, **self.settings}
        properties = self.folder / "spark.conf"
        properties.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8")
        command = [
            SPARK_HOME / "bin/spark-submit",
            "--master",
            master or self.cluster.master,
            "--properties-file",
            properties,
        ]
        command += ["--py-files", self.wheel, ROOT / script, *arguments]
        environment = {
            "SPARK_HOME": str(SPARK_HOME), "PYSPARK_PYTHON": str(self.cluster.python),
            "PYSPARK_DRIVER_PYTHON": str(self.cluster.python), "LONGTAIL_LOG": "fields", "SPARK_LOCAL_IP": "127.0.0.1",
            "OMP_NUM_THREADS": "1", **self.store.environment, **self.environment,
        }  # fmt: skip
        return Process(command, self.folder / log, environment, self.folder)
