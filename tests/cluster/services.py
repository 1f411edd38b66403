"""The model registry of a night on the cluster: MLflow as a server, which the driver reaches by HTTP."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.processes import Process, answers, free_port, running


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Starts a server with its files in `folder` and one worker; yields its address."""
    folder.mkdir(parents=True)
    port = free_port()
    command = [Path(sys.executable).with_name("mlflow"), "server", "--host", "127.0.0.1", "--port", port]
    command += ["--workers", 1, "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--serve-artifacts"]
    command += ["--artifacts-destination", folder / "artifacts"]
    # No job is ever run there, and the runner of jobs is several more processes.
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with running(Process(command, folder / "mlflow.log", environment)) as server:
        server.wait_until(answers(port), "MLflow")
        yield f"http://127.0.0.1:{port}"
