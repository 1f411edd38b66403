"""Days of a storefront in memory: visits, lists, examinations, responses, fatigue, stock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from model.simulation.world import World

CLICKS_A_RESPONSE = 32.0  # where appeal is small: about 3 % of the clicks of a list end in a purchase


@dataclass(frozen=True)
class Lists:
    """item: int (users, positions), -1 where a list is shorter; propensity: float64 of the same shape."""

    item: np.ndarray
    propensity: np.ndarray


@dataclass(frozen=True)
class Day:
    """Exposures of a day, in the order of requests and positions; request: int, unique over all days

    user, item, position (from 0), request: int (exposures); propensity: float64; responded, clicked: bool (exposures),
    a response comes after a click
    seconds: float64 (exposures), of the request since midnight
    bought_user, bought_item: int (organic purchases), made without any list; bought_seconds: float64
    """

    user: np.ndarray
    item: np.ndarray
    position: np.ndarray
    request: np.ndarray
    propensity: np.ndarray
    responded: np.ndarray
    clicked: np.ndarray
    seconds: np.ndarray
    bought_user: np.ndarray
    bought_item: np.ndarray
    bought_seconds: np.ndarray


class Storefront:
    """Simulates days in sequence, each from the state that the last one left. Equal seeds and lists give equal days."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.seed, self.stock, self.day = world, seed, world.stock.copy(), 0
        # Exposures without a response by pair; sparse by key, as most pairs are never shown.
        self._seen_key: np.ndarray = np.zeros(0, dtype=np.int64)
        self._seen: np.ndarray = np.zeros(0)
        self._requests = 0

    def state(self) -> dict[str, np.ndarray]:
        """The state after the last day, as arrays by name."""
        return {
            "stock": self.stock, "seen_key": self._seen_key, "seen": self._seen,
            "counts": np.array([self.day, self._requests]),
        }  # fmt: skip

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Takes over the state of a storefront of the same world and seed."""
        self.stock, self._seen_key, self._seen = (state[name].copy() for name in ("stock", "seen_key", "seen"))
        self.day, self._requests = (int(count) for count in state["counts"])

    def for_sale(self) -> np.ndarray:
        """bool (items): arrived, and in stock."""
        return (self.world.arrives <= self.day) & (self.stock > 0)

    def freshness(self, user: np.ndarray, item: np.ndarray) -> np.ndarray:
        """float64 (pairs): share of the appeal that is left after earlier exposures."""
        if not len(self._seen_key):
            return np.ones(len(user))
        key = user.astype(np.int64) * self.world.items + item
        at = np.minimum(np.searchsorted(self._seen_key, key), len(self._seen_key) - 1)
        return np.where(self._seen_key[at] == key, self.world.fatigue ** self._seen[at], 1.0)

    def play(self, lists: Lists) -> Day:
        """One day with these lists. An item that is not for sale at the start of the day is left out of its list and
        the others move up; one that sells out during the day is still shown, and the first to respond get it."""
        world, random = self.world, np.random.default_rng([self.seed, self.day])
        requests = random.poisson(world.visits)
        request_user = np.repeat(np.arange(world.users), requests)
        time = np.sort(random.uniform(0, 86_400, len(request_user)))
        request_user = request_user[random.permutation(len(request_user))]
        shown = lists.item[request_user]
        offered = (shown >= 0) & self.for_sale()[np.maximum(shown, 0)]
        row, column = np.nonzero(offered)
        position = (np.cumsum(offered, axis=1) - 1)[row, column]
        user, item = request_user[row], shown[row, column]
        rate = world.appeal_of(user, item) * self.freshness(user, item)
        draw = random.random(len(user))
        responded = draw < world.examination[position] * -np.expm1(-rate)
        clicked = draw < world.examination[position] * -np.expm1(-CLICKS_A_RESPONSE * rate)
        responded &= self._served(item, responded)
        day = Day(
            user, item, position, self._requests + row, lists.propensity[request_user[row], column], responded,
            clicked, time[row], *self._organic(random),
        )  # fmt: skip
        self._requests += len(request_user)
        self._remember(user[~responded], item[~responded])
        self.stock -= np.bincount(item[responded], minlength=world.items)
        self.stock = np.maximum(self.stock - np.bincount(day.bought_item, minlength=world.items), 0)
        self.day += 1
        return day

    def _served(self, item: np.ndarray, responded: np.ndarray) -> np.ndarray:
        """bool (exposures): whether stock is left at this response."""
        at = np.flatnonzero(responded)
        order = np.argsort(item[at], kind="stable")
        mine = item[at][order]
        first = np.searchsorted(mine, mine, side="left")
        served = np.zeros(len(item), dtype=bool)
        served[at[order]] = np.arange(len(mine)) - first < self.stock[mine]
        return served

    def _organic(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Purchases without a list, in proportion to need: draws a class of the user, then an item of the class."""
        world = self.world
        membership, needs = world.needs
        user = np.repeat(np.arange(world.users), random.poisson(world.organic))
        line = np.cumsum(membership, axis=1)[user]
        of_class = np.minimum((random.random(len(user))[:, None] * line[:, -1:] > line).sum(axis=1), line.shape[1] - 1)
        item = np.zeros(len(user), dtype=np.int64)
        able = self.for_sale()
        for number, need in enumerate(needs):
            mine = np.flatnonzero(of_class == number)
            sums = np.cumsum(np.where(able, need, 0.0))
            if len(mine) and sums[-1] > 0:
                item[mine] = np.searchsorted(sums, random.random(len(mine)) * sums[-1], side="right")
            else:
                item[mine] = -1
        sold = item >= 0
        return user[sold], item[sold], random.uniform(0, 86_400, int(sold.sum()))

    def _remember(self, user: np.ndarray, item: np.ndarray) -> None:
        key, count = np.unique(user.astype(np.int64) * self.world.items + item, return_counts=True)
        keys, place = np.unique(np.concatenate([self._seen_key, key]), return_inverse=True)
        self._seen = np.bincount(place, np.concatenate([self._seen, count.astype(np.float64)]), minlength=len(keys))
        self._seen_key = keys
