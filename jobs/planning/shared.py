"""Lists that are not personal: one for all who refuse, and one a segment for whom the store does not know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.contract.fallback_lists import EVERYONE
from jobs.config.plan import Plan
from jobs.planning.groups import NamedGroup
from jobs.planning.item_bounds import ItemBounds
from model.exposure.list_rules import ListRules
from model.exposure.shared_list import shared_list


@dataclass(frozen=True)
class SharedLists:
    """lists: item rows by rank of every segment of shoppers; relevance and value: mean by segment, float64 (items)
    refusing: user_id of those who get the list of everyone; delivered: float64 (items), the exposures they get by it
    """

    lists: dict[str, np.ndarray]
    relevance: dict[str, np.ndarray]
    value: dict[str, np.ndarray]
    refusing: np.ndarray
    delivered: np.ndarray


def shared_lists(
    plan: Plan,
    users: pd.DataFrame,
    means: dict[str, np.ndarray],
    worth: tuple[np.ndarray, np.ndarray],
    bounds: ItemBounds,
    groups: tuple[NamedGroup, ...],
    list_rules: ListRules,
) -> SharedLists:
    """The lists of a night; means: mean relevance of items by segment; users: user_id, visits, consents.

    The list of those who refuse counts in all caps. One list for many gives its items a large share, so the cap on an
    item's share does not keep items out of it (they then enter no personal list); stock and caps of groups do.
    """
    refusing = users[~users["consents"]]
    weights = np.array(plan.position_weights)
    delivery = float(refusing["visits"].sum()) * weights
    capped = [(one.group.members, one.group.cap) for one in groups if np.isfinite(one.group.cap)]
    factor, addend = worth
    lists, value = {}, {}
    for segment, mean in means.items():
        value[segment] = mean * factor + np.where(mean > 0, addend, 0.0)
        # Of unknown shoppers nobody knows how many come, so their lists take nothing from the caps.
        of_segment = delivery if segment == EVERYONE else np.zeros(len(weights))
        lists[segment] = shared_list(value[segment], of_segment, bounds.stock, capped, list_rules)
    shown = lists[EVERYONE]
    delivered = np.bincount(shown, delivery[: len(shown)], minlength=list_rules.items)
    return SharedLists(lists, means, value, refusing["user_id"].to_numpy(), delivered)
