"""Passes of the plan over pairs that stay on the executors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.planning.context_pairs import sorted_pairs
from jobs.planning.problem import PlanProblem
from jobs.planning.solution.packed_shards import PACKED, numbers, packed, unpacked
from model.exposure.facts import Facts, facts_of, total_facts
from model.exposure.passes import shards_a_stretch
from model.exposure.user_block import Use, UserPairs, blocks_of, total_use, use_of

_USE = "stretch int, used binary, curvature binary, response double, upper double"
_FACTS = (
    "stretch int, offered binary, of_group binary, supply double, pairs long, "
    "total double, square double, largest double, busiest double"
)


class BySpark:
    """Passes over shards that lie packed on the executors, one row a shard; `close` frees them.

    The executors add up the shards of a stretch, and the driver the stretches, at most MOST_STRETCHES rows. Both add in
    the order of the shards, so results equal those of `InMemory` to the last digit.
    """

    def __init__(self, spark: SparkSession, problem: PlanProblem, pairs: DataFrame) -> None:
        """pairs: user_id, item_id, relevance, cause, visits, place (a 64-bit hash of user_id), and counted where it is
        not the relevance."""
        self.spark = spark
        self.stretch = shards_a_stretch(problem.contexts.shards)
        # What all functions on the executors need; it goes there once.
        self.problem = spark.sparkContext.broadcast((problem, problem.bounds()))
        self.packed = self._packed(problem, pairs).persist()
        self.facts = self._facts()

    def over(self, kept: DataFrame) -> BySpark:
        """Passes over some pairs of every shard, with the facts of all pairs. kept: in the columns of PACKED"""
        passes = copy(self)
        passes.packed = kept
        return passes

    def close(self) -> None:
        """Frees the shards on the executors."""
        self.packed.unpersist()

    def use(self, price: np.ndarray, gamma: float) -> Use:
        """What all users take at these prices, by one pass over the executors."""
        items = len(price)
        shared = self.spark.sparkContext.broadcast(price)

        def pass_over(shards: Iterator[UserPairs]) -> dict[str, object]:
            use = total_use((use_of(blocks_of(shard), shared.value, gamma) for shard in shards), items)
            return {
                "used": use.used.tobytes(),
                "curvature": use.curvature.tobytes(),
                "response": use.response,
                "upper": use.upper,
            }

        rows = self._by_stretch(pass_over, _USE)
        shared.destroy()
        return total_use(
            (Use(np.frombuffer(r["used"]), np.frombuffer(r["curvature"]), r["response"], r["upper"]) for r in rows),
            items,
        )

    def _packed(self, problem: PlanProblem, pairs: DataFrame) -> DataFrame:
        stretch, shards = self.stretch, problem.contexts.shards
        items = pd.DataFrame({"item_id": problem.item_ids, "item": np.arange(len(problem.item_ids), dtype=np.int32)})
        shard = F.pmod("place", F.lit(shards)).cast("int")
        rows = pairs.join(F.broadcast(self.spark.createDataFrame(items)), on="item_id", how="inner").select(
            F.floor(shard / stretch).cast("int").alias("stretch"),
            shard.alias("shard"),
            "user_id",
            F.col("item").cast("int").alias("item"),
            "relevance",
            *(["counted"] if "counted" in pairs.columns else []),
            "cause",
            "visits",
        )

        def pack(of_shard: pa.Table) -> pa.Table:
            number = of_shard["shard"][0].as_py()
            item = of_shard["item"].to_numpy()
            return packed(number, sorted_pairs(of_shard, item, np.zeros(len(item), dtype=np.int64))[0])

        # All shards of a stretch lie in one partition, in order.
        stretches = -(-shards // stretch)
        return rows.repartition(stretches, "stretch").groupBy("stretch", "shard").applyInArrow(pack, PACKED)

    def _facts(self) -> Facts:
        problem = self.problem

        def facts(shards: Iterator[UserPairs]) -> dict[str, object]:
            bounds = problem.value[1]
            of_shards = (facts_of(shard, bounds.membership) for shard in shards)
            total = total_facts(of_shards, bounds.items, len(bounds.groups))
            return {
                "offered": total.offered.tobytes(),
                "of_group": total.of_group.tobytes(),
                "supply": total.supply,
                "pairs": total.pairs,
                "total": total.total,
                "square": total.square,
                "largest": total.largest,
                "busiest": total.busiest,
            }

        rows = self._by_stretch(facts, _FACTS)
        bounds = problem.value[1]
        return total_facts(
            (
                Facts(
                    np.frombuffer(r["offered"]),
                    np.frombuffer(r["of_group"]),
                    r["supply"],
                    r["pairs"],
                    r["total"],
                    r["square"],
                    r["largest"],
                    r["busiest"],
                )
                for r in rows
            ),
            bounds.items,
            len(bounds.groups),
        )

    def _by_stretch(self, of_shards: Callable[[Iterator[UserPairs]], dict[str, object]], schema: str) -> list[Any]:
        problem = self.problem

        def of_stretch(_: int, rows: Iterator[dict[str, Any]]) -> dict[str, object]:
            plan, bounds = problem.value
            return of_shards(_user_pairs(plan, bounds, row) for row in rows)

        columns = self.packed.select("shard", "start", "item", "relevance", "counted", "visits")
        return by_stretch(columns, self.stretch, of_stretch, schema)


def _user_pairs(plan: PlanProblem, bounds: Any, row: dict[str, Any]) -> UserPairs:
    start, item, planned, visits = numbers(row)
    delivery = visits * bounds.position_weights[: bounds.slots].mean()
    value = plan.value_of(item, planned)
    return UserPairs(start, item, value, delivery, bounds.slots, bounds.list_rules)


def by_stretch(
    shards: DataFrame, size: int, of_stretch: Callable[[int, Iterator[dict[str, Any]]], dict[str, object]], schema: str
) -> list[Any]:
    """A row of every stretch, in their order: what a function makes of the rows of its shards.

    size: number of shards in a stretch; schema: stretch int, and what the function returns
    """
    arrow = _arrow_schema(schema)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for number, stretch in stretches_in(batches, size):
            yield pa.RecordBatch.from_pylist([{"stretch": number, **of_stretch(number, stretch)}], schema=arrow)

    rows = sorted(shards.mapInArrow(run, schema).collect(), key=lambda row: row["stretch"])
    # Sums depend on all shards of a stretch lying together.
    assert len({row["stretch"] for row in rows}) == len(rows), "the shards of a stretch lie in several partitions"
    return rows


def stretches_in(batches: Iterator[pa.RecordBatch], size: int) -> Iterator[tuple[int, Iterator[dict[str, Any]]]]:
    """The rows of every stretch of a partition, with the number of the stretch."""
    yield from groupby(unpacked(batches), key=lambda row: row["shard"] // size)


def _arrow_schema(schema: str) -> pa.Schema:
    kinds = {"int": pa.int32(), "long": pa.int64(), "double": pa.float64(), "binary": pa.binary()}
    return pa.schema([(name, kinds[kind]) for name, kind in (field.split() for field in schema.split(", "))])
