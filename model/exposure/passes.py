"""Passes over all users, shard by shard: in memory here, on executors by running `use_of` on each shard there.

A shard is a run of users, and a stretch a fixed run of shards. Sums go over the shards of a stretch and then over
stretches, in the same order everywhere; there are few stretches, so that adding them up takes little memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Protocol, TypeVar

import numpy as np

from model.exposure.facts import Facts, facts_of, total_facts
from model.exposure.problem import Problem
from model.exposure.user_block import Block, Use, UserPairs, blocks_of, plan_of, total_use, use_of

SHARD_USERS = 8_192
FEWEST_STRETCHES, MOST_STRETCHES, USUAL_SHARDS = 4, 64, 8
Part = TypeVar("Part")


class Passes(Protocol):
    """Runs passes over all users."""

    facts: Facts

    def use(self, price: np.ndarray, gamma: float) -> Use:
        """The use of all users at the prices of items."""


def shard_starts(users: int, shard_users: int = SHARD_USERS) -> np.ndarray:
    """int (shards + 1): where the shards begin that cut users in their order, `shard_users` at a time, and the end."""
    return np.append(np.arange(0, max(users, 1), shard_users), users)


def shards_of(pairs: UserPairs, starts: np.ndarray) -> Iterator[UserPairs]:
    """The users of every shard. starts: as of `shard_starts`"""
    for begin, end in pairwise(starts.tolist()):
        yield pairs.part(begin, end)


def shards_a_stretch(shards: int) -> int:
    """Number of shards in a stretch: few enough for FEWEST_STRETCHES, else USUAL_SHARDS, more beyond MOST_STRETCHES.

    Stretches run next to each other. But caps are rounded stretch by stretch, so larger ones lose less of them.
    """
    return max(min(shards // FEWEST_STRETCHES, USUAL_SHARDS), -(-shards // MOST_STRETCHES), 1)


def stretches_of(shards: Iterable[Part], size: int) -> Iterator[Iterator[Part]]:
    """The parts of shards, `size` at a time; consume each stretch before the next."""
    for _, stretch in groupby(enumerate(shards), key=lambda numbered: numbered[0] // size):
        yield (part for _, part in stretch)


def relaxed_plan(blocks: Iterable[Block], users: int, price: np.ndarray, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """Planned exposure of every pair of a shard, float64, and the threshold of every user, float64 (users).

    price: float64 (items)
    """
    parts, threshold = [np.zeros(0)], np.zeros(users)
    for block in blocks:
        planned, threshold[block.row] = plan_of(block, price, gamma)
        parts.append(planned)
    return np.concatenate(parts), threshold


class InMemory:
    """Passes over a problem whose pairs lie in memory."""

    def __init__(self, problem: Problem, starts: np.ndarray | None = None, facts: Facts | None = None) -> None:
        """starts: where shards begin, as of `shard_starts`, which cuts them by default

        facts: those of all pairs where the problem has a part of them; those of its own pairs by default
        """
        self.problem = problem
        starts = shard_starts(problem.users) if starts is None else starts
        self.stretch = shards_a_stretch(len(starts) - 1)
        shards = list(shards_of(problem.pairs, starts))
        self.facts = self._facts(shards) if facts is None else facts
        self.shards = [list(blocks_of(shard)) for shard in shards]

    def _facts(self, shards: Sequence[UserPairs]) -> Facts:
        items, groups = self.problem.items, len(self.problem.groups)
        facts = (facts_of(shard, self.problem.membership) for shard in shards)
        stretches = stretches_of(facts, self.stretch)
        return total_facts((total_facts(part, items, groups) for part in stretches), items, groups)

    def use(self, price: np.ndarray, gamma: float) -> Use:
        """The use of all users at the prices of items."""
        items = self.problem.items
        uses = (use_of(blocks, price, gamma) for blocks in self.shards)
        return total_use((total_use(part, items) for part in stretches_of(uses, self.stretch)), items)
