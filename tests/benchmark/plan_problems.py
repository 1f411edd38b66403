"""Synthetic plans of any size: popular items are candidates more often, relevance is log-normal, groups overlap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from model.exposure.list_rules import ListRules
from model.exposure.problem import Group, Problem


def synthetic_problem(users: int, items: int, per_user: int, *, seed: int = 1, slots: int = 10) -> Problem:
    """`users` times `per_user` pairs; caps of items at four times a fair share, floors for three groups."""
    r = np.random.default_rng(seed)
    popularity = r.pareto(1.5, items) + 0.2
    share = np.cumsum(popularity / popularity.sum())
    item = np.empty((users, per_user), dtype=np.int32)
    for begin in range(0, users, 20_000):
        end = min(begin + 20_000, users)
        # Drawn with repetition, then made distinct: repeats move to the next item that is free for the shopper.
        drawn = np.sort(np.searchsorted(share, r.random((end - begin, per_user))), axis=1)
        base = drawn - np.arange(per_user)
        item[begin:end] = np.minimum(np.maximum.accumulate(base, axis=1) + np.arange(per_user), items - 1 - per_user)
        item[begin:end] += np.arange(per_user) * (item[begin:end] == items - 1 - per_user)
    quality = np.exp(r.normal(0, 0.5, items))
    relevance = np.minimum(0.02 * quality[item] * np.exp(r.normal(0, 0.8, item.shape)), 1.0)
    visits = r.integers(1, 29, users) / 30
    weights = np.linspace(1.0, 0.4, slots)
    total = float(visits.sum() * weights.sum())
    rare = np.argsort(popularity)
    groups = (
        Group("rare", np.sort(rare[: items // 5]), 0.10 * total),
        Group("some", np.sort(r.choice(items, items // 5, replace=False)), 0.25 * total),
        Group("others", np.sort(r.choice(items, items // 5, replace=False)), 0.25 * total),
    )
    return Problem(
        user_start=np.arange(users + 1, dtype=np.int64) * per_user,
        item_index=item.ravel(),
        value=relevance.ravel(),
        visits=visits,
        position_weights=weights,
        exploration_slots=0,
        item_cap=np.full(items, 4.0 * total / items),
        item_floor=np.zeros(items),
        groups=groups,
        list_rules=ListRules(r.integers(0, max(items // 20, 1), (1, items), dtype=np.int32), np.array([3]), ("type",)),
    )


def with_binding_rules(problem: Problem, *, seed: int = 1) -> Problem:
    """The problem under two crossing rules: at most three of one of 40 product types, and at most two rare items."""
    r = np.random.default_rng(seed)
    rare = np.full(problem.items, -1, dtype=np.int32)
    rare[problem.groups[0].members] = 0
    codes = np.stack([r.integers(0, 40, problem.items, dtype=np.int32), rare])
    return replace(problem, list_rules=ListRules(codes, np.array([3, 2]), ("type", "rare")))
