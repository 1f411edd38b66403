"""What all tests on a cluster share: the wheel, a Python without the project, and the cluster itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.spark_cluster import Cluster, standalone_cluster
from tests.cluster.submission import ROOT
from tests.cluster.worker_python import bare_python
from tests.jobs.online.redis_server import Server, running_redis


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the sources, as `make wheel` builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    python = Path(sys.executable)
    command = [python.with_name("uv"), "build", "--quiet", "--wheel", "--no-build-isolation", "--python", python]
    subprocess.run([*command, "--out-dir", folder], cwd=ROOT, check=True)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def python_without_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bare_python(tmp_path_factory.mktemp("python"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, python_without_project: Path) -> Iterator[Cluster]:
    with standalone_cluster(tmp_path_factory.mktemp("cluster"), python_without_project) as running:
        yield running


@pytest.fixture(scope="class")
def online(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server
