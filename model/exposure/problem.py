"""The problem of a night's plan: pairs with their value, slots, caps, floors and list rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from model.exposure.draws import Recording
from model.exposure.list_rules import ListRules
from model.exposure.user_block import UserPairs


@dataclass(frozen=True)
class Group:
    """Items that get at least `floor` and at most `cap` expected delivered exposures together; groups may overlap.

    name: unique among the groups; members: int array of item indexes without repetition, may be empty.
    """

    name: str
    members: np.ndarray
    floor: float = 0.0
    cap: float = np.inf


@dataclass(frozen=True)
class Problem:
    """maximise Σ v·r·d under Σ_i r <= slots a user, caps and floors; 0 <= r <= 1, d_j the delivery of user j.

    Pairs are sorted by user, and by item within a user; exposures are expected delivered exposures:
    expected visits times the weight of the position.

    user_start         int (users + 1): the pairs of user j are user_start[j] : user_start[j + 1]
    item_index         int (pairs)
    value              float64 (pairs) >= 0: probability of a response, times its worth where that differs by item
    visits             float64 (users) > 0: expected visits a night
    position_weights   float64 (slots): chance that a position is examined, not increasing
    exploration_slots  number of the last slots, which are drawn at random
    item_cap           float64 (items): most exposures; 0 keeps an item out
    item_floor         float64 (items): least exposures
    list_rules         at most so many items of a group in one list
    recording          what of the exploration's draw is recorded; None: nothing
    may_be_drawn       bool (items): which the exploration may draw; None: all

    Raises ValueError that names what is wrong.
    """

    user_start: np.ndarray
    item_index: np.ndarray
    value: np.ndarray
    visits: np.ndarray
    position_weights: np.ndarray
    exploration_slots: int
    item_cap: np.ndarray
    item_floor: np.ndarray
    groups: tuple[Group, ...]
    list_rules: ListRules
    recording: Recording | None = field(default=None, kw_only=True)
    may_be_drawn: np.ndarray | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _check_pairs(self)
        _check_numbers(self)
        _check_groups(self)

    @property
    def users(self) -> int:
        """Number of users."""
        return len(self.visits)

    @property
    def items(self) -> int:
        """Number of items."""
        return len(self.item_cap)

    @property
    def slots(self) -> int:
        """Slots that the plan fills, without those of the exploration."""
        return len(self.position_weights) - self.exploration_slots

    @cached_property
    def candidates(self) -> np.ndarray:
        """int (users): pairs of each user."""
        return np.diff(self.user_start)

    @cached_property
    def user_index(self) -> np.ndarray:
        """int32 (pairs)."""
        return np.repeat(np.arange(self.users, dtype=np.int32), self.candidates)

    @cached_property
    def delivery(self) -> np.ndarray:
        """float64 (users): expected delivered exposure of a pair with r = 1 in the relaxed plan."""
        return self.visits * self.position_weights[: self.slots].mean()

    @cached_property
    def exploration_share(self) -> float:
        """Share of a full list's exposure that lies in its exploration slots."""
        return float(self.position_weights[self.slots :].sum() / self.position_weights.sum())

    @cached_property
    def planned_cap(self) -> np.ndarray:
        """float64 (items): the cap less the headroom for the exploration, a share of what lies above the floor."""
        return _without_headroom(self.item_cap, self.item_floor, self.exploration_share)

    @cached_property
    def membership(self) -> csr_array:
        """float64 (groups, items): 1 where an item belongs to a group."""
        members = [group.members for group in self.groups]
        start = np.concatenate([[0], np.cumsum([len(of_group) for of_group in members])]).astype(np.int64)
        column = np.concatenate([*members, np.zeros(0)]).astype(np.int64)
        return csr_array((np.ones(len(column)), column, start), shape=(len(members), self.items))

    @cached_property
    def group_floor(self) -> np.ndarray:
        """float64 (groups)."""
        return np.array([group.floor for group in self.groups], dtype=np.float64)

    @cached_property
    def planned_group_cap(self) -> np.ndarray:
        """float64 (groups): as `planned_cap`; infinite where a group has no cap."""
        cap = np.array([group.cap for group in self.groups], dtype=np.float64)
        return _without_headroom(cap, self.group_floor, self.exploration_share)

    @cached_property
    def open(self) -> np.ndarray:
        """bool (items): neither the item's own cap nor that of one of its groups is 0."""
        closed = self.membership.T @ (self.planned_group_cap == 0).astype(np.float64)
        return (self.item_cap > 0) & (closed == 0)

    @cached_property
    def drawable(self) -> np.ndarray:
        """bool (items): open, and not kept from the exploration."""
        return self.open if self.may_be_drawn is None else self.open & self.may_be_drawn

    @property
    def pairs(self) -> UserPairs:
        """The users with their pairs, for passes over them."""
        return UserPairs(self.user_start, self.item_index, self.value, self.delivery, self.slots, self.list_rules)


def _without_headroom(cap: np.ndarray, floor: np.ndarray, share: float) -> np.ndarray:
    return cap * (1.0 - share) + np.minimum(floor, cap) * share


def total_exposure(visits: np.ndarray | float, position_weights: np.ndarray) -> float:
    """Expected delivered exposures of full lists: what shares of caps and floors refer to."""
    return float(np.sum(visits) * np.sum(position_weights))


def _check_pairs(problem: Problem) -> None:
    start, item = problem.user_start, problem.item_index
    if len(start) != problem.users + 1 or start[0] != 0 or start[-1] != len(item) or np.any(np.diff(start) < 0):
        raise ValueError("user_start does not cut the pairs into users; build it from pairs sorted by user.")
    if len(problem.value) != len(item):
        raise ValueError(f"value has {len(problem.value)} numbers for {len(item)} pairs; give one a pair.")
    if len(item) and (item.min() < 0 or item.max() >= problem.items):
        raise ValueError("item_index names an item outside item_cap; index the items from 0.")
    inside = np.ones(len(item), dtype=bool)
    inside[start[:-1][problem.candidates > 0]] = False
    if np.any((np.diff(item, prepend=-1) <= 0) & inside):
        raise ValueError("Pairs of a user are not sorted by item or hold an item twice; sort and deduplicate them.")


def _check_numbers(problem: Problem) -> None:
    bad = np.flatnonzero(np.isnan(problem.value))
    if len(bad):
        first = int(bad[0])
        raise ValueError(
            f"value is NaN in {len(bad)} pairs, first for user {problem.user_index[first]} and item "
            f"{problem.item_index[first]}; correct the scores before planning."
        )
    if np.any((problem.value < 0) | np.isinf(problem.value)):
        raise ValueError("value is negative or infinite in some pairs; correct relevance, margins or bids.")
    visits, weights = problem.visits, problem.position_weights
    if not np.all((visits > 0) & np.isfinite(visits)):
        raise ValueError("visits are zero, negative or infinite for some users; smooth them so that no user has 0.")
    if not np.all((weights > 0) & (weights <= 1)) or np.any(np.diff(weights) > 0):
        raise ValueError("position_weights are not in (0, 1] or increase; number positions by attention.")
    if not 0 <= problem.exploration_slots < len(weights):
        raise ValueError("exploration_slots has to be from 0 to one less than the slots.")
    for name in ("item_cap", "item_floor"):
        bound = getattr(problem, name)
        if len(bound) != problem.items or not np.all(np.isfinite(bound) & (bound >= 0)):
            raise ValueError(f"{name} has a number that is negative, NaN or infinite, or misses items; correct it.")
    if problem.may_be_drawn is not None and len(problem.may_be_drawn) != problem.items:
        raise ValueError(f"may_be_drawn has {len(problem.may_be_drawn)} items of {problem.items}; say it of each item.")
    if problem.list_rules.items != problem.items:
        raise ValueError(
            f"list_rules have codes for {problem.list_rules.items} items of {problem.items}; give each item a code."
        )


def _check_groups(problem: Problem) -> None:
    if len({group.name for group in problem.groups}) < len(problem.groups):
        raise ValueError("Two groups have one name; give each its own.")
    for group in problem.groups:
        if np.isnan(group.cap) or group.cap < 0:
            raise ValueError(f"The cap of group {group.name} is negative or NaN; correct it.")
        if not (np.isfinite(group.floor) and group.floor >= 0):
            raise ValueError(f"The floor of group {group.name} is negative, NaN or infinite; correct it.")
        if len(np.unique(group.members)) != len(group.members):
            raise ValueError(f"Group {group.name} names an item twice; give each member once.")
        if len(group.members) and (group.members.min() < 0 or group.members.max() >= problem.items):
            raise ValueError(f"Group {group.name} names an item outside item_cap; index the items from 0.")
