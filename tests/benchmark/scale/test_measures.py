"""Bytes to the driver, peaks of memory, and the tables made of them."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from tests.benchmark.scale.event_log import Traffic, traffic
from tests.benchmark.scale.memory import MemorySampler, role_of
from tests.benchmark.scale.night import Cost, StepFailedError, seconds_of
from tests.benchmark.scale.store import Size
from tests.benchmark.scale.tables import Measurement, cost_table, growth_table, projection_table

MIB, GIB = 2**20, 2**30


def job(number: int, stages: list[int], place: str) -> str:
    content = {"Event": "SparkListenerJobStart", "Job ID": number, "Stage IDs": stages,
               "Properties": {"callSite.short": place}}  # fmt: skip
    return json.dumps(content, separators=(",", ":"))


def task(stage: int, size: int) -> str:
    content = {"Event": "SparkListenerTaskEnd", "Stage ID": stage, "Task Metrics": {"Result Size": size}}
    return json.dumps(content, separators=(",", ":"))


def test_task_results_are_added_up_by_job() -> None:
    log = [job(0, [0, 1], "count at a.py:1"), task(0, 100), task(1, 20), job(1, [2], "collect at b.py:2"), task(2, 500),
           '{"Event":"SparkListenerTaskEnd","Stage ID":2,"Task Metrics":null}']  # fmt: skip
    assert traffic(log) == Traffic(total=620, largest=500, largest_at="collect at b.py:2")
    assert traffic([]) == Traffic(0, 0, "")


def test_a_job_without_a_call_has_the_name_of_its_last_stage() -> None:
    started = {"Event": "SparkListenerJobStart", "Job ID": 0, "Stage IDs": [0, 1], "Properties": {},
               "Stage Infos": [{"Stage Name": "map"}, {"Stage Name": "toArrow at c.py:3"}]}  # fmt: skip
    assert traffic([json.dumps(started, separators=(",", ":")), task(1, 7)]) == Traffic(7, 7, "toArrow at c.py:3")


@pytest.mark.parametrize(
    ("command", "role"),
    [
        (["/usr/lib/jvm/bin/java", "-cp", "spark.jar"], "java"),
        (["/venv/bin/python", "-m", "pyspark.daemon", "pyspark.worker"], "worker"),
        (["/venv/bin/python", "jobs/score.py"], "python"),
        ([], "python"),
    ],
)
def test_processes_have_roles(command: list[str], role: str) -> None:
    assert role_of(command) == role


def test_the_peak_of_a_process_is_found_after_it_shrank() -> None:
    program = "import time; big = bytearray(80 * 2**20); del big; time.sleep(3)"
    process = subprocess.Popen([sys.executable, "-c", program])
    with MemorySampler(process.pid) as sampler:
        while process.poll() is None and sampler.peaks.python < 80 * MIB:
            time.sleep(0.1)
    process.kill()
    process.wait()
    assert sampler.peaks.python >= 80 * MIB
    assert (sampler.peaks.java, sampler.peaks.worker) == (0, 0)


def test_the_seconds_are_those_of_the_step() -> None:
    output = (
        "2026-11-28T23:53:00Z info step started run=r step=score as_of=2024-06-01\n"
        "2026-11-28T23:54:00Z info step done run=r step=score as_of=2024-06-01 seconds=61.5 pairs=12\n"
    )
    assert seconds_of("score", output) == 61.5
    assert seconds_of("score", output.replace("step done", "step skipped")) == 61.5
    with pytest.raises(StepFailedError, match="publish does not report its end"):
        seconds_of("publish", output)


def measurement(shoppers: int, seconds: float, python: int, to_driver: int) -> Measurement:
    cost = Cost(0, "score", seconds, 4 * GIB, python, GIB, 6 * GIB, to_driver, MIB, "collect at a.py:1")
    return Measurement(Size(shoppers, 1000, 20), (cost,))


SMALL, LARGE = measurement(1_000, 30, GIB, 2 * MIB), measurement(10_000, 120, GIB, 3 * MIB)


def test_the_table_of_a_size() -> None:
    row = cost_table(SMALL).splitlines()[2]
    # 30 s / 1,000 shoppers = 30 ms
    assert row == "| `score` | 30 | 30.000 | 4.00 | 1.00 | 1.00 | 6.00 | 2.0 | 1.0 (collect at a.py:1) |"


def test_growth_is_a_shopper_for_time_and_absolute_for_memory() -> None:
    # 12 ms a shopper against 30 ms; memory equal; 3 MiB against 2
    assert growth_table(SMALL, LARGE).splitlines()[2] == "| `score` | 0.40 | 1.00 | 1.00 | 1.00 | 1.50 |"


def test_the_projection_separates_what_grows_from_what_does_not() -> None:
    # 90 s for 9,000 further shoppers are 10 ms a shopper, and 20 s are fixed. Ten million: 100,000 s on 2 cores
    # = 55.6 core hours; on 200 cores .278 h, and 20 s more.
    rows = projection_table(SMALL, LARGE, cores=2, cluster=200).splitlines()
    assert rows[2] == "| `score` | 10.000 | 20 | 55.6 | 0.28 |"
    assert rows[3] == "| all steps |  |  | 55.6 | 0.28 |"
