"""Compares join_as_known with Feast's point-in-time join: seconds, rows that differ, and cases that Feast gets wrong.

Needs a night of the configuration (make nightly). Run by `make benchmark-features`.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
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
from jobs.config.configuration import Config
from jobs.execution.command import parser, run
from jobs.online.catalogue import build_catalogue
from jobs.online.feast_warnings import silence_feast
from jobs.online.views import online_views
from jobs.tables.warehouse import Warehouse

NAMES = tuple(feature.name for feature in ITEM_FEATURES if feature.is_number)[:10]
RUNS = 3


def main() -> None:
    """Parses the command line and prints the comparisons."""
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000, help="most rows to join (default: %(default)s)")
    args = arguments.parse_args()

    def body(spark: SparkSession, conf: Config, run_id: str) -> None:
        compare_joins(spark, conf, args.rows)
        compare_where_feast_errs(spark)

    run(args.conf, "benchmark_features", body, writes=False)


def compare_joins(spark: SparkSession, conf: Config, count: int) -> None:
    """Joins ten features of items to the times of purchases both ways; prints seconds, ratio and rows that differ."""
    silence_feast()
    tables = Warehouse(spark, conf.warehouse)
    history = tables.read(ITEM_FEATURES_TABLE)
    first = history.agg(F.min("as_of")).first()
    assert first is not None
    bought = tables.read(EVENTS).where((F.col("event_type") == "purchase") & (F.col("event_date") >= F.lit(first[0])))
    # Feast returns one row for several of the same key and time, so each occurs once.
    rows = bought.select("item_id", F.col("event_time").alias("event_timestamp")).distinct()
    rows = rows.orderBy(F.xxhash64("item_id", "event_timestamp")).limit(count).persist()
    row_count = rows.count()

    def ours() -> DataFrame:
        return join_as_known(rows, history, ["item_id"], at="event_timestamp", since="as_of", columns=NAMES)

    with _feast_store() as store:
        catalogue = build_catalogue(online_views(conf))
        view = catalogue.coloured["item_features", "blue"]
        store.apply([catalogue.entities["item"], view])

        def theirs() -> DataFrame:
            references = [f"{view.name}:{name}" for name in NAMES]
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
    print(f"point-in-time join of {row_count} rows with {len(NAMES)} features of {dates} dates, best of {RUNS}:")
    print(f"  longtail {best['longtail']:.1f} s, Feast {best['Feast']:.1f} s: {best['Feast'] / best['longtail']:.1f} x")
    print(f"  rows that differ: {differing}", flush=True)


def compare_where_feast_errs(spark: SparkSession) -> None:
    """Prints two small cases with an obvious answer: keys whose concatenation collides, and another time zone."""
    noon = datetime(2017, 12, 2, 12, tzinfo=UTC)
    known = [("1", "11", 10, noon), ("11", "1", 20, noon)]
    later = noon + timedelta(hours=3)
    _print_both(spark, "keys (1, 11) of 10 and (11, 1) of 20", known, [("1", "11", later), ("11", "1", later)])
    corrected = [("1", "1", 10, noon), ("1", "1", 20, noon + timedelta(hours=1))]
    spark.conf.set("spark.sql.session.timeZone", "Asia/Kolkata")
    try:
        _print_both(
            spark, "value 10 at noon, 20 an hour later, session in Asia/Kolkata", corrected, [("1", "1", later)]
        )
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def _print_both(
    spark: SparkSession,
    what: str,
    known_rows: list[tuple[str, str, int, datetime]],
    asked: list[tuple[str, str, datetime]],
) -> None:
    """Prints what both joins return for the rows `asked` (user, item, time), from known (user, item, value, time)."""
    folder = Path(tempfile.mkdtemp(prefix="longtail-benchmark-"))
    try:
        known = spark.createDataFrame(known_rows, "user_id string, item_id string, value long, at timestamp")
        known.write.format("delta").save(str(folder / "pairs"))
        entities = [
            Entity(name=name, join_keys=[f"{name}_id"], value_type=ValueType.STRING) for name in ("user", "item")
        ]
        source = SparkSource(name="pairs", path=str(folder / "pairs"), table_format=DeltaFormat(), timestamp_field="at")
        view = FeatureView(name="pairs", entities=entities, schema=[Field(name="value", dtype=Int64)], source=source)
        rows = spark.createDataFrame(asked, "user_id string, item_id string, event_timestamp timestamp")
        ours = join_as_known(rows, known, ["user_id", "item_id"], at="event_timestamp", since="at", columns=["value"])
        print(f"{what}, three hours after noon:")
        with _feast_store() as store:
            store.apply([*entities, view])
            theirs = store.get_historical_features(entity_df=rows, features=["pairs:value"]).to_spark_df()
            for name, frame in (("longtail", ours), ("Feast", theirs)):
                values = sorted((row["user_id"], row["item_id"], row["value"]) for row in frame.collect())
                print(f"  {name}: {len(values)} rows, {values}", flush=True)
    finally:
        shutil.rmtree(folder)


@contextmanager
def _feast_store() -> Iterator[FeatureStore]:
    """A temporary store with Feast's Spark offline store."""
    folder = Path(tempfile.mkdtemp(prefix="longtail-benchmark-"))
    try:
        yield FeatureStore(
            config=RepoConfig(
                project="benchmark",
                provider="local",
                registry=str(folder / "registry.db"),
                offline_store={"type": "spark"},
                online_store={"type": "sqlite", "path": str(folder / "online.db")},
                entity_key_serialization_version=3,
            )
        )
    finally:
        shutil.rmtree(folder)


def _evaluate(frame: DataFrame) -> None:
    frame.write.format("noop").mode("overwrite").save()


def _seconds(body: Callable[[], object]) -> float:
    started = time.perf_counter()
    body()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
