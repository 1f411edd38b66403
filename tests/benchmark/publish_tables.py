"""Synthetic tables of a night, of any size, as a publish reads them."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, FALLBACK_LISTS, ITEM_EXPOSURE, ITEM_POTENTIAL, RUNS
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE
from jobs.config.configuration import Config
from jobs.tables.warehouse import Warehouse
from tests.jobs.small_tables import filled

FIRST, ITEMS, SLOTS = date(2017, 12, 1), 5_000, 10


def fill(spark: SparkSession, conf: Config, users: int, as_of: date) -> None:
    """Writes the night's tables. A third of the features' values differ between any two nights."""
    night = (as_of - FIRST).days
    tables = Warehouse(spark, conf.warehouse)
    user, item = F.format_string("u%07d", "user"), F.format_string("i%06d", "item")
    entries = (
        spark.range(users).withColumnRenamed("id", "user").crossJoin(spark.range(SLOTS).withColumnRenamed("id", "k"))
    )
    entries = entries.withColumn("item", F.pmod(F.xxhash64("user", "k"), F.lit(ITEMS)))
    f = F.round(F.rand(10 + night) * 0.1, 6)
    lists = entries.select(
        F.lit(as_of).alias("as_of"), F.lit("main").alias("policy"), user.alias("user_id"),
        F.lit("tail_shelf").alias("placement"), (F.col("k") + 1).alias("rank"), item.alias("item_id"),
        f.alias("relevance"), F.lit(0.25).alias("boost"), F.lit(1.0).alias("exposure"), F.lit(1.0).alias("propensity"),
        F.concat(F.lit("Bought this type recently; in place of item "), "item").alias("reason"),
        F.lit("1").alias("model_version"), F.lit("run").alias("run_id"),
    )  # fmt: skip
    lists = lists.withColumn("value", F.col("relevance")).withColumn("score", F.col("relevance") + F.col("boost"))
    tables.replace(lists, EXPOSURE_SCORES, None)
    tables.replace(
        lists.where(F.col("user_id") == "u0000000").withColumn("shopper_segment", F.lit("everyone")),
        FALLBACK_LISTS,
        None,
    )
    run = {"run_id": "run", "step": "plan_exposure", "as_of": as_of, "status": "done"}
    tables.add(filled(spark, RUNS, [run]), RUNS)
    known = spark.range(ITEMS).withColumnRenamed("id", "item").select(item.alias("item_id"), "item")
    boosts = known.select(
        F.lit(as_of).alias("as_of"), F.lit("main").alias("policy"), F.lit("tail_shelf").alias("placement"), "item_id",
        F.lit("tail").alias("segment"), (F.col("item") / 1e5).alias("boost"), F.lit(0.0).alias("floor"),
        F.lit(9.0).alias("cap"), F.lit(1.0).alias("allocated"), F.lit("none").alias("binding"),
        F.lit(None).alias("not_lifted_by"),
    )  # fmt: skip
    tables.replace(boosts, ITEM_EXPOSURE, None)
    zero = F.lit(0.0)
    potentials = known.select(
        F.lit(as_of).alias("as_of"), F.lit("main").alias("policy"), "item_id",
        (F.col("item") + 1).alias("audience_count"), F.lit(9.0).alias("audience_visits"),
        (F.col("item") / 1e5).alias("potential_responses"), zero.alias("received_exposures"),
        zero.alias("received_responses"), (F.col("item") / 1e5).alias("potential_gap"),
    )  # fmt: skip
    tables.replace(potentials, ITEM_POTENTIAL, None)
    shoppers = (
        spark.range(users).withColumnRenamed("id", "user").select(user.alias("user_id"), F.col("user").alias("n"))
    )
    for table, features, rows in (
        (USER_FEATURES_TABLE, USER_FEATURES, shoppers),
        (ITEM_FEATURES_TABLE, ITEM_FEATURES, known.withColumn("n", F.col("item"))),
    ):
        columns = [
            (F.array() if isinstance(feature.default, list | tuple) else F.lit(feature.default)).cast(feature.type)
            for feature in features
        ]
        columns = [
            _varied(feature.type.simpleString(), columns[place], place, night).cast(feature.type).alias(feature.name)
            for place, feature in enumerate(features)
        ]
        key = table.key[1]
        values = rows.select(F.lit(as_of).alias("as_of"), key, *columns)
        if "is_eligible" in values.columns:
            values = values.withColumn("is_eligible", F.lit(True))
        tables.replace(values, table, None)


def _varied(kind: str, default: Column, place: int, night: int) -> Column:
    """A value of a feature on a night: with probability .82 the usual one, so that two nights agree in .67."""
    usual, changed = {
        "double": (F.round(F.rand(2), 6), F.round(F.rand(100 * night + 3), 6)),
        "bigint": (F.col("n"), F.col("n") + night + 1),
    }.get(kind, (default, default))
    return F.when(F.rand(1_000 * night + place) < 0.82, usual).otherwise(changed)
