"""The plan as rows of exposure_scores, item_exposure and constraint_prices."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jobs.planning.floors import ITEM_CAP, rule_of
from jobs.planning.inputs import Inputs
from jobs.runtime.night import Night
from model.exposure.bindings import bindings
from model.exposure.feasibility import ITEM_FLOOR
from model.exposure.plan import Plan
from model.exposure.reasons import EXPLORED, reason_of, swapped_in_for


def exposure_rows(night: Night, inputs: Inputs, plan: Plan) -> pd.DataFrame:
    """One row an entry of a list, in the columns of exposure_scores."""
    problem = inputs.problem
    item = problem.item_index[plan.pair]
    boost = 0.0 - plan.solution.price[item]
    relevance = problem.relevance[plan.pair]
    return pd.DataFrame(
        {
            "as_of": night.as_of,
            "policy": night.conf.plan.policy,
            "user_id": inputs.user_ids[plan.user],
            "placement": night.conf.plan.placement,
            "rank": (plan.rank + 1).astype(np.int32),
            "item_id": inputs.item_ids[item],
            "score": relevance + boost,
            "relevance": relevance,
            "boost": boost,
            "exposure": plan.solution.planned[plan.pair],
            "propensity": plan.propensity,
            "reason": _reasons(inputs, plan, item),
            "model_version": inputs.model_version,
            "run_id": night.run_id,
        }
    )


def item_rows(night: Night, inputs: Inputs, plan: Plan) -> pd.DataFrame:
    """One row an eligible item of the planned segments, in the columns of item_exposure."""
    problem = inputs.problem
    kind, _ = bindings(problem, plan.solution.prices)
    return pd.DataFrame(
        {
            "as_of": night.as_of,
            "policy": night.conf.plan.policy,
            "placement": night.conf.plan.placement,
            "item_id": inputs.item_ids,
            "segment": inputs.items["segment"],
            "boost": 0.0 - plan.solution.price,
            "floor": problem.item_floor,
            "cap": problem.item_cap,
            "allocated": plan.delivered,
            "binding": kind,
        }
    )


def price_rows(night: Night, inputs: Inputs, plan: Plan) -> pd.DataFrame:
    """Every group floor and the bounds of items with a price or a shortfall, in the columns of constraint_prices."""
    problem, prices = inputs.problem, plan.solution.prices
    lacking = np.maximum(problem.item_floor - plan.delivered, 0.0)
    capped = np.flatnonzero(prices.cap > 0)
    floored = np.flatnonzero((prices.item_floor > 0) | (lacking > 0))
    floors = night.conf.plan.floors
    asked = np.array([group.floor for group in problem.groups])
    parts = [
        _bounds(ITEM_CAP, inputs.item_ids[capped], prices.cap[capped], problem.item_cap[capped],
                plan.delivered[capped], np.zeros(len(capped))),
        _bounds(ITEM_FLOOR, inputs.item_ids[floored], prices.item_floor[floored], problem.item_floor[floored],
                plan.delivered[floored], lacking[floored]),
        _bounds([group.name for group in problem.groups], [rule_of(floors[group.name]) for group in problem.groups],
                prices.group, asked, plan.group_delivered, np.maximum(asked - plan.group_delivered, 0.0)),
    ]  # fmt: skip
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    rows.insert(0, "as_of", night.as_of)
    rows.insert(1, "policy", night.conf.plan.policy)
    return rows


def _bounds(
    constraint: str | list[str],
    member: np.ndarray | list[str],
    price: np.ndarray,
    bound: np.ndarray,
    used: np.ndarray,
    shortfall: np.ndarray,
) -> pd.DataFrame:
    names = [constraint] * len(member) if isinstance(constraint, str) else constraint
    return pd.DataFrame(
        {
            "constraint": pd.Series(names, dtype=object),
            "member": pd.Series(member, dtype=object),
            "price": price,
            "bound": bound,
            "used": used,
            "shortfall": shortfall,
        }
    )


def _reasons(inputs: Inputs, plan: Plan, item: np.ndarray) -> list[str]:
    _, phrase = bindings(inputs.problem, plan.solution.prices)
    swaps = ["", *(swapped_in_for(group.name) for group in inputs.problem.groups), swapped_in_for("the item itself")]
    causes = inputs.cause.take(plan.pair).to_pylist()
    return [
        reason_of(cause, EXPLORED if explored else swaps[swapped + 1] or bound)
        for cause, explored, swapped, bound in zip(
            causes, plan.explored.tolist(), plan.swapped.tolist(), phrase[item], strict=True
        )
    ]
