"""The lists of a shard: rounded at prices, brought up to floors, explored, and compared with lists by value alone.

A shard is a problem of its own, under its budgets of caps and floors. The functions are the same wherever it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.exposure.displacement import displaced_by
from model.exposure.draws import NO_DRAWS, Draws, joined_draws, recorded_draws
from model.exposure.exploration import Exploration, drawn, planned_exploration
from model.exposure.floor_repair import repaired
from model.exposure.hashed_random import mixed
from model.exposure.list_prices import ListPrices
from model.exposure.lists import Lists
from model.exposure.problem import Problem
from model.exposure.rounding import rounded
from model.exposure.runs import place_in_run

# Repairs with the draw that the last one leaves, and the share of a floor by which it may be missed.
_REPAIRS, _MET = 4, 1e-9
# What swaps take from the draw of a group, as a share of it: asked of planned entries in advance.
_LEFT = 0.02
# Arrays of entries that name neither users nor pairs.
_OF_ENTRIES = ("rank", "price", "propensity", "explored", "swapped")


@dataclass(frozen=True)
class Shard:
    """Users with the pairs that their lists need, and their part of the relaxed plan.

    problem: under the shard's budgets of caps; threshold: float64 (users), the price of a slot in the relaxed plan
    user_seed, item_seed: uint64 (users), (items), break ties and draw: seeds of names (`hashed_random.seeds_of`)
    """

    problem: Problem
    threshold: np.ndarray
    user_seed: np.ndarray
    item_seed: np.ndarray

    @property
    def pair_seed(self) -> np.ndarray:
        """uint64 (pairs)."""
        return mixed(self.user_seed[self.problem.user_index], self.item_seed[self.problem.item_index])

    def rounded(self, price: ListPrices) -> Lists:
        """The lists at some prices, before floors are looked at."""
        return rounded(self.problem, price, self.threshold, self.pair_seed)

    def exploration(self, lists: Lists) -> Exploration:
        """What the draw next to these lists may show."""
        pair_seed = self.pair_seed
        return planned_exploration(lists, mixed(pair_seed, pair_seed))


@dataclass(frozen=True)
class Entries:
    """The entries of lists, sorted by user and rank.

    user, pair, rank (from 0): int (entries); price: float64 (entries), at which the pair was scored
    propensity: float64 (entries), 1 for planned ones; explored: bool
    swapped: int (entries), index of the group (number of groups: an item floor) that a swap served, -1 for none
    displaced: int (entries), the pair that the user would see there by value alone, -1 where the entry itself is it
    expected: float64 (items), expected delivered exposure over all outcomes of the draw
    draws: the record of the draw, empty where the problem asks for none
    """

    user: np.ndarray
    pair: np.ndarray
    rank: np.ndarray
    price: np.ndarray
    propensity: np.ndarray
    explored: np.ndarray
    swapped: np.ndarray
    displaced: np.ndarray
    expected: np.ndarray
    draws: Draws = NO_DRAWS

    @property
    def users(self) -> int:
        """Users with an entry."""
        return len(np.unique(self.user))

    @property
    def swaps(self) -> int:
        """Entries that a swap put there."""
        return int((self.swapped >= 0).sum())

    def delivered(self, problem: Problem) -> np.ndarray:
        """float64 (items): expected delivered exposure of the lists as drawn."""
        weight = problem.visits[self.user] * problem.position_weights[self.rank]
        return np.bincount(problem.item_index[self.pair], weight, minlength=problem.items)


def joined_entries(parts: Sequence[Entries], first_user: np.ndarray, first_pair: np.ndarray) -> Entries:
    """The entries of all shards, in their order, with users and pairs numbered over all of them.

    first_user, first_pair: int (shards), numbers of the first user and pair of each shard
    """
    shards = list(zip(parts, first_user.tolist(), first_pair.tolist(), strict=True))
    known = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _OF_ENTRIES}
    return Entries(
        **known,
        user=np.concatenate([part.user + user for part, user, _ in shards]),
        pair=np.concatenate([part.pair + pair for part, _, pair in shards]),
        displaced=np.concatenate(
            [np.where(part.displaced >= 0, part.displaced + pair, part.displaced) for part, _, pair in shards]
        ),
        expected=np.sum([part.expected for part in parts], axis=0),
        draws=joined_draws([part.draws for part in parts], first_user, first_pair),
    )


def finished(
    shard: Shard, lists: Lists, exploration: Exploration, group_floor: np.ndarray, item_floor: np.ndarray
) -> Entries:
    """The entries of the shard's lists after repair and exploration; changes `lists`.

    exploration: of these lists
    group_floor: float64 (groups), what the shard has to deliver by planned entries and the expected draw
    item_floor: float64 (items), what it has to deliver by planned entries alone: a draw shows a single item or does not
    """
    problem, pair_seed = shard.problem, shard.pair_seed
    causes, exploration = _repaired_with_draw(shard, lists, exploration, group_floor, item_floor)
    chosen = drawn(exploration, problem, shard.user_seed, shard.item_seed)
    draws = NO_DRAWS
    if problem.recording is not None:
        support = exploration.user, exploration.pair, exploration.probability
        draws = recorded_draws(*support, chosen, problem.recording, shard.user_seed, pair_seed)

    user, rank = np.nonzero(lists.pair >= 0)
    explorer = problem.user_index[chosen].astype(np.int64)
    chance = np.ones(len(problem.item_index))
    chance[exploration.pair] = exploration.probability
    swapped = np.full(len(problem.item_index), -1, dtype=np.int64)
    swapped[list(causes.keys())] = list(causes.values())

    pair = np.concatenate([lists.pair[user, rank], chosen])
    user = np.concatenate([user, explorer])
    rank = np.concatenate([rank, lists.length[explorer] + place_in_run(explorer)])
    explored = np.arange(len(pair)) >= len(pair) - len(chosen)
    order = np.lexsort((rank, user))
    user, pair, rank, explored = user[order], pair[order], rank[order], explored[order]
    return Entries(
        user=user,
        pair=pair,
        rank=rank,
        price=lists.price[pair],
        propensity=np.where(explored, np.minimum(chance[pair], 1.0), 1.0),
        explored=explored,
        swapped=swapped[pair],
        displaced=displaced_by(problem, pair, explored),
        expected=lists.delivered() + exploration.expected(lists),
        draws=draws,
    )


def _repaired_with_draw(
    shard: Shard, lists: Lists, exploration: Exploration, group_floor: np.ndarray, item_floor: np.ndarray
) -> tuple[dict[int, int], Exploration]:
    """Repairs `lists` to what the draw leaves of the floors; causes as of `repaired`, and the exploration after it.

    What a swap brings in cannot be drawn any more, so the draw gives a little less after it: repaired again.
    """
    member, causes = shard.problem.membership, dict[int, int]()
    for _ in range(_REPAIRS if shard.problem.exploration_slots else 1):
        before = lists.pair.copy()
        of_draw = member @ exploration.expected(lists)
        short = member @ lists.delivered() + of_draw < group_floor
        causes |= repaired(lists, group_floor - np.where(short, 1.0 - _LEFT, 1.0) * of_draw, item_floor)
        if np.array_equal(before, lists.pair):
            break
        exploration = shard.exploration(lists)
        if np.all(member @ (lists.delivered() + exploration.expected(lists)) >= group_floor * (1.0 - _MET)):
            break
    listed = lists.listed
    return {pair: cause for pair, cause in causes.items() if listed[pair]}, exploration
