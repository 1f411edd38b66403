"""`ingest` and `build_features` as processes, killed at any moment: a repeated run leaves the same tables."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from features.contract import (
    DAILY_ITEM,
    DAILY_PAIR,
    DAILY_USER,
    DEMAND_FORECAST,
    EVENTS,
    ITEMS,
    PARKED,
    REJECTED,
    USER_HISTORY,
    USERS,
)
from features.contract.source_parts import SOURCE_PARTS
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.build_features import build_features
from jobs.config.configuration import load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Step
from jobs.ingest import ingest
from jobs.tables.warehouse import Warehouse
from tests.jobs.test_build_features import tolerant_shop

pytestmark = pytest.mark.slow  # a JVM for each kill; a quarter of an hour

ROOT = Path(__file__).resolve().parents[2]
NIGHT = date(2024, 3, 4)
# The tables that a step writes, in parallel.
INGESTED = (EVENTS, ITEMS, USERS, REJECTED, PARKED, SOURCE_PARTS)
BUILT = (DAILY_PAIR, DAILY_ITEM, DAILY_USER, DEMAND_FORECAST, ITEM_FEATURES_TABLE, USER_FEATURES_TABLE, USER_HISTORY)
KILLED_AFTER = (DAILY_PAIR, ITEM_FEATURES_TABLE, USER_HISTORY)  # the others are written between these


@dataclass(frozen=True)
class Copy:
    """A warehouse that is a copy of another one, on the same source."""

    spark: SparkSession
    step: Step
    conf: Path

    @property
    def folder(self) -> Path:
        return Path(load_config(self.conf).warehouse)

    def next_commit(self, table: Table) -> Path:
        """The file in Delta's log that the next write of the table will create."""
        version = Warehouse(self.spark, str(self.folder)).version(table)
        return self.folder / table.name / "_delta_log" / f"{0 if version is None else version + 1:020}.json"

    def start(self) -> subprocess.Popen[bytes]:
        command = [
            ROOT / ".venv/bin/spark-submit", "--properties-file", ROOT / "conf/spark-local.conf",
            "--conf", "spark.driver.memory=1g", ROOT / f"jobs/{self.step.__name__}.py",
            "--conf", self.conf, "--as-of", NIGHT,
        ]  # fmt: skip
        environment = os.environ | {
            "LONGTAIL_LOG": "fields", "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable,
        }  # fmt: skip
        return subprocess.Popen(list(map(str, command)), cwd=ROOT, env=environment, stdout=self.log.open("ab"),
                                stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip

    @property
    def log(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    def has_begun(self) -> bool:
        return "step started" in self.log.read_text(encoding="utf-8")

    def finish(self) -> float:
        """Runs the step undisturbed; returns the seconds from its start to the end of the process."""
        process = self.start()
        wait_until(self.has_begun, process)
        begun = time.monotonic()
        code = process.wait(timeout=300)
        assert code == 0, self.log.read_text(encoding="utf-8")[-3000:]
        return time.monotonic() - begun

    def has_run_for(self, seconds: float) -> Callable[[], bool]:
        """Whether so many seconds have passed since the step started."""
        begun: list[float] = []

        def passed() -> bool:
            if not begun and self.has_begun():
                begun.append(time.monotonic())
            return bool(begun) and time.monotonic() - begun[0] >= seconds

        return passed

    def kill_at(self, moment: Callable[[], bool]) -> None:
        """Kills the process and its JVM at the moment."""
        process = self.start()
        wait_until(moment, process)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def run_again(self) -> None:
        run_step(self.step, self.spark, load_config(self.conf), NIGHT, "again")

    def rows(self, tables: Iterable[Table]) -> dict[str, list[dict[str, Any]]]:
        warehouse = Warehouse(self.spark, str(self.folder))
        stored = {table.name: warehouse.read(table).drop("run_id").collect() for table in tables}
        return {name: sorted((row.asDict() for row in rows), key=str) for name, rows in stored.items()}


def wait_until(moment: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 300
    while not moment() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)


def copies_of(spark: SparkSession, step: Step, conf: Path) -> Callable[[str], Copy]:
    folder = Path(load_config(conf).warehouse)

    def copy(name: str) -> Copy:
        path = conf.with_name(f"{name}.yaml")
        text = conf.read_text(encoding="utf-8").replace(str(folder), str(folder.with_name(name)))
        path.write_text(text, encoding="utf-8")
        shutil.copytree(folder, folder.with_name(name))
        return Copy(spark, step, path)

    return copy


def killed_anywhere(
    copy: Callable[[str], Copy], after: tuple[Table, ...], random_moments: int, written: tuple[Table, ...]
) -> None:
    """Kills after the commit of each table and at random moments; each time a repeated run leaves the same tables."""
    undisturbed = copy("undisturbed")
    seconds = undisturbed.finish()
    expected = undisturbed.rows(written)
    for table in after:
        killed = copy(f"killed_after_{table.name}")
        next_commit = killed.next_commit(table)
        killed.kill_at(next_commit.exists)
        assert next_commit.exists(), killed.log.read_text(encoding="utf-8")[-3000:]
        killed.run_again()
        assert killed.rows(written) == expected, killed.conf.stem
    shares = random.Random(4)
    for number in range(random_moments):
        killed, share = copy(f"killed_at_{number}"), shares.random()
        killed.kill_at(killed.has_run_for(share * seconds))
        killed.run_again()
        assert killed.rows(written) == expected, f"killed after {share:.0%} of the step"


def delivery(shop: Any) -> None:
    """The night's delivery: new, late, corrected, parked and bad events, a changed title, a new product."""
    shop.lines("2", ["e0,u3,b,purchase,2024-03-01 09:00:00,1", "e2,u2,a,purchase,2024-03-02 10:00:00,5",
                     "e3,u1,b,purchase,2024-03-03 08:00:00,1", "e4,u9,zz,purchase,2024-03-03 09:00:00,1",
                     "e5,u1,a,sold,2024-03-03 10:00:00,1"])  # fmt: skip
    shop.products("2024-03", [("c", "Whale", "2024-03-03 00:00:00"), ("b", "Big Owl", "2024-03-03 00:00:00")])


def test_a_killed_and_repeated_ingest_leaves_the_tables_of_an_undisturbed_one(
    spark: SparkSession, tmp_path: Path
) -> None:
    shop = tolerant_shop(spark, tmp_path)
    shop.night(3)
    delivery(shop)
    killed_anywhere(copies_of(spark, ingest, tmp_path / "conf.yaml"), INGESTED, 3, INGESTED)


def test_a_killed_and_repeated_build_leaves_the_tables_of_an_undisturbed_one(
    spark: SparkSession, tmp_path: Path
) -> None:
    shop = tolerant_shop(spark, tmp_path)
    shop.night(3)
    run_step(build_features, spark, shop.conf, date(2024, 3, 3), "b3")
    delivery(shop)
    shop.night(4)
    killed_anywhere(copies_of(spark, build_features, tmp_path / "conf.yaml"), KILLED_AFTER, 1, BUILT)
