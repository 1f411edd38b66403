"""The plan as rows of exposure_scores, item_exposure, constraint_prices and fallback_lists."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.contract.fallback_lists import EVERYONE
from jobs.config.plan import Plan as PlanSection
from jobs.execution.night import Night
from jobs.planning.inputs import Inputs
from jobs.planning.names import BUDGET, OF_ITEM_CAP, OF_ITEM_FLOOR
from jobs.planning.reasons import kinds_and_phrases, reasons
from model.exposure.plan import Plan
from model.exposure.reasons import NOT_PERSONAL


def exposure_rows(night: Night, inputs: Inputs, plan: Plan) -> pd.DataFrame:
    """One row an entry of a list, in the columns of exposure_scores; shoppers who refuse have the list of everyone."""
    problem = inputs.problem
    item = problem.item_index[plan.pair]
    boost = 0.0 - plan.solution.price[item]
    value = problem.value[plan.pair]
    personal = pd.DataFrame(
        {
            "user_id": inputs.user_ids[plan.user],
            "rank": plan.rank + 1,
            "item_id": inputs.setting.item_ids[item],
            "score": value + boost,
            "relevance": inputs.relevance[plan.pair],
            "value": value,
            "boost": boost,
            "exposure": plan.solution.planned[plan.pair],
            "propensity": plan.propensity,
            "reason": reasons(inputs, plan),
        }
    )
    rows = pd.concat([personal, _of_refusing(inputs)], ignore_index=True)
    return _of_night(night, inputs, rows.astype({"rank": np.int32}))


def _of_refusing(inputs: Inputs) -> pd.DataFrame:
    shared = inputs.setting.shared
    items = shared.lists[EVERYONE]
    users, each = len(shared.refusing), len(items)
    value = np.tile(shared.value[EVERYONE][items], users)
    return pd.DataFrame(
        {
            "user_id": np.repeat(shared.refusing, each),
            "rank": np.tile(np.arange(each) + 1, users),
            "item_id": np.tile(inputs.setting.item_ids[items], users),
            "score": value,
            "relevance": np.tile(shared.relevance[EVERYONE][items], users),
            "value": value,
            "boost": 0.0,
            "exposure": 1.0,
            "propensity": 1.0,
            "reason": NOT_PERSONAL,
        }
    )


def fallback_rows(night: Night, inputs: Inputs) -> pd.DataFrame:
    """One row an entry of a list that is not personal, in the columns of fallback_lists."""
    shared = inputs.setting.shared
    parts = [
        pd.DataFrame(
            {
                "shopper_segment": segment,
                "rank": (np.arange(len(items)) + 1).astype(np.int32),
                "item_id": inputs.setting.item_ids[items],
                "value": shared.value[segment][items],
                "relevance": shared.relevance[segment][items],
                "reason": NOT_PERSONAL,
            }
        )
        for segment, items in shared.lists.items()
    ]
    return _of_night(night, inputs, pd.concat(parts, ignore_index=True))


def item_rows(night: Night, inputs: Inputs, plan: Plan) -> pd.DataFrame:
    """One row an item that may enter, in the columns of item_exposure."""
    bounds, taken = inputs.setting.bounds, inputs.setting.shared.delivered
    kind, _ = kinds_and_phrases(inputs, plan)
    return pd.DataFrame(
        {
            "as_of": night.as_of,
            "policy": night.conf.plan.policy,
            "placement": night.conf.plan.placement,
            "item_id": inputs.setting.item_ids,
            "segment": inputs.setting.items["segment"],
            "boost": 0.0 - plan.solution.price,
            "floor": bounds.floor,
            # Below `allocated` where the list of those who refuse goes above it; nothing else does.
            "cap": bounds.cap,
            "allocated": plan.delivered + taken,
            "binding": kind,
        }
    )


def price_rows(night: Night, inputs: Inputs, plan: Plan) -> pd.DataFrame:
    """Every group and the bounds of items that have a price or are not kept, in the columns of constraint_prices."""
    setting, prices = inputs.setting, plan.solution.prices
    bounds, taken = setting.bounds, setting.shared.delivered
    delivered = plan.delivered + taken
    lacking = np.maximum(bounds.floor - delivered, 0.0)
    parts = [
        _of_items(setting.item_ids, bounds.cap_kind, OF_ITEM_CAP, (prices.cap > 0) | (above_caps(inputs) > 0),
                  prices.cap, bounds.cap, delivered, np.zeros(len(taken))),
        _of_items(setting.item_ids, bounds.floor_kind, OF_ITEM_FLOOR, (prices.item_floor > 0) | (lacking > 0),
                  prices.item_floor, bounds.floor, delivered, lacking),
        _of_groups(inputs, plan, taken),
    ]  # fmt: skip
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    rows.insert(0, "as_of", night.as_of)
    rows.insert(1, "policy", night.conf.plan.policy)
    return rows


def above_caps(inputs: Inputs) -> np.ndarray:
    """float64 (items): expected exposures by which the list of those who refuse exceeds an item's cap, 0 elsewhere."""
    return np.maximum(inputs.setting.shared.delivered - inputs.setting.bounds.cap, 0.0)


def spent_on_bids(rows: pd.DataFrame, plan: PlanSection) -> float:
    """What the sponsors of a plan pay, in the store's currency, from its rows of constraint_prices."""
    budgets = rows[rows["constraint"] == BUDGET]
    bids = {provider: sponsor.bid for provider, sponsor in plan.sponsors.items()}
    return float((budgets["used"] * budgets["member"].map(bids)).sum())


def _of_items(
    item_ids: np.ndarray, kind: np.ndarray, kinds: tuple[str, ...], told: np.ndarray, price: np.ndarray,
    bound: np.ndarray, used: np.ndarray, shortfall: np.ndarray,
) -> pd.DataFrame:  # fmt: skip
    at = np.flatnonzero(told & np.isin(kind.astype(str), kinds))
    columns = {"constraint": kind, "member": item_ids, "price": price, "bound": bound, "used": used}
    return pd.DataFrame({name: column[at] for name, column in {**columns, "shortfall": shortfall}.items()})


def _of_groups(inputs: Inputs, plan: Plan, taken: np.ndarray) -> pd.DataFrame:
    groups, prices = inputs.setting.groups, plan.solution.prices
    used = plan.group_delivered + np.array([taken[one.group.members].sum() for one in groups], dtype=np.float64)
    capped = np.array([np.isfinite(one.group.cap) for one in groups], dtype=bool)
    floor = np.array([one.group.floor for one in groups], dtype=np.float64)
    cap = np.array([one.group.cap for one in groups], dtype=np.float64)
    return pd.DataFrame(
        {
            "constraint": pd.Series([one.constraint for one in groups], dtype=object),
            "member": pd.Series([one.member for one in groups], dtype=object),
            "price": np.where(capped, prices.group_cap, prices.group),
            "bound": np.where(capped, cap, floor),
            "used": used,
            "shortfall": np.maximum(floor - used, 0.0),
        }
    )


def _of_night(night: Night, inputs: Inputs, rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(
        as_of=night.as_of,
        policy=night.conf.plan.policy,
        placement=night.conf.plan.placement,
        model_version=inputs.setting.pairs.model_version,
        run_id=night.run_id,
    )
