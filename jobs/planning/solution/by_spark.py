"""Passes of the plan over pairs that stay on the executors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy.sparse import csr_array

from jobs.planning.problem import PlanProblem
from model.exposure.facts import Facts, facts_of, total_facts
from model.exposure.list_candidates import kept_pairs
from model.exposure.list_rules import ListRules
from model.exposure.passes import SHARD_USERS, shards_a_stretch
from model.exposure.problem import Problem
from model.exposure.user_block import Use, UserPairs, blocks_of, total_use, use_of

_PACKED = "shard int, user_start binary, item binary, value binary, delivery binary"
_USE = "stretch int, used binary, curvature binary, response double, upper double"
_FACTS = (
    "stretch int, offered binary, of_group binary, supply double, pairs long, "
    "total double, square double, largest double"
)
_KEPT = "user int, item int"


class BySpark:
    """Passes over shards that lie packed on the executors, one row a shard; `close` frees them.

    The executors add up the shards of a stretch, and the driver the stretches, at most MOST_STRETCHES rows. Both add in
    the order of the users, so results equal those of `InMemory` to the last digit.
    """

    def __init__(
        self, spark: SparkSession, problem: PlanProblem, pairs: DataFrame, shard_users: int = SHARD_USERS
    ) -> None:
        """pairs: user_id, item_id, relevance, cause; shard_users: contexts of a shard."""
        self.spark, self.problem, self.pairs, self.shard_users = spark, problem, pairs, shard_users
        self.bounds: Problem = problem.without_pairs()
        self.stretch = shards_a_stretch(len(problem.contexts.ids), shard_users)
        self.packed = self._packed().persist()
        self.facts = self._facts()

    def close(self) -> None:
        """Frees the shards on the executors."""
        self.packed.unpersist()

    def use(self, price: np.ndarray, gamma: float) -> Use:
        """What all users take at these prices, by one pass over the executors."""
        items = self.bounds.items
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

    def kept(self, price: np.ndarray, gamma: float) -> DataFrame:
        """user_id, item_id, relevance, cause of the pairs that the integral lists may need."""

        def best(shard: UserPairs, first_user: int) -> pa.RecordBatch:
            keep = kept_pairs(shard, price, gamma)
            users = np.repeat(np.arange(len(shard.delivery)), np.diff(shard.user_start))[keep] + first_user
            return pa.record_batch(
                {"user": pa.array(users, pa.int32()), "item": pa.array(shard.item_index[keep], pa.int32())}
            )

        slots, list_rules, shard_users = self.bounds.slots, self.bounds.list_rules, self.shard_users

        def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for number, shard in _unpacked(batches, slots, list_rules):
                yield best(shard, number * shard_users)

        numbers = self.packed.mapInArrow(run, _KEPT)
        names = numbers.join(F.broadcast(self._numbered("user", self.problem.contexts.ids)), on="user", how="inner")
        names = names.join(F.broadcast(self._numbered("item", self.problem.item_ids)), on="item", how="inner")
        chosen = names.select("user_id", "item_id")
        return self.pairs.join(chosen, on=["user_id", "item_id"], how="left_semi")

    def _packed(self) -> DataFrame:
        problem, shard_users = self.problem, self.shard_users
        items = pd.DataFrame({"item_id": problem.item_ids, **problem.value._asdict()})
        items["item"] = np.arange(len(items), dtype=np.int32)
        users = self._numbered("user", problem.contexts.ids)
        pairs = self.pairs.join(F.broadcast(users), on="user_id", how="inner")
        pairs = pairs.join(F.broadcast(self.spark.createDataFrame(items)), on="item_id", how="inner").select(
            F.floor(F.col("user") / (shard_users * self.stretch)).cast("int").alias("stretch"),
            F.floor(F.col("user") / shard_users).cast("int").alias("shard"),
            "user",
            F.col("item").cast("int").alias("item"),
            (F.col("relevance") * F.col("factor") + F.col("addend")).alias("value"),
        )
        delivery = self.spark.sparkContext.broadcast(self.bounds.delivery)
        stretches = -(-len(problem.contexts.ids) // (shard_users * self.stretch))

        def packed(rows: pa.Table) -> pa.Table:
            number = rows["shard"][0].as_py()
            first = number * shard_users
            of_shard = delivery.value[first : first + shard_users]
            user, item = rows["user"].to_numpy() - first, rows["item"].to_numpy()
            order = np.lexsort((item, user))
            start = np.searchsorted(user[order], np.arange(len(of_shard) + 1))
            return pa.table(
                {
                    "shard": pa.array([number], pa.int32()),
                    "user_start": [start.astype(np.int64).tobytes()],
                    "item": [item[order].astype(np.int32).tobytes()],
                    "value": [rows["value"].to_numpy()[order].tobytes()],
                    "delivery": [of_shard.tobytes()],
                }
            )

        # All shards of a stretch lie in one partition, in order.
        return pairs.repartition(stretches, "stretch").groupBy("stretch", "shard").applyInArrow(packed, _PACKED)

    def _facts(self) -> Facts:
        member = self.bounds.membership
        shared = self.spark.sparkContext.broadcast((member.data, member.indices, member.indptr, member.shape))
        items, groups = self.bounds.items, len(self.bounds.groups)

        def facts(shards: Iterator[UserPairs]) -> dict[str, object]:
            data, indices, indptr, shape = shared.value
            membership = csr_array((data, indices, indptr), shape=shape)
            total = total_facts((facts_of(shard, membership) for shard in shards), items, groups)
            return {
                "offered": total.offered.tobytes(),
                "of_group": total.of_group.tobytes(),
                "supply": total.supply,
                "pairs": total.pairs,
                "total": total.total,
                "square": total.square,
                "largest": total.largest,
            }

        rows = self._by_stretch(facts, _FACTS)
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
                )
                for r in rows
            ),
            items,
            groups,
        )

    def _by_stretch(self, of_shards: Callable[[Iterator[UserPairs]], dict[str, object]], schema: str) -> list:
        """Rows of a function over the shards of every stretch, in the order of the stretches."""
        slots, list_rules, size = self.bounds.slots, self.bounds.list_rules, self.stretch

        def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            shards = _unpacked(batches, slots, list_rules)
            for number, stretch in groupby(shards, key=lambda numbered: numbered[0] // size):
                row = {"stretch": number, **of_shards(shard for _, shard in stretch)}
                yield pa.RecordBatch.from_pylist([row], schema=arrow)

        arrow = _arrow_schema(schema)
        rows = sorted(self.packed.mapInArrow(run, schema).collect(), key=lambda row: row["stretch"])
        # Sums depend on all shards of a stretch lying together.
        assert len({row["stretch"] for row in rows}) == len(rows), "the shards of a stretch lie in several partitions"
        return rows

    def _numbered(self, name: str, ids: np.ndarray) -> DataFrame:
        return self.spark.createDataFrame(pd.DataFrame({f"{name}_id": ids, name: np.arange(len(ids), dtype=np.int32)}))


def _unpacked(batches: Iterator[pa.RecordBatch], slots: int, list_rules: ListRules) -> Iterator[tuple[int, UserPairs]]:
    for batch in batches:
        for row in batch.to_pylist():
            yield (
                row["shard"],
                UserPairs(
                    np.frombuffer(row["user_start"], dtype=np.int64),
                    np.frombuffer(row["item"], dtype=np.int32),
                    np.frombuffer(row["value"], dtype=np.float64),
                    np.frombuffer(row["delivery"], dtype=np.float64),
                    slots,
                    list_rules,
                ),
            )


def _arrow_schema(schema: str) -> pa.Schema:
    kinds = {"int": pa.int32(), "long": pa.int64(), "double": pa.float64(), "binary": pa.binary()}
    return pa.schema([(name, kinds[kind]) for name, kind in (field.split() for field in schema.split(", "))])
