"""What executors get: the wheel, arrays and folders, a packed environment; and what they are refused for."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cluster.night import error_of, succeeded
from tests.cluster.object_stores import Store
from tests.cluster.sent_files import MARK
from tests.cluster.spark_cluster import Cluster
from tests.cluster.submission import Submission

pytestmark = pytest.mark.slow

SCRIPT = "tests/cluster/sent_files.py"


@pytest.fixture
def submission(cluster: Cluster, wheel: Path, tmp_path: Path) -> Submission:
    return Submission(cluster, Store(str(tmp_path / "warehouse")), str(wheel), tmp_path / "driver")


def test_files_of_the_driver_and_the_wheel_reach_both_workers(submission: Submission) -> None:
    output = succeeded(submission.start(SCRIPT, log="files.log"))
    line = next(line for line in output.splitlines() if line.startswith(MARK))
    answers = json.loads(line.removeprefix(MARK))
    assert {tuple(answer["array"]) for answer in answers} == {(0, 1, 2, 3, 4)}
    assert {answer["weights"] for answer in answers} == {"7"}
    assert {Path(answer["folder"]).parents[1].name for answer in answers} == {"worker1", "worker2"}
    assert all(answer["jobs"].startswith("./longtail-") for answer in answers)


def test_a_packed_environment_reaches_executors_and_what_it_lacks_is_named(
    submission: Submission, tmp_path: Path
) -> None:
    archive = packed_environment(tmp_path, f"numpy=={version('numpy')}")
    settings = {"spark.archives": f"{archive}#environment", "spark.pyspark.python": "./environment/bin/python"}
    line = refusal(submission, settings)
    assert "The Python of the executor on " in line
    assert "pandas is missing (driver: " in line
    assert "torch is missing (driver: " in line
    assert "numpy" not in line
    assert "--archives environment.tar.gz#environment" in line


def test_executors_without_the_interpreter_are_refused(submission: Submission) -> None:
    line = refusal(submission, {"spark.pyspark.python": "./environment/bin/python"})
    assert "The executors have no Python at ./environment/bin/python." in line


def packed_environment(folder: Path, *packages: str) -> Path:
    """An environment with a part of the libraries, packed as jobs/README.md says."""
    python = Path(sys.executable)
    environment, archive = folder / "environment", folder / "environment.tar.gz"
    subprocess.run([python, "-m", "venv", "--without-pip", environment], check=True)
    install = [python.with_name("uv"), "pip", "install", "--quiet", "--python", environment / "bin/python"]
    subprocess.run([*install, *packages], check=True)
    pack = [python.with_name("venv-pack"), "--quiet", "--prefix", environment, "--output", archive]
    subprocess.run(pack, check=True)
    return archive


def refusal(submission: Submission, settings: dict[str, str]) -> str:
    """The line with which a job is refused."""
    environment = {"PYSPARK_PYTHON": "", "PYSPARK_DRIVER_PYTHON": ""}
    settings = {**settings, "spark.pyspark.driver.python": str(submission.cluster.python)}
    changed = replace(submission, settings=settings, environment=environment)
    process = changed.start(
        "jobs/show.py", "--conf", configuration(submission.folder), "--user", "1", log="refused.log"
    )
    assert process.wait(240) == 2, process.output[-4000:]
    return error_of(process, "show")


def configuration(folder: Path) -> Path:
    path = folder / "conf.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(f"warehouse: file:{folder}/warehouse\nsource: {{kind: complete_journey}}\n", encoding="utf-8")
    return path
