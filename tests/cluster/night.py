"""The sample night on a cluster: its configuration, its jobs, its readers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.processes import Process
from tests.cluster.submission import ROOT, Submission
from tests.cluster.table_digests import MARK

AS_OF = date(2017, 12, 1)
LEASE_SECONDS = 20
JOB_SECONDS = 1200.0
_READER = """
import json, sys
from client import StorefrontClient
client = StorefrontClient("reader.yaml", timeout_seconds=None, on_stale="serve")
night = client.published()
lists = {user: [item.item_id for item in client.user_list(user).items] for user in sys.argv[1:]}
known = {user: client.user_list(user).known for user in sys.argv[1:]}
print("reader " + json.dumps({"as_of": str(night.as_of), "lists": lists, "known": known}))
"""


@dataclass(frozen=True)
class ClusterNight:
    """A warehouse on a store, and the jobs of the cluster that write it. `conf` is its configuration file."""

    submission: Submission
    conf: Path

    @property
    def warehouse(self) -> str:
        return f"{self.submission.store.uri}/warehouse"

    def start(self, job: str, *arguments: object, log: str, master: str | None = None) -> Process:
        script = f"jobs/{job}.py"
        return self.submission.start(script, "--conf", self.conf, *arguments, log=log, master=master)

    def start_night(self, *arguments: object, log: str) -> Process:
        return self.start("nightly", "--as-of", AS_OF, *arguments, log=log)

    def run(self, job: str, *arguments: object, log: str) -> str:
        """Runs a job to its end and returns its output; raises AssertionError with the output unless it ends well."""
        return succeeded(self.start(job, *arguments, log=log))

    def digests(self, tables: Sequence[str], log: str) -> dict[str, dict[str, str]]:
        """Digests of tables and their columns."""
        digest_of: dict[str, dict[str, str]] = self._tables(*tables, log=log)
        return digest_of

    def rows_of(self, user: str, log: str) -> dict[str, int]:
        """By table how many rows a shopper has."""
        rows_by_table: dict[str, int] = self._tables("--user", user, "users", "events", "exposure_scores", log=log)
        return rows_by_table

    def _tables(self, *arguments: str, log: str) -> Any:
        # Without executors, which would take longer to start than the tables to read.
        script, master = "tests/cluster/table_digests.py", "local[2]"
        output = succeeded(self.submission.start(script, self.warehouse, *arguments, log=log, master=master))
        line = next(line for line in output.splitlines() if line.startswith(MARK))
        return json.loads(line.removeprefix(MARK))

    def on_another_host(self, folder: Path) -> ClusterNight:
        """The same warehouse and configuration for a driver whose disk is empty."""
        return replace(self, submission=replace(self.submission, folder=folder))

    def read_as_a_storefront(self, folder: Path, users: Sequence[str]) -> dict[str, Any]:
        """Reads lists as a service on another host: it has the folder client, reader.yaml and the libraries only.

        Where the registry lies in Redis, it has jobs/serving/redis_registry.py too.
        """
        folder.mkdir(parents=True)
        shutil.copytree(ROOT / "jobs/serving/client", folder / "client", ignore=shutil.ignore_patterns("__pycache__"))
        settings = self.submission.store.read("warehouse/feast/reader.yaml")
        (folder / "reader.yaml").write_bytes(settings)
        if b"jobs.serving.redis_registry" in settings:
            (folder / "jobs/serving").mkdir(parents=True)
            shutil.copy(ROOT / "jobs/serving/redis_registry.py", folder / "jobs/serving")
        (folder / "read.py").write_text(_READER, encoding="utf-8")
        environment = {"PATH": "/usr/bin", **self.submission.store.environment, **self.submission.environment}
        answer = subprocess.run(
            [self.submission.cluster.python, "read.py", *users], cwd=folder, env=environment, capture_output=True,
            text=True, check=False, timeout=120,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr[-3000:]
        line = next(line for line in answer.stdout.splitlines() if line.startswith("reader "))
        answered: dict[str, Any] = json.loads(line.removeprefix("reader "))
        return answered


def succeeded(process: Process) -> str:
    code = process.wait(JOB_SECONDS)
    assert code == 0, process.output[-6000:]
    return process.output


def error_of(process: Process, job: str) -> str:
    """The line with which a job ended; Spark may write warnings of its cancelled tasks after it."""
    return next(line for line in reversed(process.output.splitlines()) if line.startswith(f"{job}: "))


def step_started(process: Process, step: str) -> bool:
    """Whether the log of a night says that a step has started."""
    return re.search(rf"step started .*step={step}\b", process.output) is not None


def lease_ends() -> None:
    """Waits until the lock of a driver that was killed just now has expired."""
    time.sleep(LEASE_SECONDS)


def write_configuration(path: Path, warehouse: str, panel: Path, mlflow: str, registry: str | None) -> Path:
    """The sample night of tests/pipeline with its parts on servers."""
    text = (ROOT / "tests/pipeline/night.yaml").read_text(encoding="utf-8")
    changes = {
        "warehouse": warehouse,
        "source": {"kind": "complete_journey", "folder": str(panel), "exposure_sample_share": 0.02},
        "online": {"store": "redis", "registry": registry},
        "mlflow": {"tracking_uri": mlflow},
    }
    path.write_text(yaml.safe_dump(yaml.safe_load(text) | changes), encoding="utf-8")
    return path
