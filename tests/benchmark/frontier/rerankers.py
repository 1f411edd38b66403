"""Lists of every method from one matrix of predicted relevance; all have the same candidates and know no more."""

from __future__ import annotations

import numpy as np

from model.exposure.hashed_random import seeds_of
from model.exposure.plan import planned
from model.exposure.problem import Group, Problem, total_exposure
from tests.model.exposure.problems import no_rules

NEVER = -1e9


def top(score: np.ndarray, slots: int) -> np.ndarray:
    """int (users, slots): the best by score, best first."""
    part = np.argpartition(-score, slots, axis=1)[:, :slots]
    order = np.argsort(-np.take_along_axis(score, part, axis=1), axis=1, kind="stable")
    return np.take_along_axis(part, order, axis=1)


def constant_boost(f: np.ndarray, tail: np.ndarray, slots: int, boost: float) -> np.ndarray:
    """The same amount added to every tail item."""
    return top(f + boost * tail, slots)


def ours(f: np.ndarray, tail: np.ndarray, visits: np.ndarray, theta: np.ndarray, share: float,
         cap: np.ndarray) -> np.ndarray:  # fmt: skip
    """The plan of model.exposure with a floor for the tail, in expected delivered exposure, and caps on items."""
    users, items = f.shape
    user, item = np.nonzero(f > NEVER)
    floor = share * total_exposure(visits, theta)
    problem = Problem(
        user_start=np.searchsorted(user, np.arange(users + 1)), item_index=item.astype(np.int32), value=f[user, item],
        visits=visits, position_weights=theta, exploration_slots=0, item_cap=cap, item_floor=np.zeros(items),
        groups=(Group("tail", np.flatnonzero(tail), floor=floor),), list_rules=no_rules(items),
    )  # fmt: skip
    seeds = seeds_of(map(str, range(users)), "users"), seeds_of(map(str, range(items)), "items")
    entries = planned(problem, 0.002, 60, *seeds).entries
    lists = np.full((users, len(theta)), -1)
    lists[entries.user, entries.rank] = item[entries.pair]
    return lists


def p_mmf(f: np.ndarray, provider: np.ndarray, slots: int, weight: float, seed: int, step: float = 1e-2,
          momentum: float = 0.4) -> np.ndarray:  # fmt: skip
    """P-MMF (Xu, Chen, Xu, Dong and Wen, "P-MMF: Provider Max-min Fairness Re-ranking in Recommender System", 2023).

    Users come in random order; a list is the best by f minus the dual price of the item's provider, and the prices
    follow the exposure by momentum gradient descent in the dual of  sum f x + weight * min_p exposure_p / capacity_p.
    Capacities are by the providers' numbers of items, with 1 + 1 / providers of room; a provider without room left is
    masked. provider: int (items); weight: lambda, in units of f.
    """
    users = len(f)
    count = np.bincount(provider)
    capacity = slots * count / count.sum() * (1 + 1 / len(count))  # a user
    left, price, gradient = users * capacity, np.zeros(len(count)), np.zeros(len(count))
    lists = np.zeros((users, slots), dtype=np.int64)
    for user in np.random.default_rng(seed).permutation(users):
        score = f[user] - price[provider] + np.where(left[provider] > 0, 0.0, NEVER)
        chosen = np.argpartition(-score, slots)[:slots]
        lists[user] = chosen[np.argsort(-f[user, chosen], kind="stable")]
        used = np.bincount(provider[chosen], minlength=len(count))
        left = left - used
        gradient = momentum * gradient + (1 - momentum) * (capacity - used)
        price = _projected(price - step * gradient / capacity**2, capacity, weight)
    return lists


def _projected(price: np.ndarray, capacity: np.ndarray, weight: float) -> np.ndarray:
    """The nearest prices, in the norm weighted by capacity^2, with capacity x price summing to -weight at least over
    any providers: the negative parts of capacity x price are projected onto the simplex of that size."""
    scaled = price * capacity
    negative = np.maximum(-scaled, 0.0)
    if negative.sum() <= weight:
        return price
    down = np.sort(negative)[::-1]
    cut = (np.cumsum(down) - weight) / np.arange(1, len(down) + 1)
    threshold = cut[np.flatnonzero(down > cut)[-1]]
    return np.where(scaled < 0, -np.maximum(negative - threshold, 0.0), scaled) / capacity


def fair_rec(f: np.ndarray, slots: int, alpha: float, seed: int) -> np.ndarray:
    """FairRec (Patro, Biswas, Ganguly, Gummadi and Chakraborty, "FairRec: Two-Sided Fairness for Personalized
    Recommendations in Two-Sided Platforms", WWW 2020).

    Every item gets floor(alpha users slots / items) copies, which users pick in turn, each the best that is left; then
    every list is filled with the best items. Lists are shown best first.
    """
    users, items = f.shape
    copies = np.full(items, int(alpha * users * slots / items))
    rounds = int(copies.sum() // users)
    chosen = np.zeros(f.shape, dtype=bool)
    order = np.random.default_rng(seed).permutation(users)
    for _ in range(min(rounds, slots)):
        for user in order:
            best = int(np.argmax(np.where((copies > 0) & ~chosen[user], f[user], -np.inf)))
            chosen[user, best] = True
            copies[best] -= 1
    filled = top(np.where(chosen, f + 1e6, f), slots)
    by_value = np.argsort(-np.take_along_axis(f, filled, axis=1), axis=1, kind="stable")
    return np.take_along_axis(filled, by_value, axis=1)
