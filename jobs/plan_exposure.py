"""Decides the exposure of every shopper's candidates under slots, caps and floors."""

from __future__ import annotations

import pandas as pd

from features.contract import CONSTRAINT_PRICES, EXPOSURE_SCORES, FALLBACK_LISTS, ITEM_EXPOSURE
from features.contract.table import Table
from jobs.delivery.learned_weights import with_learned_weights
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.experiments.arms import arm_nights, of_arm
from jobs.planning.check import check_plan
from jobs.planning.outputs import exposure_rows, fallback_rows, item_rows, price_rows
from jobs.planning.setting import read_setting
from jobs.planning.solving import Planned, planned_night
from jobs.planning.unmatched import report_unmatched
from jobs.planning.unmet import refuse_unmet, report_above_caps, report_unmet
from jobs.planning.warm_start import last_prices
from jobs.runtime.logs import event


def plan_exposure(night: Night) -> None:
    """Decides the exposure of every shopper's candidates under slots, caps and floors.

    Reads relevance, item_features and user_features of the night; writes exposure_scores, item_exposure,
    constraint_prices and fallback_lists of the night and its policy; where a test runs, of every arm's policy for the
    arm's shoppers, with shares, stock and budgets of their own. Prices start from those of the newest earlier
    night, and positions count as the log of answers moved them. With plan.on_unmet_floor: refuse, a floor that is
    missed ends the job with exit code 3 and nothing written.
    """
    # Every arm of a test is planned before anything is written, so that a refusal leaves no half of it.
    nights = {arm: with_learned_weights(one) for arm, one in arm_nights(night).items()}
    planned = {arm: (one, _planned(one, arm)) for arm, one in nights.items()}
    # The lists come first: the run that they name is whom publish asks `runs` about (jobs/online/plan_completeness.py).
    for one, (made, prices) in planned.values():
        _write(one, exposure_rows(one, made.inputs, made.made), EXPOSURE_SCORES)
        _write(one, item_rows(one, made.inputs, made.made), ITEM_EXPOSURE)
        _write(one, prices, CONSTRAINT_PRICES)
        _write(one, fallback_rows(one, made.inputs), FALLBACK_LISTS)


def _planned(night: Night, arm: str) -> tuple[Planned, pd.DataFrame]:
    """The plan of an arm (of all where it is '') and its rows of constraint_prices."""
    check_plan(night.conf.plan)
    setting = read_setting(night)
    report_unmatched(night, setting.unmatched, arm)
    warm, of_date = last_prices(night, setting)
    planned = planned_night(night, setting, warm)
    night.record.decisions[of_arm(arm, "warm_start")] = str(of_date or "none")
    prices = price_rows(night, planned.inputs, planned.made)
    _report(night, planned, arm)
    report_unmet(night, planned, prices, arm)
    report_above_caps(night, planned.inputs, arm)
    refuse_unmet(night, planned, prices)
    return planned, prices


def _write(night: Night, rows: pd.DataFrame, table: Table) -> None:
    policy = night.conf.plan.policy.replace("\\", "\\\\").replace("'", "\\'")
    frame = night.spark.createDataFrame(rows[table.column_names], table.schema)
    night.tables.replace_date(frame, table, night.as_of, f"policy = '{policy}'")


def _report(night: Night, planned: Planned, arm: str) -> None:
    inputs, made, setting = planned.inputs, planned.made, planned.inputs.setting
    solution = made.solution
    refusing = len(setting.shared.refusing) if len(setting.shared.lists["everyone"]) else 0
    listed = len(set(made.user.tolist())) + refusing
    night.record.model_version = setting.pairs.model_version
    rows = {
        "pairs": len(inputs.problem.item_index),
        "items": inputs.problem.items,
        "users": listed,
        "users_without_list": len(setting.users) - listed,
        "users_without_consent": len(setting.shared.refusing),
        "entries": len(made.user) + refusing * len(setting.shared.lists["everyone"]),
    }
    decisions = {
        "solved_in": planned.solved_in,
        "passes": str(solution.passes),
        "gap": f"{solution.gap:.5f}",
        "violation": f"{solution.violation:.5f}",
        "converged": str(solution.converged).lower(),
    }
    night.record.rows |= {of_arm(arm, name): count for name, count in rows.items()}
    night.record.decisions |= {of_arm(arm, name): word for name, word in decisions.items()}
    event(
        "plan solved" if solution.converged else "plan stopped at plan.max_passes, the best so far is used",
        step="plan_exposure",
        as_of=night.as_of,
        policy=night.conf.plan.policy,
        solved_in=planned.solved_in,
        passes=solution.passes,
        gap=f"{solution.gap:.5f}",
        violation=f"{solution.violation:.5f}",
        warm_start=night.record.decisions[of_arm(arm, "warm_start")],
        swaps=int((made.swapped >= 0).sum()),
    )


if __name__ == "__main__":
    main_of(plan_exposure)
