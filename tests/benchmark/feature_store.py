"""Our point-in-time join against Feast's on the same rows, and what a second night costs against the first.

Needs a night of the configuration (make nightly). Run by `make benchmark-features`.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from feast import Entity, FeatureStore, FeatureView, Field, RepoConfig, ValueType
from feast.infra.offline_stores.contrib.spark_offline_store.spark_source import SparkSource
from feast.table_format import DeltaFormat
from feast.types import Int64
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE
from features.point_in_time import join_as_known
from jobs.build_features import build_features
from jobs.ingest import ingest
from jobs.online.quiet import hush_feast
from jobs.online.store import read_store
from jobs.runtime.command import calendar_date, parser, run
from jobs.runtime.config import Config
from jobs.runtime.manifest import run_step
from jobs.tables.warehouse import Warehouse

NAMES = tuple(feature.name for feature in ITEM_FEATURES if feature.is_number)[:10]
RUNS = 3


def main() -> None:
    """Parses the command line and prints both comparisons."""
    made = parser(__doc__)
    made.add_argument("--as-of", type=calendar_date, default=date(2017, 12, 1), metavar="YYYY-MM-DD")
    made.add_argument("--rows", type=int, default=1_000_000, help="rows to be joined at most (default: %(default)s)")
    made.add_argument("--second-night", action="store_true", help="also measure a first and a second night")
    given = made.parse_args()

    def body(spark: SparkSession, conf: Config, run_id: str) -> None:
        compare_joins(spark, conf, given.rows)
        compare_crossed_keys(spark)
        if given.second_night:
            compare_nights(spark, conf, given.as_of)

    run(given.conf, "benchmark_features", body, writes=False)


def compare_joins(spark: SparkSession, conf: Config, count: int) -> None:
    """Ten features of items at the times of purchases, by both joins: seconds, ratio, rows that differ."""
    hush_feast()
    tables = Warehouse(spark, conf.warehouse)
    history, store = tables.read(ITEM_FEATURES_TABLE), read_store(conf)
    first = history.agg(F.min("as_of")).first()
    assert first is not None
    bought = tables.read(EVENTS).where((F.col("event_type") == "purchase") & (F.col("event_date") >= F.lit(first[0])))
    # Feast's join gives one row of several of one key and time, so each is asked once.
    rows = bought.select("item_id", F.col("event_time").alias("event_timestamp")).distinct()
    rows = rows.orderBy(F.xxhash64("item_id", "event_timestamp")).limit(count).persist()
    asked = rows.count()

    def ours() -> DataFrame:
        return join_as_known(rows, history, ["item_id"], at="event_timestamp", since="as_of", columns=NAMES)

    def theirs() -> DataFrame:
        references = [f"item_features_blue:{name}" for name in NAMES]
        return store.get_historical_features(entity_df=rows, features=references).to_spark_df()

    seconds = {"longtail": [], "Feast": []}
    for _ in range(RUNS):
        seconds["longtail"].append(_seconds(lambda: _evaluate(ours())))
        seconds["Feast"].append(_seconds(lambda: _evaluate(theirs())))
    best = {name: min(values) for name, values in seconds.items()}
    key = ["item_id", "event_timestamp"]
    mine, other = ours().select(*key, *NAMES), theirs().select(*key, *NAMES)
    differing = mine.exceptAll(other).count() + other.exceptAll(mine).count()
    dates = history.select("as_of").distinct().count()
    print(f"point-in-time join of {asked} rows with {len(NAMES)} features of {dates} dates, best of {RUNS}:")
    print(f"  longtail {best['longtail']:.1f} s, Feast {best['Feast']:.1f} s: {best['Feast'] / best['longtail']:.1f} x")
    print(f"  rows that differ: {differing}", flush=True)


def compare_crossed_keys(spark: SparkSession) -> None:
    """Keys that run together without a separator: two rows, each with its own value."""
    at = datetime(2017, 12, 2, tzinfo=UTC)
    folder = Path(tempfile.mkdtemp(prefix="longtail-benchmark-"))
    try:
        known = spark.createDataFrame(
            [("1", "11", 10, at), ("11", "1", 20, at)], "user_id string, item_id string, value long, at timestamp"
        )
        known.write.format("delta").save(str(folder / "pairs"))
        store = FeatureStore(config=_feast_config(folder))
        entities = [
            Entity(name=name, join_keys=[f"{name}_id"], value_type=ValueType.STRING) for name in ("user", "item")
        ]
        source = SparkSource(name="pairs", path=str(folder / "pairs"), table_format=DeltaFormat(), timestamp_field="at")
        view = FeatureView(name="pairs", entities=entities, schema=[Field(name="value", dtype=Int64)], source=source)
        store.apply([*entities, view])
        rows = spark.createDataFrame(
            [("1", "11", at + timedelta(days=1)), ("11", "1", at + timedelta(days=1))],
            "user_id string, item_id string, event_timestamp timestamp",
        )
        theirs = store.get_historical_features(entity_df=rows, features=["pairs:value"]).to_spark_df()
        ours = join_as_known(rows, known, ["user_id", "item_id"], at="event_timestamp", since="at", columns=["value"])
        for name, frame in (("longtail", ours), ("Feast", theirs)):
            found = sorted((row["user_id"], row["item_id"], row["value"]) for row in frame.collect())
            print(f"  keys (1, 11) of 10 and (11, 1) of 20, {name}: {len(found)} rows, {found}", flush=True)
    finally:
        shutil.rmtree(folder)


def compare_nights(spark: SparkSession, conf: Config, as_of: date) -> None:
    """Ingest and features of a first night on an empty warehouse, with the dates of its training, and of the next."""
    folder = Path(tempfile.mkdtemp(prefix="longtail-benchmark-"))
    try:
        fresh = conf.model_copy(update={"warehouse": str(folder)})
        nights = []
        for number, day in enumerate((as_of, as_of + timedelta(days=1))):
            if number:  # by then the first night's model has been registered, so no training is due
                shutil.copytree(Path(conf.warehouse) / "mlflow", folder / "mlflow", dirs_exist_ok=True)
            took = {
                step.__name__: run_step(step, spark, fresh, day, f"n{number}")[1] for step in (ingest, build_features)
            }
            nights.append(took)
            told = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items())
            print(f"{'first' if not number else 'second'} night: {told}", flush=True)
        print(f"  second as a share of the first: {sum(nights[1].values()) / sum(nights[0].values()):.0%}", flush=True)
    finally:
        shutil.rmtree(folder)


def _feast_config(folder: Path) -> RepoConfig:
    return RepoConfig(
        project="benchmark",
        provider="local",
        registry=str(folder / "registry.db"),
        offline_store={"type": "spark"},
        online_store={"type": "sqlite", "path": str(folder / "online.db")},
        entity_key_serialization_version=3,
    )


def _evaluate(frame: DataFrame) -> None:
    frame.write.format("noop").mode("overwrite").save()


def _seconds(body: Callable[[], object]) -> float:
    started = time.perf_counter()
    body()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
