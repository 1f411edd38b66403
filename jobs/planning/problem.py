"""The problem of a night's plan, as arrays: where lists are shown, what the items are worth, what bounds them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from jobs.planning.context_pairs import Pairs
from jobs.planning.rules.item_value import ItemValue
from jobs.planning.rules.rules import Rules
from model.exposure.draws import Recording
from model.exposure.list_rules import ListRules
from model.exposure.passes import SHARD_USERS
from model.exposure.problem import Group, Problem


@dataclass(frozen=True)
class Contexts:
    """Where lists of their own are shown: each shopper with candidates is one context.

    number: of all contexts, whose names and visits stay with their pairs
    position_weights: float64 (slots), chance that a position is looked at
    exploration_slots: how many of the last slots are drawn at random
    recording: what of the draw is recorded; None: nothing
    """

    number: int
    position_weights: np.ndarray
    exploration_slots: int
    recording: Recording | None = None

    @property
    def shards(self) -> int:
        """Number of shards, at least 1; the hash of its name places a context, so shards are about equally large."""
        return max(-(-self.number // SHARD_USERS), 1)


@dataclass(frozen=True)
class Limits:
    """What is left of the rules for the contexts' own lists.

    item_cap, item_floor: float64 (items), expected delivered exposures
    may_be_drawn: bool (items), whether the exploration may draw each
    """

    item_cap: np.ndarray
    item_floor: np.ndarray
    groups: tuple[Group, ...]
    list_rules: ListRules
    may_be_drawn: np.ndarray


@dataclass(frozen=True)
class PlanProblem:
    """The problem of a night without its pairs, which may stay on the executors.

    item_ids: names of the items, sorted
    """

    contexts: Contexts
    item_ids: np.ndarray
    value: ItemValue
    limits: Limits

    def bounds(self) -> Problem:
        """The bounds alone."""
        return self._problem(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0), np.zeros(0))

    def of_pairs(self, pairs: Pairs) -> Problem:
        """The problem of some contexts with their pairs, under the bounds of all."""
        return self._problem(pairs.start, pairs.item, self.value_of(pairs.item, pairs.planned), pairs.visits)

    def value_of(self, item: np.ndarray, planned: np.ndarray) -> np.ndarray:
        """float64 (pairs): what a view is expected to bring. planned: float64 (pairs), responses that it counts for"""
        value: np.ndarray = planned * self.value.factor[item] + self.value.addend[item]
        return value

    def _problem(self, start: np.ndarray, item: np.ndarray, value: np.ndarray, visits: np.ndarray) -> Problem:
        return Problem(
            user_start=start,
            item_index=item,
            value=value,
            visits=visits,
            position_weights=self.contexts.position_weights,
            exploration_slots=self.contexts.exploration_slots,
            item_cap=self.limits.item_cap,
            item_floor=self.limits.item_floor,
            groups=self.limits.groups,
            list_rules=self.limits.list_rules,
            may_be_drawn=self.limits.may_be_drawn,
            recording=self.contexts.recording,
        )


def limits_of(rules: Rules, used: np.ndarray) -> Limits:
    """The rules after subtracting the exposure that the shared lists use. used: float64 (items)."""
    return Limits(
        item_cap=np.maximum(rules.bounds.cap - used, 0.0),
        item_floor=np.maximum(rules.bounds.floor - used, 0.0),
        groups=tuple(_reduced(named.group, float(used[named.group.members].sum())) for named in rules.groups),
        list_rules=rules.list_rules,
        may_be_drawn=rules.may_be_drawn,
    )


def _reduced(group: Group, used: float) -> Group:
    return replace(group, floor=max(group.floor - used, 0.0), cap=max(group.cap - used, 0.0))
