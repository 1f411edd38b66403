"""Compares the first stage with MLlib and with plain numpy, and measures its memory when items are scored in parts.

python -m tests.benchmark.score [dense] [mllib] [parts]. `dense` and `parts` use one core, `mllib` the cores of
conf/spark-local.conf.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.build_candidates import candidates_of
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from jobs.retrieval.date_side import DateSide, channel_settings
from jobs.runtime.executor_files import ship_arrays
from jobs.tables.warehouse import Warehouse
from model.retrieval.candidates import top_candidates
from model.retrieval.channels import CHANNELS
from model.retrieval.first_stage import FirstStage
from tests.benchmark.synthetic_store import factors_alone, full_catalogue, shoppers_with
from tests.spark_session import ROOT, local_session

WIDTH, TOP, BLOCK = 64, 100, 64
USERS, ITEMS = 8_192, 50_000
NIGHT, CONF = date(2017, 12, 1), ROOT / "conf/local.yaml"


def main() -> None:
    """Runs the named parts, or all of them."""
    parts: dict[str, Callable[[], None]] = {"dense": dense, "mllib": mllib, "parts": in_parts}
    for name in sys.argv[1:] or parts:
        parts[name]()


def dense() -> None:
    """Times one channel of factors by the first stage, and numpy's product and selection alone."""
    generator = np.random.default_rng(1)
    items = generator.normal(size=(ITEMS, WIDTH)).astype(np.float32)
    users = generator.normal(size=(1_024, WIDTH)).astype(np.float32)
    catalogue, settings = factors_alone(items), channel_settings(load_config(CONF))
    people = [shoppers_with(users[begin : begin + BLOCK]) for begin in range(0, len(users), BLOCK)]
    first_stage = of_factors()

    def ours() -> None:
        for block in people:
            top_candidates(catalogue, block, settings, first_stage, TOP, exclude_bought=False)

    def plain(select: Callable[..., np.ndarray]) -> Callable[[], None]:
        def run() -> None:
            for block in people:
                select(block.als @ items.T, ITEMS - TOP, axis=1)

        return run

    durations: dict[str, list[float]] = {}
    for _ in range(3):
        for name, run in {
            "first stage": ours,
            "product and np.partition": plain(np.partition),
            "product and np.argpartition": plain(np.argpartition),
        }.items():
            durations.setdefault(name, []).append(seconds(run))
    pairs = len(users) * ITEMS
    best = {name: min(times) for name, times in durations.items()}
    for name, duration in best.items():
        print(
            f"{name}: {pairs / duration / 1e6:.0f} million pairs/s; the first stage is "
            f"{duration / best['first stage']:.2f} times as fast",
            flush=True,
        )


def mllib() -> None:
    """Times the lists of all shoppers by MLlib's recommendForAllUsers and build_candidates, from the same factors."""
    with tempfile.TemporaryDirectory() as folder, local_session(Path(folder)) as spark:
        model = fitted(spark)
        conf = load_config(CONF, [f"candidates.per_user={TOP}", "candidates.exclude_bought=false",
                                  "candidates.least_cold=0", f"warehouse={folder}/warehouse"])  # fmt: skip
        night = Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), Record())
        settings = channel_settings(conf)
        factors = model.itemFactors.orderBy("id").toPandas()
        catalogue = factors_alone(np.stack(list(factors.features)).astype(np.float32), factors.id.astype(str))
        frame = shopper_frame(model.userFactors).persist()
        frame.count()

        def ours() -> DataFrame:
            shipped = ship_arrays(spark, catalogue.to_arrays())
            side = DateSide(NIGHT, shipped, catalogue.item_ids, frame, settings, ())
            return candidates_of(night, side, of_factors())

        def theirs() -> DataFrame:
            return model.recommendForAllUsers(TOP)

        pairs = frame.count() * len(catalogue.item_ids)
        durations = {}
        for name, lists in {"MLlib": theirs, "build_candidates": ours, "MLlib again": theirs,
                            "build_candidates again": ours}.items():  # fmt: skip
            durations[name] = seconds(lambda lists=lists: lists().write.format("noop").mode("overwrite").save())
            print(f"{name}: {durations[name]:.1f} s, {pairs / durations[name] / 1e6:.0f} million pairs/s", flush=True)
        ratio = durations["MLlib again"] / durations["build_candidates again"]
        print(f"{ratio:.1f} times; {equal_lists(theirs(), ours())}")


def in_parts() -> None:
    """Measures all channels over many items: pairs a second and memory, for parts of several sizes."""
    first_stage, settings = of_all_channels(), channel_settings(load_config(CONF))
    items = 400_000
    catalogue, people = full_catalogue(items, people=BLOCK)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for at_once in (50_000, 100_000, 200_000, items):
        duration = seconds(lambda at_once=at_once: top_candidates(
            catalogue, people, settings, first_stage, 400, True, 20, at_once
        ))  # fmt: skip
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
        print(
            f"{items:,} items, {len(CHANNELS)} channels, {BLOCK} shoppers, {at_once:,} items at once: "
            f"{BLOCK * items / duration / 1e6:.1f} million pairs/s; {grown:.2f} GiB in addition to the catalogue",
            flush=True,
        )


def seconds(run: Callable[[], object]) -> float:
    """Seconds of the call."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def of_factors() -> FirstStage:
    """A first stage whose score is the product of the factors."""
    zero = np.zeros(1)
    return FirstStage("benchmark", ("als",), zero, np.array([16.0]), zero, np.array([16.0, 0.0, 0.0]), bias=0.0)


def of_all_channels() -> FirstStage:
    """All channels with weights of every kind."""
    k = len(CHANNELS)
    weights = np.random.default_rng(2).normal(size=3 * k)
    return FirstStage("benchmark", tuple(CHANNELS), np.zeros(k), np.ones(k), np.zeros(k), weights, bias=0.0)


def fitted(spark: SparkSession) -> ALSModel:
    """A model after one iteration of ALS: the values of the factors do not affect the time."""
    generator = np.random.default_rng(3)
    user = np.repeat(np.arange(USERS), 20)
    item = np.concatenate([np.arange(ITEMS), generator.integers(0, ITEMS, len(user) - ITEMS)])
    ratings = spark.createDataFrame(pd.DataFrame({"user": user, "item": item, "rating": generator.random(len(user))}))
    return ALS(rank=WIDTH, maxIter=1, userCol="user", itemCol="item", seed=1).fit(ratings)


def shopper_frame(factors: DataFrame) -> DataFrame:
    """Shoppers with factors only, in the columns of `features.collaborative.purchases.shopper_arrays`."""
    return factors.select(
        F.col("id").cast("string").alias("user_id"),
        F.floor(F.col("id") / BLOCK).cast("int").alias("block"),
        F.array().cast("array<int>").alias("items"),
        F.array().cast("array<float>").alias("days"),
        F.array().cast("array<int>").alias("stores"),
        F.col("features").alias("factors"),
        F.lit(None).cast("array<float>").alias("text"),
    )


def equal_lists(theirs: DataFrame, ours: DataFrame) -> str:
    """The share of entries that are in both; raises AssertionError if scores differ by more than rounding."""
    entries = theirs.select(F.col("user").cast("string").alias("user_id"), F.explode("recommendations").alias("r"))
    entries = entries.select(
        "user_id", F.col("r.item").cast("string").alias("item_id"), F.col("r.rating").alias("theirs")
    )
    both = entries.join(ours, on=["user_id", "item_id"], how="full").toPandas()
    shared = both.dropna()
    np.testing.assert_allclose(shared.theirs, shared.first_stage_score, atol=1e-4)
    return f"{len(shared) / (len(both) + len(shared)) * 2:.3%} of the entries are the same in both"


if __name__ == "__main__":
    main()
