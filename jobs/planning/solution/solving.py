"""The lists of a night from its problem, solved in memory or by Spark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.execution.night import Night
from jobs.planning.candidates.pairs import Candidates
from jobs.planning.problem import Pairs, PlanProblem
from jobs.planning.solution.by_spark import BySpark
from model.exposure.dual import Prices
from model.exposure.hashed_random import seeds_of
from model.exposure.list_candidates import kept_pairs
from model.exposure.passes import InMemory, shards_of
from model.exposure.plan import Plan, rounded_plan
from model.exposure.prices import Priced, priced, solution_at


@dataclass(frozen=True)
class Solved:
    """The plan, the contexts and pairs that its numbers refer to, and where it was solved: 'memory' or 'spark'."""

    context_ids: np.ndarray
    pairs: Pairs
    plan: Plan
    solved_in: str


def solve_plan(night: Night, problem: PlanProblem, candidates: Candidates, warm: Prices | None) -> Solved:
    """Finds the prices, rounds the plan to lists and draws the exploration.

    With more than plan.driver_pairs scored pairs, passes on the executors find the prices, and only the pairs that the
    lists are made of come to the driver. Both ways find the same prices and keep the same pairs, so they make the same
    lists with the same propensities. warm: prices to start from
    """
    plan = night.conf.plan
    if candidates.table is not None:
        all_pairs, solved_in = problem.with_pairs(candidates.table), "memory"
        relaxed = priced(all_pairs.problem, InMemory(all_pairs.problem), plan.tolerance, plan.max_passes, warm)
        pairs = _kept(all_pairs, relaxed)
    else:
        passes = BySpark(night.spark, problem, candidates.frame)
        try:
            relaxed = priced(passes.bounds, passes, plan.tolerance, plan.max_passes, warm)
            pairs, solved_in = problem.with_pairs(passes.kept(relaxed.price, relaxed.gamma).toArrow()), "spark"
        finally:
            passes.close()
    # The draws of two policies are independent, so that each can be evaluated from the log of the other.
    seed = (night.conf.seed, night.as_of, plan.policy)
    lists = rounded_plan(
        pairs.problem,
        solution_at(pairs.problem, relaxed),
        plan.tolerance,
        user_seed=seeds_of(problem.contexts.ids, *seed, "users"),
        item_seed=seeds_of(problem.item_ids, *seed, "items"),
    )
    return Solved(problem.contexts.ids, pairs, lists, solved_in)


def _kept(pairs: Pairs, relaxed: Priced) -> Pairs:
    """The pairs that the lists are made of, chosen shard by shard as on the executors."""
    problem = pairs.problem
    of_shards = [kept_pairs(shard, relaxed.price, relaxed.gamma) for shard in shards_of(problem.pairs)]
    return pairs.only(np.concatenate(of_shards))
