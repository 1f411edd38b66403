"""The problem of a night's plan, as arrays: where lists are shown, what the items are worth, what bounds them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from jobs.config.plan import Plan
from jobs.planning.rules.item_value import ItemValue
from jobs.planning.rules.rules import Rules
from jobs.planning.shoppers.planned_shoppers import Shoppers
from jobs.runtime.errors import LongtailError
from model.exposure.list_rules import ListRules
from model.exposure.problem import Group, Problem


@dataclass(frozen=True)
class Contexts:
    """Where lists of their own are shown: each shopper with candidates is one context.

    ids: names of the contexts, sorted; visits: float64 (contexts), lists expected to be asked for in a day
    position_weights: float64 (slots), chance that a position is looked at
    exploration_slots: how many of the last slots are drawn at random
    """

    ids: np.ndarray
    visits: np.ndarray
    position_weights: np.ndarray
    exploration_slots: int


@dataclass(frozen=True)
class Limits:
    """What is left of the rules for the contexts' own lists.

    item_cap, item_floor: float64 (items), expected delivered exposures
    """

    item_cap: np.ndarray
    item_floor: np.ndarray
    groups: tuple[Group, ...]
    list_rules: ListRules


@dataclass(frozen=True)
class Pairs:
    """A problem with the relevance of its pairs.

    relevance: float64 (pairs); cause: Arrow dictionary array, main reason of each relevance, empty where there is none
    """

    problem: Problem
    relevance: np.ndarray
    cause: pa.DictionaryArray

    def only(self, keep: np.ndarray) -> Pairs:
        """The same contexts and bounds with some of the pairs; keep: bool (pairs), of every context at least one."""
        if keep.all():
            return self
        problem = self.problem
        start = np.concatenate([[0], np.cumsum(keep)])[problem.user_start]
        smaller = replace(problem, user_start=start, item_index=problem.item_index[keep], value=problem.value[keep])
        return Pairs(smaller, self.relevance[keep], self.cause.filter(pa.array(keep)))


@dataclass(frozen=True)
class PlanProblem:
    """The problem of a night without its pairs, which may stay on the executors.

    item_ids: names of the items, sorted
    """

    contexts: Contexts
    item_ids: np.ndarray
    value: ItemValue
    limits: Limits

    def without_pairs(self) -> Problem:
        """The bounds alone."""
        no_pairs = np.zeros(len(self.contexts.ids) + 1, dtype=np.int64)
        return self._problem(no_pairs, np.zeros(0, dtype=np.int32), np.zeros(0))

    def with_pairs(self, table: pa.Table) -> Pairs:
        """The problem of these pairs: user_id, item_id, relevance, cause; every context has at least one."""
        user, item = _places(table["user_id"], self.contexts.ids), _places(table["item_id"], self.item_ids)
        order = np.lexsort((item, user))
        user, item = user[order], item[order]
        relevance = table["relevance"].to_numpy()[order].astype(np.float64)
        start = np.searchsorted(user, np.arange(len(self.contexts.ids) + 1))
        problem = self._problem(start, item, relevance * self.value.factor[item] + self.value.addend[item])
        cause = table["cause"].combine_chunks().dictionary_encode().take(pa.array(order))
        return Pairs(problem, relevance, cause)

    def _problem(self, user_start: np.ndarray, item: np.ndarray, value: np.ndarray) -> Problem:
        return Problem(
            user_start=user_start,
            item_index=item.astype(np.int32),
            value=value,
            visits=self.contexts.visits,
            position_weights=self.contexts.position_weights,
            exploration_slots=self.contexts.exploration_slots,
            item_cap=self.limits.item_cap,
            item_floor=self.limits.item_floor,
            groups=self.limits.groups,
            list_rules=self.limits.list_rules,
        )


def contexts_of(plan: Plan, shoppers: Shoppers, user_ids: np.ndarray) -> Contexts:
    """The contexts of these shoppers. Raises LongtailError when some of them have no features."""
    visits = shoppers.rows.set_index("user_id")["visits"].reindex(user_ids).to_numpy(dtype=np.float64)
    if np.isnan(visits).any():
        raise LongtailError(
            f"{int(np.isnan(visits).sum())} shoppers of relevance have no row in user_features.",
            "Run build_features and score for the night again.",
        )
    return Contexts(user_ids, visits, np.array(plan.position_weights), plan.exploration_slots)


def limits_of(rules: Rules, used: np.ndarray) -> Limits:
    """The rules after subtracting the exposure that the shared lists use. used: float64 (items)."""
    return Limits(
        item_cap=np.maximum(rules.bounds.cap - used, 0.0),
        item_floor=np.maximum(rules.bounds.floor - used, 0.0),
        groups=tuple(_reduced(named.group, float(used[named.group.members].sum())) for named in rules.groups),
        list_rules=rules.list_rules,
    )


def _reduced(group: Group, used: float) -> Group:
    return replace(group, floor=max(group.floor - used, 0.0), cap=max(group.cap - used, 0.0))


def _places(column: pa.ChunkedArray, names: np.ndarray) -> np.ndarray:
    """int (rows): where the string of each row stands among the names."""
    encoded = column.combine_chunks().dictionary_encode()
    place = pd.Index(names).get_indexer(pd.Index(encoded.dictionary.to_numpy(zero_copy_only=False)))
    return place[encoded.indices.to_numpy()]
