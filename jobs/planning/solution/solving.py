"""The lists of a night from its problem, solved in memory or by Spark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from jobs.execution.night import Night
from jobs.planning.candidates.pairs import Candidates
from jobs.planning.context_pairs import places, sorted_pairs
from jobs.planning.entries.reasons import Words
from jobs.planning.entries.rows import DRAW_SCHEMA, LIST_SCHEMA, draw_rows, list_rows
from jobs.planning.problem import PlanProblem
from jobs.planning.solution.by_spark import BySpark
from jobs.planning.solution.lists_by_spark import ListsBySpark
from model.exposure.dual import Prices
from model.exposure.group_prices import prices_at_floors
from model.exposure.hashed_random import seeds_of
from model.exposure.list_candidates import kept_pairs
from model.exposure.list_prices import undithered
from model.exposure.passes import InMemory, shards_of
from model.exposure.plan import Plan, plan_at, rounded_shards
from model.exposure.prices import Priced, credits_draw, priced, priced_with_draw, solution_at
from model.exposure.problem import Problem

WordsOf = Callable[[Problem, Priced], Words]


class Counts(NamedTuple):
    """Pairs that the lists were chosen from, users with a list, entries of all lists, and swaps among them."""

    pairs: int
    users: int
    entries: int
    swaps: int


@dataclass(frozen=True)
class Solved:
    """A night's plan and its lists.

    bounds: the problem without its pairs
    lists: LIST_SCHEMA, one row an entry; they stay with Spark until `close`
    draws: DRAW_SCHEMA, the record of the exploration's draws, which stays there too; without rows if none is asked for
    solved_in: 'memory' or 'spark'
    """

    bounds: Problem
    plan: Plan
    lists: DataFrame
    draws: DataFrame
    counts: Counts
    solved_in: str
    close: Callable[[], None]


def solve_plan(
    night: Night, problem: PlanProblem, candidates: Candidates, warm: Prices | None, words_of: WordsOf
) -> Solved:
    """Finds the prices, rounds the plan to lists shard by shard and draws the exploration.

    With more than plan.driver_pairs scored pairs, all of it happens on the executors. Both ways run the same functions
    over the same shards, so they find the same prices and make the same lists with the same propensities.

    warm: prices to start from; words_of: what the lists are written with at their prices
    """
    # The draws of two policies are independent, so that each can be evaluated from the log of the other.
    seed = (night.conf.seed, night.as_of, night.conf.plan.policy)
    if candidates.table is not None:
        return _in_memory(night, problem, candidates.table, warm, words_of, seed)
    return _by_spark(night, problem, candidates.frame, warm, words_of, seed)


def _in_memory(
    night: Night,
    problem: PlanProblem,
    table: pa.Table,
    warm: Prices | None,
    words_of: WordsOf,
    seed: tuple[object, ...],
) -> Solved:
    plan, shards = night.conf.plan, problem.contexts.shards
    shard = np.mod(table["place"].to_numpy(), shards)
    all_pairs, shard_of = sorted_pairs(table, places(table["item_id"], problem.item_ids), shard)
    starts = np.searchsorted(shard_of, np.arange(shards + 1))
    everything = problem.of_pairs(all_pairs)
    relaxed = priced(everything, InMemory(everything, starts), plan.tolerance, plan.max_passes, warm)
    listable = [kept_pairs(of_shard, relaxed.price, relaxed.gamma) for of_shard in shards_of(everything.pairs, starts)]
    pairs = all_pairs.only(np.concatenate(listable))
    listed = problem.of_pairs(pairs)
    solution = solution_at(listed, relaxed, starts)
    user_seed, item_seed = seeds_of(pairs.context_ids, *seed, "users"), seeds_of(problem.item_ids, *seed, "items")
    rounded, parts = rounded_shards(listed, solution, plan.tolerance, user_seed, item_seed, starts)
    words = words_of(listed, rounded.solution)
    rows = [
        list_rows(words, pairs.part(begin, end), part.problem, entries, part.planned)
        for (begin, end), (part, entries) in zip(pairwise(starts.tolist()), parts, strict=True)
    ]
    draws = [
        draw_rows(problem.item_ids, pairs.part(begin, end), entries.draws)
        for (begin, end), (_, entries) in zip(pairwise(starts.tolist()), parts, strict=True)
    ]
    lists, drawn = _frame(night, rows, LIST_SCHEMA), _frame(night, draws, DRAW_SCHEMA)
    counts = Counts(
        len(pairs.item),
        sum(entries.users for _, entries in parts),
        sum(len(entries.pair) for _, entries in parts),
        sum(entries.swaps for _, entries in parts),
    )
    return Solved(problem.bounds(), rounded, lists, drawn, counts, "memory", lambda: None)


def _frame(night: Night, rows: list[pa.StructArray], schema: str) -> DataFrame:
    # One chunk: Spark stops reading a partition at a batch without rows, and a shard may have none.
    table = pa.Table.from_struct_array(pa.chunked_array(rows)).combine_chunks()
    return night.spark.createDataFrame(table, schema)


def _by_spark(
    night: Night,
    problem: PlanProblem,
    frame: DataFrame,
    warm: Prices | None,
    words_of: WordsOf,
    seed: tuple[object, ...],
) -> Solved:
    plan, bounds = night.conf.plan, problem.bounds()
    passes = BySpark(night.spark, problem, frame)
    relaxed = priced(bounds, passes, plan.tolerance, plan.max_passes, warm)
    lists = ListsBySpark(passes, relaxed, seed)
    if credits_draw(bounds, relaxed):
        drawn = lists.trial(undithered(relaxed.price)).drawn
        relaxed = priced_with_draw(bounds, lists.passes, relaxed, drawn, plan.tolerance)
        lists.replan(relaxed)
    moved, price, trial = prices_at_floors(bounds, relaxed, lists.trial)
    delivered, counts = lists.finish(price, trial, words_of(bounds, moved))
    plan_of_night = plan_at(bounds, moved, *delivered, plan.tolerance)
    return Solved(bounds, plan_of_night, lists.rows, lists.draws, Counts(*counts), "spark", lists.close)
