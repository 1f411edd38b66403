"""Decides the exposure of every shopper's candidates under slots, caps and floors."""

from __future__ import annotations

import pandas as pd

from features.contract import CONSTRAINT_PRICES, EXPOSURE_SCORES, ITEM_EXPOSURE
from features.contract.table import Table
from jobs.planning.floors import check_plan
from jobs.planning.inputs import Inputs, last_prices, read_inputs
from jobs.planning.outputs import exposure_rows, item_rows, price_rows
from jobs.runtime.command import main_of
from jobs.runtime.logs import event
from jobs.runtime.night import Night
from model.exposure.chance import seeds_of
from model.exposure.plan import Plan, planned


def plan_exposure(night: Night) -> None:
    """Decides the exposure of every shopper's candidates under slots, caps and floors.

    Reads relevance, item_features and user_features of the night; writes exposure_scores, item_exposure and
    constraint_prices of the night and its policy. Prices start from those of the newest earlier night.
    """
    plan = night.conf.plan
    check_plan(plan)
    inputs = read_inputs(night)
    prices, of_date = last_prices(night, inputs)
    made = planned(
        inputs.problem,
        plan.tolerance,
        plan.max_passes,
        user_seed=seeds_of(inputs.user_ids, night.conf.seed, night.as_of, "users"),
        item_seed=seeds_of(inputs.item_ids, night.conf.seed, night.as_of, "items"),
        warm=prices,
    )
    night.record.decisions["warm_start"] = str(of_date or "none")
    _write(night, exposure_rows(night, inputs, made), EXPOSURE_SCORES)
    _write(night, item_rows(night, inputs, made), ITEM_EXPOSURE)
    _write(night, price_rows(night, inputs, made), CONSTRAINT_PRICES)
    _tell(night, inputs, made)


def _write(night: Night, rows: pd.DataFrame, table: Table) -> None:
    policy = night.conf.plan.policy.replace("\\", "\\\\").replace("'", "\\'")
    frame = night.spark.createDataFrame(rows[table.column_names], table.schema)
    night.tables.replace_date(frame, table, night.as_of, f"policy = '{policy}'")


def _tell(night: Night, inputs: Inputs, made: Plan) -> None:
    solution, about = made.solution, {"step": "plan_exposure", "as_of": night.as_of}
    listed = len(set(made.user.tolist()))
    night.record.model_version = inputs.model_version
    night.record.rows |= {
        "pairs": len(inputs.problem.item_index),
        "items": inputs.problem.items,
        "users": listed,
        "users_without_list": inputs.all_users - listed,
        "entries": len(made.user),
    }
    night.record.decisions |= {
        "passes": str(solution.passes),
        "gap": f"{solution.gap:.5f}",
        "violation": f"{solution.violation:.5f}",
        "converged": str(solution.converged).lower(),
    }
    event(
        "plan solved" if solution.converged else "plan stopped at plan.max_passes, the best so far is used",
        **about,
        passes=solution.passes,
        gap=f"{solution.gap:.5f}",
        violation=f"{solution.violation:.5f}",
        warm_start=night.record.decisions["warm_start"],
        swaps=int((made.swapped >= 0).sum()),
    )
    for unmet in made.unmet:
        missing = f"{unmet.amount:.2f} of {unmet.asked:.2f}"
        night.record.decisions[f"unmet {unmet.name}"] = f"{missing}: {unmet.why}"
        event("floor not met", **about, floor=unmet.name, missing=missing, why=unmet.why)


if __name__ == "__main__":
    main_of(plan_exposure)
