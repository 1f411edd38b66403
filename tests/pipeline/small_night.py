"""A complete night on a small sample of the panel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml
from pyspark.sql import SparkSession

import conf as packaged_conf
from features.contract import RUNS
from jobs.config.configuration import Config, resolve_config
from jobs.execution.manifest import run_step
from jobs.nightly import STEPS, steps_named
from jobs.tables.warehouse import Warehouse
from tests.pipeline.small_panel import write_small_panel

AS_OF = date(2017, 12, 1)
_FIRST = "first"


@dataclass(frozen=True)
class Store:
    """A warehouse in which a night has run."""

    spark: SparkSession
    conf: Config

    @property
    def tables(self) -> Warehouse:
        return Warehouse(self.spark, self.conf.warehouse)

    def run(self, run_id: str) -> None:
        """Runs every step of the night of AS_OF."""
        for step in steps_named(STEPS):
            run_step(step, self.spark, self.conf, AS_OF, run_id)

    def first_versions(self) -> dict[str, int]:
        """By table its version at the end of the first night, whatever tests wrote later."""
        runs = self.tables.read(RUNS).where(f"run_id = '{_FIRST}'").orderBy("started_at").collect()
        return {table: version for run in runs for table, version in run["outputs"].items()}


def run_small_night(spark: SparkSession, folder: Path) -> Store:
    """Runs the night of AS_OF on the small panel, with panel and warehouse in `folder`."""
    base = yaml.safe_load((Path(packaged_conf.__file__).parent / "base.yaml").read_text(encoding="utf-8"))
    overrides = yaml.safe_load(Path(__file__).with_name("night.yaml").read_text(encoding="utf-8"))
    panel = write_small_panel(folder / "panel")
    overrides |= {
        "warehouse": str(folder / "warehouse"),
        "source": {"kind": "complete_journey", "folder": str(panel), "exposure_sample_share": 0.02},
    }
    store = Store(spark, resolve_config(base, overrides, "night.yaml"))
    store.run(_FIRST)
    return store
