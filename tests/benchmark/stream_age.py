"""Measures what a batch of the stream costs as the stream ages: seconds of early and later batches, size of the log.

The work of a batch runs in this process, on batches of the same size, shoppers and items, without an online store. Run
by `python -m tests.benchmark.stream_age`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pyspark.sql import DataFrame, SparkSession

from features.contract.live_counts import LIVE_ITEM_COUNTS, LIVE_USER_COUNTS
from jobs.config.configuration import Config, load_config
from jobs.live.batch import BatchWork
from jobs.live.counters import ItemCounts
from jobs.live.live_plan import LivePlan
from jobs.live.shopper_counts import ShopperCounts
from jobs.tables.warehouse import Warehouse
from tests.spark_session import local_session

EARLY, LATE = slice(3, 8), slice(-5, None)  # around the fifth batch, and around the last


def main() -> None:
    """Prints the median seconds of five early and five late batches."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--batches", type=int, default=202)
    arguments.add_argument("--events", type=int, default=2_000, help="of a batch")
    arguments.add_argument("--shoppers", type=int, default=50_000)
    args = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, local_session(Path(folder)) as spark:
        # As the stream sets them.
        spark.conf.set("spark.databricks.delta.autoCompact.enabled", "true")
        spark.conf.set("spark.databricks.delta.autoCompact.minNumFiles", "50")
        conf = configured(Path(folder))
        spark.conf.set("spark.sql.shuffle.partitions", str(conf.stream.partitions))
        seconds = measured(spark, conf, args.batches, args.events, args.shoppers)
        for table in (LIVE_ITEM_COUNTS, LIVE_USER_COUNTS):
            log = list((Path(conf.warehouse) / table.name / "_delta_log").iterdir())
            print(f"{table.name}: {len(log)} files in the log")
    for name, part in (("early", EARLY), ("late", LATE)):
        print(f"{name} batches: median {np.median(seconds[part]):.2f} s of {np.round(seconds[part], 2).tolist()}")


def configured(folder: Path) -> Config:
    """The defaults of conf/base.yaml in a warehouse of its own."""
    path = folder / "conf.yaml"
    content = {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_config(path)


def measured(spark: SparkSession, conf: Config, batches: int, events: int, shoppers: int) -> np.ndarray:
    """Seconds of each batch."""
    tables = Warehouse(spark, conf.warehouse)
    for table in (LIVE_ITEM_COUNTS, LIVE_USER_COUNTS):
        tables.prepare(table)
    plan = LivePlan(None, pd.Series(dtype="float64"), (), conf.plan.position_weights)
    counts = ItemCounts(tables, "events"), ShopperCounts(tables, "events", conf.account.most_exposures_a_day)
    work = BatchWork(conf, "events", tables, None, *counts, lambda: plan, lambda alerts: None)
    random, seconds = np.random.default_rng(1), []
    for number in range(batches):
        frame = events_of(spark, random, events, shoppers)
        began = time.monotonic()
        work(frame, number)
        seconds.append(time.monotonic() - began)
    return np.array(seconds)


def events_of(spark: SparkSession, random: np.random.Generator, count: int, shoppers: int) -> DataFrame:
    """Exposures of now."""
    rows = pd.DataFrame({
        "user_id": [f"u{n}" for n in random.integers(0, shoppers, count)],
        "item_id": [f"i{n}" for n in random.integers(0, 500, count)],
        "event_type": "exposure",
        "event_time": pd.Timestamp(datetime.now(UTC).replace(tzinfo=None)),
        "placement": "tail_shelf",
        "position": random.integers(1, 9, count),
        "sample_weight": 1.0,
    })  # fmt: skip
    types = "user_id string, item_id string, event_type string, event_time timestamp, placement string, position int, "
    return spark.createDataFrame(rows, types + "sample_weight double")


if __name__ == "__main__":
    main()
