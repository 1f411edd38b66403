"""A publish against `feast materialize`, online reads, and readers during publishes.

python -m tests.benchmark.publish [write STORE USERS] [read STORE USERS] [readers STORE READS]
STORE is sqlite or redis.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from feast import FeatureStore
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, ITEM_EXPOSURE
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE
from jobs.online.audit import equal
from jobs.online.catalogue import Catalogue, build_catalogue
from jobs.online.fields import OnlineView
from jobs.online.rows import collect_rows
from jobs.online.store import feature_store_yaml
from jobs.online.views import online_views
from jobs.publish import publish
from jobs.register_features import register_features
from jobs.runtime.config import Config
from jobs.runtime.night import Night, Record
from jobs.serving.client import StorefrontClient
from jobs.tables.warehouse import Warehouse
from tests.jobs.online.nights import config_in
from tests.jobs.online.reading import read_while_publishing
from tests.jobs.online.redis_server import VARIABLE, redis_config, running_redis
from tests.spark_session import local_session

NIGHT, ITEMS, SLOTS = date(2017, 12, 1), 5_000, 10


def main() -> None:
    """Runs the part that is named."""
    parts: dict[str, Callable[[str, int], None]] = {"write": write, "read": read, "readers": readers}
    part, store, size = (sys.argv[1:] + ["write", "sqlite", "50000"][len(sys.argv) - 1 :])[:3]
    parts[part](store, int(size))


@contextmanager
def configured(store: str) -> Iterator[tuple[Config, Path]]:
    """A configuration in a folder of its own, with a running Redis where that is the store."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_redis(folder) if store == "redis" else nullcontext() as server:
            if server is not None:
                os.environ[VARIABLE] = server.url
            yield (redis_config(folder) if store == "redis" else config_in(folder)), folder


def write(store: str, users: int) -> None:
    """The whole publish, with audit and flip, and Feast's materialize of the same views to a store of its own."""
    with configured(store) as (conf, folder), local_session(folder) as spark:
        fill(spark, conf, users)
        night = Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), Record())
        register_features(night)
        catalogue = build_catalogue(online_views(conf))
        # Spark's first reads of the tables cost the same whoever comes first; neither side pays for them.
        collect_rows(night, catalogue.views)
        began = time.perf_counter()
        publish(night)
        ours = time.perf_counter() - began
        theirs_store = feasts_own(conf, folder, store)
        names = [catalogue.coloured[view.name, "blue"].name for view in catalogue.views]
        began = time.perf_counter()
        theirs_store.materialize(datetime(2017, 11, 30, tzinfo=UTC), datetime(2017, 12, 2, tzinfo=UTC), names)
        theirs = time.perf_counter() - began
        values = compared(conf, catalogue, theirs_store)
        print(
            f"{store}, {users:,} shoppers and {ITEMS:,} items in four views: publish with audit {ours:.1f} s, feast "
            f"materialize {theirs:.1f} s: {theirs / ours:.1f} times; compared {values}",
            flush=True,
        )


def read(store: str, users: int) -> None:
    """Online reads of one shopper and of 200 items by the client and by Feast alone, in turns."""
    with configured(store) as (conf, folder):
        with local_session(folder) as spark:
            fill(spark, conf, users)
            night = Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), Record())
            register_features(night)
            publish(night)
        client = StorefrontClient(feature_store_yaml(conf), on_stale="serve")
        feast = FeatureStore(fs_yaml_file=feature_store_yaml(conf))
        chance = np.random.default_rng(1)
        items = [f"i{number:06}" for number in range(ITEMS)]

        def plain(service: str, keys: dict[str, list[str]]) -> Any:
            return feast.get_online_features(
                features=feast.get_feature_service(service, allow_cache=True), entity_rows=keys
            ).to_dict()

        def user() -> str:
            return f"u{chance.integers(users):07}"

        def some() -> list[str]:
            return list(chance.choice(items, 200, replace=False))

        timed: dict[str, tuple[int, Callable[[], Any]]] = {
            "one shopper, client": (1_000, lambda: client.user_list(user())),
            "one shopper, Feast alone": (1_000, lambda: plain("storefront_user", {"user_id": [user()]})),
            "boosts of 200 items, client": (200, lambda: client.boosts(some())),
            "200 items, Feast alone": (200, lambda: plain("storefront_item", {"item_id": some()})),
        }
        for name, (count, call) in timed.items():
            call()
            took = []
            for _ in range(count):
                began = time.perf_counter()
                call()
                took.append(time.perf_counter() - began)
            p50, p99 = np.percentile(np.array(took) * 1e3, [50, 99])
            print(f"{store}, {name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms", flush=True)


def readers(store: str, reads: int) -> None:
    """Reads during ten publishes with live writes and two kills."""
    with configured(store) as (conf, _):
        began = time.perf_counter()
        seen = read_while_publishing(conf, nights=10, kills=2, reads=reads, copies=1_000)
        took = time.perf_counter() - began
    print(
        f"{store}: {seen.reads:,} reads in {took:.0f} s during ten publishes with live writes and {seen.kills} kills: "
        f"{len(seen.wrong)} wrong {seen.wrong[:1]}; nights seen {seen.nights}",
        flush=True,
    )


def fill(spark: SparkSession, conf: Config, users: int) -> None:
    """The night's tables, made by Spark."""
    tables = Warehouse(spark, conf.warehouse)
    user, item = F.format_string("u%07d", "user"), F.format_string("i%06d", "item")
    entries = (
        spark.range(users).withColumnRenamed("id", "user").crossJoin(spark.range(SLOTS).withColumnRenamed("id", "k"))
    )
    entries = entries.withColumn("item", F.pmod(F.xxhash64("user", "k"), F.lit(ITEMS)))
    f = F.round(F.rand(1) * 0.1, 6)
    lists = entries.select(
        F.lit(NIGHT).alias("as_of"), F.lit("main").alias("policy"), user.alias("user_id"),
        F.lit("tail_shelf").alias("placement"), (F.col("k") + 1).alias("rank"), item.alias("item_id"),
        f.alias("relevance"), F.lit(0.25).alias("boost"), F.lit(1.0).alias("exposure"), F.lit(1.0).alias("propensity"),
        F.concat(F.lit("Bought this type before; in place of item "), "item").alias("reason"),
        F.lit("1").alias("model_version"), F.lit("run").alias("run_id"),
    )  # fmt: skip
    lists = lists.withColumn("value", F.col("relevance")).withColumn("score", F.col("relevance") + F.col("boost"))
    tables.replace(lists, EXPOSURE_SCORES, None)
    known = spark.range(ITEMS).withColumnRenamed("id", "item").select(item.alias("item_id"), "item")
    given = known.select(
        F.lit(NIGHT).alias("as_of"), F.lit("main").alias("policy"), F.lit("tail_shelf").alias("placement"), "item_id",
        F.lit("tail").alias("segment"), (F.col("item") / 1e5).alias("boost"), F.lit(0.0).alias("floor"),
        F.lit(9.0).alias("cap"), F.lit(1.0).alias("allocated"), F.lit("none").alias("binding"),
    )  # fmt: skip
    tables.replace(given, ITEM_EXPOSURE, None)
    shoppers = (
        spark.range(users).withColumnRenamed("id", "user").select(user.alias("user_id"), F.col("user").alias("n"))
    )
    for table, features, rows in (
        (USER_FEATURES_TABLE, USER_FEATURES, shoppers),
        (ITEM_FEATURES_TABLE, ITEM_FEATURES, known.withColumn("n", F.col("item"))),
    ):
        columns = [F.lit(feature.default).cast(feature.type).alias(feature.name) for feature in features]
        varied = {"double": F.round(F.rand(2), 6), "bigint": F.col("n")}
        columns = [
            varied.get(one.type.simpleString(), columns[place]).cast(one.type).alias(one.name)
            for place, one in enumerate(features)
        ]
        key = table.key[1]
        made = rows.select(F.lit(NIGHT).alias("as_of"), key, *columns)
        made = made.withColumn("is_eligible", F.lit(True)) if "is_eligible" in made.columns else made
        tables.replace(made, table, None)


def feasts_own(conf: Config, folder: Path, store: str) -> FeatureStore:
    """The same registry with Feast's own store class, in a place of its own."""
    settings = yaml.safe_load(feature_store_yaml(conf).read_text())
    if store == "redis":
        settings["online_store"] = {"type": "redis", "connection_string": os.environ[VARIABLE] + ",db=1"}
    else:
        settings["online_store"] = {"type": "sqlite", "path": str(folder / "theirs.db")}
    settings["registry"]["path"] = str(folder / "theirs-registry.db")
    (folder / "theirs.yaml").write_text(yaml.safe_dump(settings))
    theirs = FeatureStore(fs_yaml_file=folder / "theirs.yaml")
    catalogue = build_catalogue(online_views(conf))
    theirs.apply([*catalogue.entities.values(), *catalogue.coloured.values()])
    return theirs


def compared(conf: Config, catalogue: Catalogue, theirs: FeatureStore) -> str:
    """Reads 500 entities of every view from both stores; raises when a value differs."""
    ours = FeatureStore(fs_yaml_file=feature_store_yaml(conf))
    values = 0
    for view in catalogue.views:
        keys = [f"u{number:07}" if view.entity == "user" else f"i{number:06}" for number in range(500)]
        told = [_read(store, view, colour, keys) for store, colour in ((ours, "green"), (theirs, "blue"))]
        for name in view.field_names:
            for mine, other in zip(told[0][name], told[1][name], strict=True):
                if mine is None or not equal(mine, other):
                    raise AssertionError(f"{view.name}.{name}: {mine!r} and {other!r}")
                values += 1
    return f"{values:,} values, all equal"


def _read(store: FeatureStore, view: OnlineView, colour: str, keys: list[str]) -> dict[str, list[Any]]:
    features = [f"{view.name}_{colour}:{name}" for name in view.field_names]
    return store.get_online_features(features, {view.join_key: keys}).to_dict()


if __name__ == "__main__":
    main()
