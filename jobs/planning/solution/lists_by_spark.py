"""Lists rounded shard by shard on the executors, where they stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from jobs.planning.context_pairs import Pairs
from jobs.planning.entries.reasons import Words
from jobs.planning.entries.rows import DRAW_COLUMNS, DRAW_SCHEMA, LIST_COLUMNS, LIST_SCHEMA, draw_rows, list_rows
from jobs.planning.problem import PlanProblem
from jobs.planning.solution.by_spark import BySpark, by_stretch, stretches_in
from jobs.planning.solution.packed_shards import PACKED, packed_columns, pairs_of, unpacked
from model.exposure.budgeted_shards import Budgets, RelaxedShard, demand_of_stretch
from model.exposure.budgets import Running, nothing
from model.exposure.group_prices import Trial, total_trial
from model.exposure.hashed_random import seeds_of
from model.exposure.list_candidates import kept_pairs
from model.exposure.list_prices import ListPrices
from model.exposure.passes import relaxed_plan
from model.exposure.plan import total_delivered
from model.exposure.prices import Priced
from model.exposure.user_block import blocks_of

_KEPT = f"{PACKED}, planned binary, threshold binary"
_DEMAND = "stretch int, used binary, offered binary"
_TRIAL = "stretch int, delivered binary, drawn binary, value double"
_DELIVERED = ("delivered", "expected")
_COUNTS = ("pairs", "users", "entries", "swaps")
_SUMS = ", ".join([f"{name} binary" for name in _DELIVERED] + [f"{name} long" for name in _COUNTS])


def _rows_of(schema: str) -> str:
    return f"array<struct<{', '.join(':'.join(column.split()) for column in schema.split(', '))}>>"


_LISTS = f"shard int, {_SUMS}, lists {_rows_of(LIST_SCHEMA)}, draws {_rows_of(DRAW_SCHEMA)}"


class ListsBySpark:
    """Rounds the pairs that the lists may need, one row a shard, after the passes have found the prices.

    The driver adds up stretches of shards, and gives each stretch the sums of those before it; all else happens to a
    shard alone. So lists equal those of `RoundingInMemory`, and a lost shard is computed again with the same lists.
    """

    def __init__(self, passes: BySpark, relaxed: Priced, seed: tuple[object, ...]) -> None:
        """passes: their shards are freed here; seed: of all draws and ties"""
        self.spark, self.problem, self.stretch = passes.spark, passes.problem, passes.stretch
        self.seed, self.items = seed, self.problem.value[1].items
        self.kept = passes.packed.mapInArrow(_keeping(self.problem, relaxed.price, relaxed.gamma), _KEPT).persist()
        self.budgets = self._budgets(relaxed)
        passes.close()
        self.passes = passes.over(self.kept.drop("planned", "threshold"))

    def replan(self, relaxed: Priced) -> None:
        """Takes another relaxed plan of the same pairs as the one to round."""
        before = self.kept
        self.kept = before.mapInArrow(_planning(self.problem, relaxed.price, relaxed.gamma), _KEPT).persist()
        self.budgets = self._budgets(relaxed)
        before.unpersist()

    def trial(self, price: ListPrices, with_draw: bool = True) -> Trial:
        """What the lists deliver that are rounded at these prices.

        with_draw: looks at the draw next to them
        """
        problem, budgets, seed, items = self.problem, self.budgets, self.seed, self.items
        shared = self.spark.sparkContext.broadcast(price)

        def of_stretch(number: int, rows: Iterator[dict[str, Any]]) -> dict[str, object]:
            trial = budgets.value.trial(number, _relaxed(rows, problem.value[0], seed), shared.value, with_draw)
            return {
                "delivered": trial.delivered.tobytes(),
                "drawn": trial.drawn.tobytes(),
                "value": trial.value,
            }

        rows = by_stretch(self.kept, self.stretch, of_stretch, _TRIAL)
        shared.destroy()
        trials = (Trial(np.frombuffer(r["delivered"]), np.frombuffer(r["drawn"]), r["value"]) for r in rows)
        return total_trial(trials, items)

    def finish(
        self, price: ListPrices, trial: Trial, words: Words
    ) -> tuple[tuple[np.ndarray, np.ndarray], tuple[int, ...]]:
        """Makes the lists; returns what they deliver as drawn and over all outcomes of the draw, float64 (items) each,
        and their pairs, users, entries and swaps.

        trial: what the lists deliver at the same prices before repair and exploration
        """
        shared = self.spark.sparkContext.broadcast((price, trial, words))
        run = _finishing(self.problem, self.budgets, shared, self.seed, self.stretch)
        self.finished = self.kept.mapInArrow(run, _LISTS).persist()
        self.rows, self.draws = (self.finished.select(F.inline(name)) for name in ("lists", "draws"))
        stretch, items = self.stretch, self.items

        def sums(number: int, rows: Iterator[dict[str, Any]]) -> dict[str, object]:
            known = list(rows)
            delivered = {name: _total(known, name, items).tobytes() for name in _DELIVERED}
            return {**delivered, **{name: sum(row[name] for row in known) for name in _COUNTS}}

        rows = by_stretch(self.finished.drop("lists", "draws"), stretch, sums, f"stretch int, {_SUMS}")
        delivered, expected = (_total(rows, name, items) for name in _DELIVERED)
        return (delivered, expected), tuple(sum(row[name] for row in rows) for name in _COUNTS)

    def close(self) -> None:
        """Frees the lists on the executors."""
        self.finished.unpersist()
        self.kept.unpersist()

    def _budgets(self, relaxed: Priced) -> Any:
        """A broadcast of the budgets of the stretches."""
        plan, bounds = self.problem.value
        item_seed = seeds_of(plan.item_ids, *self.seed, "items")
        budgets = Budgets(bounds, relaxed, self._demands(), plan.contexts.shards, item_seed)
        return self.spark.sparkContext.broadcast(budgets)

    def _demands(self) -> list[Running]:
        problem, seed, items = self.problem, self.seed, self.items

        def demand(_: int, rows: Iterator[dict[str, Any]]) -> dict[str, object]:
            parts = _relaxed(rows, problem.value[0], seed)
            total = demand_of_stretch(parts, items)
            return {"used": total.used.tobytes(), "offered": total.offered.tobytes()}

        rows = by_stretch(self.kept, self.stretch, demand, _DEMAND)
        known = {row["stretch"]: Running(np.frombuffer(row["used"]), np.frombuffer(row["offered"])) for row in rows}
        stretches = -(-problem.value[0].contexts.shards // self.stretch)
        # No context may lie in a stretch of a small store.
        return [known.get(number, nothing(items)) for number in range(stretches)]


def _total(rows: list[Any], name: str, items: int) -> np.ndarray:
    return total_delivered((np.frombuffer(row[name]) for row in rows), items)


def _keeping(problem: Any, price: np.ndarray, gamma: float) -> Any:
    """A function of batches of packed shards that keeps the pairs that lists may need, with the relaxed plan."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        plan, _ = problem.value
        for row in unpacked(batches):
            pairs = pairs_of(row)
            listable = pairs.only(kept_pairs(plan.of_pairs(pairs).pairs, price, gamma))
            yield _with_plan(row["shard"], listable, plan, price, gamma)

    return run


def _planning(problem: Any, price: np.ndarray, gamma: float) -> Any:
    """A function of batches of packed shards that adds the relaxed plan of their pairs."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        plan, _ = problem.value
        for row in unpacked(batches):
            yield _with_plan(row["shard"], pairs_of(row), plan, price, gamma)

    return run


def _with_plan(number: int, pairs: Pairs, plan: PlanProblem, price: np.ndarray, gamma: float) -> pa.RecordBatch:
    shard = plan.of_pairs(pairs).pairs
    planned, threshold = relaxed_plan(blocks_of(shard), len(shard.delivery), price, gamma)
    columns = packed_columns(number, pairs)
    columns["planned"] = pa.array([planned.tobytes()], pa.binary())
    columns["threshold"] = pa.array([threshold.tobytes()], pa.binary())
    return pa.RecordBatch.from_pydict(columns)


@dataclass(frozen=True)
class _KeptShard(RelaxedShard):
    """A shard with the names of its contexts and the causes of its pairs."""

    pairs: Pairs


def _relaxed(rows: Iterable[dict[str, Any]], plan: PlanProblem, seed: tuple[object, ...]) -> Iterator[_KeptShard]:
    for row in rows:
        pairs = pairs_of(row)
        yield _KeptShard(
            row["shard"],
            plan.of_pairs(pairs),
            np.frombuffer(row["planned"]),
            np.frombuffer(row["threshold"]),
            seeds_of(pairs.context_ids, *seed, "users"),
            pairs,
        )


def _finishing(problem: Any, budgets: Any, shared: Any, seed: tuple[object, ...], size: int) -> Any:
    """A function of batches of kept shards that makes the row of every shard's lists."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        price, trial, words = shared.value
        for number, rows in stretches_in(batches, size):
            shards = _relaxed(rows, problem.value[0], seed)
            for part, entries in budgets.value.entries(number, shards, price, trial):
                pairs = part.pairs
                lists = list_rows(words, pairs, part.problem, entries, part.planned)
                draws = draw_rows(words.item_ids, pairs, entries.draws)
                counts = (len(pairs.item), entries.users, len(entries.pair), entries.swaps)
                yield pa.RecordBatch.from_pydict(
                    {
                        "shard": pa.array([part.number], pa.int32()),
                        "delivered": pa.array([entries.delivered(part.problem).tobytes()], pa.binary()),
                        "expected": pa.array([entries.expected.tobytes()], pa.binary()),
                        **{name: pa.array([count]) for name, count in zip(_COUNTS, counts, strict=True)},
                        "lists": _in_one_row(lists, LIST_COLUMNS),
                        "draws": _in_one_row(draws, DRAW_COLUMNS),
                    }
                )

    return run


def _in_one_row(rows: pa.StructArray, columns: dict[str, pa.DataType]) -> pa.ListArray:
    offsets = pa.array([0, len(rows)], pa.int32())
    return pa.ListArray.from_arrays(offsets, rows, type=pa.list_(pa.struct(list(columns.items()))))
