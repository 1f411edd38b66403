"""A standalone Spark cluster: a master and two workers of one core, each a process with a work folder of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark

from tests.cluster.processes import Process, free_port

SPARK_HOME = Path(pyspark.__file__).parent
_DAEMON = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m", "SPARK_HOME": str(SPARK_HOME)}
_JAVA_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"


@dataclass(frozen=True)
class Worker:
    """A worker process; it starts executors, whose files and output lie in `folder`."""

    process: Process
    folder: Path

    def executors(self) -> list[int]:
        """The process ids of its executors that run."""
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and self._is_executor(entry)
        ]  # fmt: skip

    def _is_executor(self, entry: Path) -> bool:
        try:
            inside = (entry / "cwd").resolve().is_relative_to(self.folder.resolve())
            return inside and b"CoarseGrainedExecutorBackend" in (entry / "cmdline").read_bytes()
        except OSError:
            return False  # the process has ended

    def kill_executor(self) -> None:
        """Kills the executor of this worker as a machine that fails would; the worker lives."""
        [pid] = self.executors()
        os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Cluster:
    """A running cluster. `python` is the interpreter of its executors."""

    master: str
    workers: tuple[Worker, Worker]
    python: Path


@contextmanager
def standalone_cluster(folder: Path, python: Path, worker_memory: str = "1g") -> Iterator[Cluster]:
    """Starts a master and two workers with their files in `folder`; `python` runs the workers' Python code."""
    port = free_port()
    environment = {**_DAEMON, "SPARK_DAEMON_JAVA_OPTS": _JAVA_OPTIONS, "PYSPARK_PYTHON": str(python)}
    master = Process(
        [SPARK_HOME / "bin/spark-class", "org.apache.spark.deploy.master.Master",
         "--host", "127.0.0.1", "--port", port, "--webui-port", free_port()],
        folder / "master.log", environment,
    )  # fmt: skip
    processes = [master]
    try:
        url = f"spark://127.0.0.1:{port}"
        workers = []
        for number in (1, 2):
            work = folder / f"worker{number}"
            process = Process(
                [SPARK_HOME / "bin/spark-class", "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1",
                 "--port", free_port(), "--webui-port", free_port(), "--cores", 1, "--memory", worker_memory,
                 "--work-dir", work, url],
                folder / f"worker{number}.log", environment,
            )  # fmt: skip
            processes.append(process)
            workers.append(Worker(process, work))
        master.wait_until(lambda: master.output.count("Registering worker") == len(workers), "the cluster")
        yield Cluster(url, (workers[0], workers[1]), python)
    finally:
        for process in reversed(processes):
            process.stop()
