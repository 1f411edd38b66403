"""The plan of a night from its setting, in memory or by Spark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.execution.night import Night
from jobs.planning.by_spark import BySpark
from jobs.planning.inputs import Inputs, inputs_of
from jobs.planning.setting import Setting
from model.exposure.dual import Prices
from model.exposure.hashed_random import seeds_of
from model.exposure.list_candidates import kept_pairs
from model.exposure.passes import InMemory, shards_of
from model.exposure.plan import Plan, rounded_plan
from model.exposure.prices import Priced, priced, solution_at


@dataclass(frozen=True)
class Planned:
    """What was decided, and where it was solved: 'memory' or 'spark'."""

    inputs: Inputs
    made: Plan
    solved_in: str


def planned_night(night: Night, setting: Setting, warm: Prices | None) -> Planned:
    """Solves and rounds. With more than plan.driver_pairs scored pairs, prices are found by passes on the executors and
    only the pairs that the lists are made of come to the driver. Both ways find the same prices, keep the same pairs
    and so make the same lists, with the same propensities."""
    plan = setting.plan
    if setting.pairs.table is not None:
        every, where = inputs_of(setting, setting.pairs.table), "memory"
        found = priced(every.problem, InMemory(every.problem), plan.tolerance, plan.max_passes, warm)
        inputs = _with_kept_pairs(every, found)
    else:
        passes = BySpark(night.spark, setting)
        try:
            found = priced(passes.bounds, passes, plan.tolerance, plan.max_passes, warm)
            inputs, where = inputs_of(setting, passes.kept(found.price, found.gamma).toArrow()), "spark"
        finally:
            passes.close()
    solution = solution_at(inputs.problem, found)
    # The draws of two policies are independent, so that each can be evaluated from the log of the other.
    made = rounded_plan(
        inputs.problem,
        solution,
        plan.tolerance,
        user_seed=seeds_of(inputs.user_ids, night.conf.seed, night.as_of, plan.policy, "users"),
        item_seed=seeds_of(setting.item_ids, night.conf.seed, night.as_of, plan.policy, "items"),
    )
    return Planned(inputs, made, where)


def _with_kept_pairs(inputs: Inputs, found: Priced) -> Inputs:
    """Of shards, as the executors do it."""
    problem = inputs.problem
    kept = [kept_pairs(shard, found.price, found.gamma, problem.list_rules) for shard in shards_of(problem.pairs)]
    return inputs.only(np.concatenate(kept))
