"""The plan of a night from its setting, in memory or by Spark."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.planning.by_spark import BySpark
from jobs.planning.inputs import Inputs, inputs_of
from jobs.planning.setting import Setting
from jobs.runtime.night import Night
from model.exposure.chance import seeds_of
from model.exposure.dual import Prices
from model.exposure.plan import Plan, rounded_plan
from model.exposure.prices import priced, solution_at, solve


@dataclass(frozen=True)
class Planned:
    """What was decided, and where it was solved: 'memory' or 'spark'."""

    inputs: Inputs
    made: Plan
    solved_in: str


def planned_night(night: Night, setting: Setting, warm: Prices | None) -> Planned:
    """Solves and rounds. With more than plan.driver_pairs scored pairs, prices are found by passes on the executors and
    only the pairs that the lists may need come to the driver; both ways find the same prices."""
    plan = setting.plan
    if setting.pairs.table is not None:
        inputs = inputs_of(setting, setting.pairs.table)
        solution, where = solve(inputs.problem, plan.tolerance, plan.max_passes, warm), "memory"
    else:
        passes = BySpark(night.spark, setting)
        try:
            found = priced(passes.bounds, passes, plan.tolerance, plan.max_passes, warm)
            inputs = inputs_of(setting, passes.kept(found.price, found.gamma).toArrow())
        finally:
            passes.close()
        solution, where = solution_at(inputs.problem, found), "spark"
    # The draws of two policies are independent, so that each can be evaluated from the log of the other.
    made = rounded_plan(
        inputs.problem,
        solution,
        plan.tolerance,
        user_seed=seeds_of(inputs.user_ids, night.conf.seed, night.as_of, plan.policy, "users"),
        item_seed=seeds_of(setting.item_ids, night.conf.seed, night.as_of, plan.policy, "items"),
    )
    return Planned(inputs, made, where)
