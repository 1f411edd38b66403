"""A Kafka broker in one process for tests; Spark's package mechanism fetches its JARs."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyspark

ROOT = Path(__file__).resolve().parents[3]
VERSION = "3.9.2"  # of the client that Spark 4.2 ships
SOURCE = "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0"
_BROKER = f"org.apache.kafka:kafka_2.13:{VERSION}"
_CLUSTER = "bG9uZ3RhaWwtdGVzdHMtMA"
_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/logs
num.partitions=2
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
"""


class NoBrokerError(Exception):
    """The JARs could not be fetched."""


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """Starts a broker with its data in `folder`. Raises NoBrokerError where its JARs cannot be fetched."""
    jars = _jars()
    port, controller = _free_port(), _free_port()
    settings = folder / "server.properties"
    settings.write_text(_PROPERTIES.format(port=port, controller=controller, folder=folder), encoding="utf-8")
    broker = Broker(jars, f"127.0.0.1:{port}")
    broker.run("kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(settings))
    with (folder / "broker.log").open("wb") as log:
        process = subprocess.Popen(broker.command("kafka.Kafka", str(settings)), stdout=log, stderr=log)
        try:
            _wait_for(port, process)
            yield broker
        finally:
            process.terminate()
            process.wait(30)


class Broker:
    """A running broker at an address."""

    def __init__(self, jars: Path, address: str) -> None:
        self._jars, self.address = jars, address

    def give(self, topic: str, lines: Sequence[str]) -> None:
        """Writes each line as a message; creates a missing topic."""
        tool = "kafka.tools.ConsoleProducer"
        self.run(tool, "--bootstrap-server", self.address, "--topic", topic, stdin="\n".join(lines) + "\n")

    def command(self, main: str, *arguments: str) -> list[str]:
        # Spark resolves packages without Scala, which it ships itself.
        scala = Path(pyspark.__file__).parent / "jars" / "scala-library-2.13.*"
        library = next(scala.parent.glob(scala.name))
        return ["java", "-Xmx256m", "-cp", f"{self._jars}/*:{library}", main, *arguments]

    def run(self, main: str, *arguments: str, stdin: str = "") -> None:
        """Runs one of Kafka's tools. Raises AssertionError with its output when it fails."""
        command = self.command(main, *arguments)
        done = subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _jars() -> Path:
    """The folder of the broker's JARs, which are resolved once and stay in the virtual environment."""
    ivy = ROOT / ".venv" / ".kafka"
    nothing = ivy / "nothing.py"
    if not nothing.exists():
        ivy.mkdir(parents=True, exist_ok=True)
        half = ivy / "half.py"
        half.write_text("", encoding="utf-8")
        command = [
            ROOT / ".venv/bin/spark-submit", "--packages", _BROKER, "--conf", f"spark.jars.ivy={ivy}", half,
        ]  # fmt: skip
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise NoBrokerError(done.stderr[-1000:])
        half.rename(nothing)
    return ivy / "jars"


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while True:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "the broker ended; see broker.log"
        assert time.monotonic() < until, "the broker did not start; see broker.log"
        time.sleep(0.2)
