"""Runs the steps of a night on a made-up store by spark-submit, one process a step, and measures each."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyspark
import yaml

from jobs.config.files import changed_keys, merged
from tests.benchmark.scale.event_log import traffic_of
from tests.benchmark.scale.memory import MemorySampler
from tests.benchmark.scale.store import AS_OF, Size

ROOT = Path(__file__).resolve().parents[3]
CORES = 2
_TAIL = 2_000  # characters of the output of a step that failed


@dataclass(frozen=True)
class Cost:
    """What a step of a night took.

    seconds: as the table `runs` has them, without the start of Spark
    java, python, worker: bytes of resident memory at most of Java, of the driver's Python and of the largest worker
    together: bytes of resident memory at most of all processes at one time
    to_driver, largest_job, largest_at: bytes of task results, and those of the job with the most and its place
    """

    night: int
    step: str
    seconds: float
    java: int
    python: int
    worker: int
    together: int
    to_driver: int
    largest_job: int
    largest_at: str


class StepFailedError(Exception):
    """A step ended with another exit code than 0; the message has the end of its output."""


@dataclass(frozen=True)
class Machine:
    """What a step may use."""

    heap: str
    cores: int = CORES


def store_in(folder: Path, size: Size, machine: Machine) -> None:
    """Writes the store's files into a folder, unless they are there; a new store has no warehouse and no costs."""
    if (folder / "complete").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sizes = [f"--{name}={value}" for name, value in asdict(size).items()]
    generate = Path(__file__).with_name("generate.py")
    _submit(folder, machine, [str(generate), f"--folder={folder}", *sizes], {})
    (folder / "complete").touch()


def remove_store(folder: Path) -> None:
    """Removes store and warehouse; the costs stay."""
    for name in ("complete", "warehouse", "items", "users", "events", "waiting"):
        place = folder / name
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)


def configured(folder: Path, changes: Sequence[str]) -> Path:
    """Writes the store's configuration with changes such as 'candidates.per_user=100', and returns its path."""
    text = Path(__file__).with_name("store.yaml").read_text(encoding="utf-8").replace("FOLDER", str(folder))
    keys: dict[str, Any] = yaml.safe_load(text)
    for change in changes:
        keys = merged(keys, changed_keys(change))
    path = folder / "conf.yaml"
    path.write_text(yaml.safe_dump(keys, sort_keys=False), encoding="utf-8")
    return path


def measured(folder: Path, conf: Path, steps: Sequence[str], nights: int, machine: Machine) -> list[Cost]:
    """The costs of the steps of each night; steps whose costs the folder has already are not run again."""
    file, costs = folder / "costs.json", costs_in(folder)
    for night in range(nights):
        if night == 1 and (folder / "waiting").exists():
            (folder / "waiting").rename(folder / "events/second")
        for step in steps:
            if any((cost.night, cost.step) == (night, step) for cost in costs):
                continue
            costs.append(_measure(folder, conf, step, night, machine))
            file.write_text(json.dumps([asdict(cost) for cost in costs], indent=1), encoding="utf-8")
            print(f"  night {night + 1}: {step} {costs[-1].seconds:,.0f} s", file=sys.stderr, flush=True)
    return costs


def costs_in(folder: Path) -> list[Cost]:
    """The costs that were measured so far."""
    file = folder / "costs.json"
    return [Cost(**row) for row in json.loads(file.read_text(encoding="utf-8"))] if file.exists() else []


def _measure(folder: Path, conf: Path, step: str, night: int, machine: Machine) -> Cost:
    as_of: date = AS_OF + timedelta(night)
    with tempfile.TemporaryDirectory(prefix="events-", dir=folder) as log:
        properties = {
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": f"file:{log}",
            "spark.eventLog.compress": "false",
            "spark.eventLog.rolling.enabled": "false",
        }
        command = [f"jobs/{step}.py", f"--conf={conf}", f"--as-of={as_of}"]
        output, peaks = _submit(folder, machine, command, properties)
        sent = traffic_of(Path(log))
    return Cost(
        night, step, seconds_of(step, output), peaks.java, peaks.python, peaks.worker, peaks.together,
        sent.total, sent.largest, sent.largest_at,
    )  # fmt: skip


def seconds_of(step: str, output: str) -> float:
    """The seconds in the line in which a step reports its end; 0 where the configuration switches it off."""
    lines = re.findall(rf"step (?:done|skipped) .*\bstep={step} .*\bseconds=([\d.]+)", output)
    if not lines:
        raise StepFailedError(f"{step} does not report its end:\n{output[-_TAIL:]}")
    return float(lines[-1])


def _submit(folder: Path, machine: Machine, command: list[str], properties: dict[str, str]) -> tuple[str, Any]:
    """Runs spark-submit; returns what it wrote and the peaks of its processes."""
    scratch = folder / "spark"
    settings = {"spark.local.dir": str(scratch), **properties}
    arguments = [
        str(Path(pyspark.__file__).parent / "bin/spark-submit"), "--properties-file", "conf/spark-local.conf",
        "--master", f"local[{machine.cores}]", "--driver-memory", machine.heap,
        *(part for key, value in settings.items() for part in ("--conf", f"{key}={value}")), *command,
    ]  # fmt: skip
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_HOME": str(Path(pyspark.__file__).parent), "LONGTAIL_LOG": "fields", "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }  # fmt: skip
    log = folder / "output.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            with MemorySampler(process.pid) as sampler:
                code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    shutil.rmtree(scratch, ignore_errors=True)
    text = log.read_text(encoding="utf-8", errors="replace")
    if code != 0:
        raise StepFailedError(f"{command[0]} ended with exit code {code}:\n{text[-_TAIL:]}")
    return text, sampler.peaks
