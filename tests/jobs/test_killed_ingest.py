"""Ingest dies by SIGKILL at several moments of a night; the next run leaves what an undisturbed one leaves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyspark
import pytest
from pyspark.sql import SparkSession

from features.contract import EVENTS, ITEMS, PARKED, PROMOTIONS, REJECTED, USERS
from features.contract.source_parts import SOURCE_PARTS
from jobs.tables.warehouse import Warehouse
from tests.conftest import ROOT
from tests.jobs.test_ingest_files import Shop

pytestmark = pytest.mark.slow

# Shares of the seconds that an undisturbed run takes: reading and judging is the first half, writing the second.
MOMENTS = (0.55, 0.7, 0.82, 0.93)


@dataclass
class Run:
    """A process of jobs/ingest.py; `seconds` from the step's start to its end, `killed` whether it was ended before."""

    seconds: float
    killed: bool


def run_ingest(conf: Path, as_of: str, kill_after: float | None = None) -> Run:
    submit = Path(pyspark.__file__).parent / "bin/spark-submit"
    options = ["--properties-file", "conf/spark-local.conf", "--driver-memory", "1g"]
    command = [str(submit), *options, "jobs/ingest.py", "--conf", str(conf), "--as-of", as_of]
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "step started" in line:
            break
    else:
        raise AssertionError("".join(said))
    started = time.monotonic()
    try:
        process.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # the driver's Python and its Java, at once
        process.communicate()
        return Run(time.monotonic() - started, killed=True)
    assert process.returncode == 0
    return Run(time.monotonic() - started, killed=False)


def told(spark: SparkSession, warehouse: Path) -> dict[str, list[dict[str, Any]]]:
    tables = Warehouse(spark, str(warehouse))
    found = {}
    for table in (ITEMS, USERS, EVENTS, PROMOTIONS, PARKED, REJECTED, SOURCE_PARTS):
        rows = tables.read(table).drop("run_id").collect()
        found[table.name] = sorted((row.asDict() for row in rows), key=str)
    return found


def test_a_night_that_is_killed_anywhere_ends_as_an_undisturbed_one(spark: SparkSession, tmp_path: Path) -> None:
    shop = Shop(spark, tmp_path)
    shop.lines("1", ["e1,u1,a,purchase,2024-03-01 10:00:00,1", "e2,u2,a,purchase,2024-03-02 10:00:00,1",
                     "e8,u2,b,purchase,2024-03-03 10:00:00,1"])  # fmt: skip
    shop.night(3)  # leaves e8 for later
    # A correction, a late event, one of an unknown item, one that is wrong; and a product under another name.
    shop.lines("2", ["e2,u2,a,purchase,2024-03-02 10:00:00,7", "e0,u3,b,purchase,2024-03-01 09:00:00,1",
                     "e4,u9,zz,purchase,2024-03-03 09:00:00,1", "e5,u1,a,sold,2024-03-03 09:00:00,1"])  # fmt: skip
    shop.products("2024-03", [("b", "Big Owl", "2024-03-03 00:00:00")])
    confs = {}
    for name in ("whole", "killed"):
        shutil.copytree(tmp_path / "warehouse", tmp_path / name)
        confs[name] = tmp_path / f"{name}.yaml"
        text = (tmp_path / "conf.yaml").read_text(encoding="utf-8")
        confs[name].write_text(text.replace(f"{tmp_path}/warehouse", f"{tmp_path}/{name}"), encoding="utf-8")

    undisturbed = run_ingest(confs["whole"], "2024-03-04").seconds
    deaths = [run_ingest(confs["killed"], "2024-03-04", kill_after=share * undisturbed).killed for share in MOMENTS]
    run_ingest(confs["killed"], "2024-03-04")

    assert sum(deaths) >= len(MOMENTS) // 2  # a run may be faster than the one that was measured
    expected = told(spark, tmp_path / "whole")
    assert {row["event_id"]: row["quantity"] for row in expected["events"]} == {"e0": 1, "e1": 1, "e2": 7, "e8": 1}
    assert told(spark, tmp_path / "killed") == expected
