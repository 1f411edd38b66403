"""Shared lists: one for all shoppers without consent, and fallback lists for shoppers whom the store does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.contract.fallback_lists import EVERYONE
from jobs.config.plan import Plan
from jobs.planning.candidates.pairs import Candidates
from jobs.planning.rules.rules import Rules
from jobs.planning.shoppers.planned_shoppers import Shoppers
from model.exposure.shared_list import shared_list


@dataclass(frozen=True)
class SharedLists:
    """By segment of shoppers, of everyone too: lists, the item rows by rank; value and relevance, float64 (items).

    shoppers: number of the shoppers without consent, who all have the list of everyone
    delivered: float64 (items), expected exposures that they give the items of that list
    """

    lists: Mapping[str, np.ndarray]
    relevance: Mapping[str, np.ndarray]
    value: Mapping[str, np.ndarray]
    shoppers: int
    delivered: np.ndarray

    @property
    def users(self) -> int:
        """Shoppers who have the list of everyone; none where it is empty."""
        return self.shoppers if len(self.of_everyone) else 0

    @property
    def of_everyone(self) -> np.ndarray:
        """Item rows by rank of the list for shoppers without consent."""
        return self.lists[EVERYONE]


def shared_lists(plan: Plan, shoppers: Shoppers, candidates: Candidates, rules: Rules) -> SharedLists:
    """The shared lists of a night, by mean value.

    The list of the shoppers without consent counts in all caps. One list for many gives its items a large share, so the
    cap on an item's share does not keep items out of it (they then enter no personal list); stock and caps of groups
    do.
    """
    weights = np.array(plan.position_weights)
    delivery = shoppers.opted_out_visits * weights
    capped = [(named.group.members, named.group.cap) for named in rules.groups if np.isfinite(named.group.cap)]
    lists, value = {}, {}
    for segment, relevance in candidates.mean.items():
        counted = candidates.mean_counted[segment]
        value[segment] = counted * rules.value.factor + np.where(relevance > 0, rules.value.addend, 0.0)
        # How many unknown shoppers come is unknown too, so their lists use nothing of the caps.
        of_segment = delivery if segment == EVERYONE else np.zeros(len(weights))
        lists[segment] = shared_list(value[segment], of_segment, rules.bounds.stock, capped, rules.list_rules)
    of_everyone = lists[EVERYONE]
    delivered = np.bincount(of_everyone, delivery[: len(of_everyone)], minlength=rules.list_rules.items)
    return SharedLists(lists, candidates.mean, value, shoppers.opted_out_number, delivered)
