"""The stream as a process of its own, with a warehouse, a folder of events and the expected counts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.live.counting import COLUMNS
from jobs.config.configuration import load_config
from jobs.tables.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[3]

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(days=1)
TODAY = NOW.date()
ITEMS, USERS = 50, 200


def events_of(count: int, seed: int, start: int = 0) -> pd.DataFrame:
    """Exposures of the placement within a quarter of an hour; the id is the row's number."""
    rng = np.random.default_rng(seed)
    seconds = rng.integers(0, 900, count)
    user = rng.integers(0, USERS, count)
    return pd.DataFrame(
        {
            "event_id": [f"e{start + n}" for n in range(count)],
            "user_id": [f"u{n}" for n in user],
            "visitor_id": [f"v{n}" for n in user],
            "item_id": [f"i{n}" for n in rng.integers(0, ITEMS, count)],
            "event_type": rng.choice(["exposure", "click", "purchase"], count, p=[0.8, 0.15, 0.05]),
            "event_time": (pd.Timestamp(NOW) + pd.to_timedelta(seconds, unit="s")).astype("datetime64[us]"),
            "placement": "tail_shelf",
            "position": np.int32(1),
            "sample_weight": 1.0,
        }
    )[list(COLUMNS)]


class Stream:
    """A warehouse with a planned night, a folder of events, and the stream's process."""

    def __init__(self, folder: Path, packages: str = "", **stream: object) -> None:
        """packages: further packages for Spark; stream: changed keys of the section"""
        self.folder, self.inbox, self._packages = folder, folder / "inbox", packages
        self.inbox.mkdir()
        (folder / "half").mkdir()
        settings = {"format": "parquet", "path": str(self.inbox), "trigger_seconds": 1, **stream}
        self.conf_path = folder / "conf.yaml"
        content = {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, "stream": settings}
        self.conf_path.write_text(yaml.safe_dump(content), encoding="utf-8")
        self.conf = load_config(self.conf_path)

    def give(self, events: pd.DataFrame, name: str) -> None:
        """Adds a file atomically, with times in UTC as in the contract."""
        half = self.folder / "half" / f"{name}.parquet"
        frame = events.assign(event_time=events["event_time"].dt.tz_localize("UTC"))
        frame.to_parquet(half, index=False, coerce_timestamps="us")
        half.replace(self.inbox / half.name)

    def start(self, mode: str = "on") -> subprocess.Popen[bytes]:
        command = [
            ROOT / ".venv/bin/spark-submit", "--properties-file", ROOT / "conf/spark-local.conf",
            "--conf", "spark.driver.memory=1g", *self._more_packages(), ROOT / "tests/jobs/live/stream_process.py",
            self.conf_path, mode,
        ]  # fmt: skip
        environment = os.environ | {
            "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable,
        }  # fmt: skip
        log = (self.folder / "stream.log").open("ab")
        return subprocess.Popen(list(map(str, command)), cwd=ROOT, env=environment, stdout=log, stderr=log,
                                start_new_session=True)  # fmt: skip

    def _more_packages(self) -> list[str]:
        """Packages of the command line replace those of the properties file, so both are named."""
        lines = (ROOT / "conf/spark-local.conf").read_text(encoding="utf-8").splitlines()
        own = next(line.split()[1] for line in lines if line.startswith("spark.jars.packages"))
        return ["--packages", f"{own},{self._packages}"] if self._packages else []

    def finish(self) -> None:
        """Processes the available files and ends."""
        process = self.start("now")
        code = process.wait(timeout=180)
        assert code == 0, (self.folder / "stream.log").read_text(encoding="utf-8")[-3000:]

    def tables(self, spark: SparkSession) -> Warehouse:
        return Warehouse(spark, self.conf.warehouse)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kills Python and its JVM at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def counted(rows: DataFrame, key: str) -> dict[tuple[str, str], float]:
    sums = rows.groupBy(key).agg(*(F.sum(name).alias(name) for name in ("exposures", "clicks", "purchases")))
    return {
        (row[key], name): row[name]
        for row in sums.collect()
        for name in ("exposures", "clicks", "purchases")
        if row[name]
    }


def expected(events: pd.DataFrame, key: str) -> dict[tuple[str, str], float]:
    sums = events.groupby([key, "event_type"]).size()
    return {(entity, f"{kind}s"): float(count) for (entity, kind), count in sums.items()}
