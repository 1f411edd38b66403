"""Airflow itself imports the DAG and runs a step, and the package of Databricks reads the bundle.

Each tool is installed into an environment of its own, since its libraries do not fit those of the project.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jobs.nightly import STEPS
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

AIRFLOW = """
import sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1], safe_mode=False)
assert not bag.import_errors, bag.import_errors
[dag] = bag.dags.values()
tasks = dag.topological_sort()
print("steps:", *(task.task_id for task in tasks))
assert all(len(task.downstream_task_ids) <= 1 for task in tasks)
assert dag.max_active_runs == 1 and not dag.catchup
assert all(task.retries == 2 and task.command[-2:] == ["--as-of", "{{ ds }}"] for task in tasks)

from airflow.sdk.exceptions import AirflowException, AirflowFailException
def outcome(code):
    task = tasks[0]
    task.command = ["sh", "-c", f"exit {code}"]
    try:
        task.execute({})
    except AirflowFailException:
        return "failed"
    except AirflowException:
        return "retry"
    return "done"
print("outcomes:", *(outcome(code) for code in range(4)))
"""
DATABRICKS = """
import sys, yaml
from databricks.bundles.jobs import Job
bundle = yaml.safe_load(open(sys.argv[1]))
job = Job.from_dict(bundle["resources"]["jobs"]["longtail"])
print("steps:", *(task.task_key for task in job.tasks))
"""


def printed(folder: Path, packages: list[str], program: str, file: Path) -> dict[str, list[str]]:
    """Installs packages into a new environment and runs a program there on a file.

    Returns the words of the lines that the program prints, by the first one; the tool's own log has other lines.
    """
    uv = Path(sys.executable).with_name("uv")
    python = folder / "environment/bin/python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "environment"], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *packages], check=True)
    environment = {"HOME": str(folder), "AIRFLOW_HOME": str(folder / "airflow"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [python, "-c", program, file], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line.split(": ", 1) for line in done.stdout.splitlines() if line.startswith(("steps: ", "outcomes: "))]
    return {name: words.split() for name, words in lines}


def test_airflow_imports_the_dag_and_retries_only_what_a_retry_can_help(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    dag = tmp_path / "dags/longtail.py"
    dag.write_text((ROOT / "conf/airflow_dag.py").read_text(encoding="utf-8"), encoding="utf-8")
    said = printed(tmp_path, ["apache-airflow==3.3.2"], AIRFLOW, dag.parent)
    assert said["steps"] == list(STEPS)
    assert said["outcomes"] == ["done", "retry", "failed", "failed"]  # exit codes 0, 1, 2, 3


def test_databricks_knows_every_key_of_the_bundle(tmp_path: Path) -> None:
    packages = ["databricks-bundles==1.22.1", "pyyaml"]
    said = printed(tmp_path, packages, DATABRICKS, ROOT / "conf/databricks.yml")
    assert said["steps"] == list(STEPS)
