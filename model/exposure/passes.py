"""Passes over all users, shard by shard: in memory here, on executors by running `use_of` on each shard there.

A shard is a fixed run of users, and a stretch a fixed run of shards. Sums go over the shards of a stretch and then over
stretches, in the same order everywhere; there are few stretches, so that adding them up takes little memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Protocol, TypeVar

import numpy as np

from model.exposure.facts import Facts, facts_of, total_facts
from model.exposure.problem import Problem
from model.exposure.user_block import Use, UserPairs, blocks_of, plan_of, total_use, use_of

SHARD_USERS = 8_192
MOST_STRETCHES = 64
Part = TypeVar("Part")


class Passes(Protocol):
    """Runs passes over all users."""

    facts: Facts

    def use(self, price: np.ndarray, gamma: float) -> Use:
        """The use of all users at the prices of items."""


def shards_of(pairs: UserPairs, shard_users: int = SHARD_USERS) -> Iterator[UserPairs]:
    """All users in order, `shard_users` at a time."""
    users = len(pairs.delivery)
    for begin in range(0, users, shard_users):
        yield pairs.part(begin, min(begin + shard_users, users))


def shards_a_stretch(users: int, shard_users: int = SHARD_USERS) -> int:
    """Number of shards in a stretch, so that there are at most MOST_STRETCHES stretches."""
    return max(-(-users // (shard_users * MOST_STRETCHES)), 1)


def stretches_of(shards: Iterable[Part], size: int) -> Iterator[Iterator[Part]]:
    """The parts of shards, `size` at a time; consume each stretch before the next."""
    for _, stretch in groupby(enumerate(shards), key=lambda numbered: numbered[0] // size):
        yield (part for _, part in stretch)


class InMemory:
    """Passes over a problem whose pairs lie in memory."""

    def __init__(self, problem: Problem, shard_users: int = SHARD_USERS) -> None:
        self.problem, self.shard_users = problem, shard_users
        self.stretch = shards_a_stretch(problem.users, shard_users)
        shards = list(shards_of(problem.pairs, shard_users))
        items, groups = problem.items, len(problem.groups)
        facts = (facts_of(shard, problem.membership) for shard in shards)
        self.facts = total_facts(
            (total_facts(part, items, groups) for part in stretches_of(facts, self.stretch)), items, groups
        )
        self.shards = [list(blocks_of(shard)) for shard in shards]

    def use(self, price: np.ndarray, gamma: float) -> Use:
        """The use of all users at the prices of items."""
        items = self.problem.items
        uses = (use_of(blocks, price, gamma) for blocks in self.shards)
        return total_use((total_use(part, items) for part in stretches_of(uses, self.stretch)), items)

    def plan(self, price: np.ndarray, gamma: float) -> tuple[np.ndarray, np.ndarray]:
        """Planned exposure of every pair and threshold of every user, at the prices of items."""
        parts = []
        threshold = np.zeros(self.problem.users)
        for number, blocks in enumerate(self.shards):
            for block in blocks:
                planned, of_users = plan_of(block, price, gamma)
                parts.append(planned)
                threshold[number * self.shard_users + block.row] = of_users
        return np.concatenate([*parts, np.zeros(0)]), threshold
