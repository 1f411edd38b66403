"""The ground truth of the simulation: tastes, visits, stock, arrivals, attention to positions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from model.simulation.latent_classes import LatentClasses


@dataclass(frozen=True)
class World:
    """membership: float64 (users, classes); appeal: float64 (classes, items), the rate with which a class responds to
    an examined first exposure of an item; visits: float64 (users), a day; organic: float64 (users),
    purchases a day without any list
    examination: float64 (positions), chance that a position is examined
    stock: int (items), units on the first day; arrives: int (items), day from which the item can be sold
    fatigue: factor of the appeal of a pair for each exposure without a response
    need: float64 (classes, items), in proportion to which a class buys without any list; None: as the appeal
    """

    membership: np.ndarray
    appeal: np.ndarray
    visits: np.ndarray
    organic: np.ndarray
    examination: np.ndarray
    stock: np.ndarray
    arrives: np.ndarray
    fatigue: float
    need: np.ndarray | None = None

    @property
    def users(self) -> int:
        """Number of users."""
        return len(self.visits)

    @property
    def items(self) -> int:
        """Number of items."""
        return len(self.stock)

    def appeal_of(self, user: np.ndarray, item: np.ndarray) -> np.ndarray:
        """float64 (pairs): response rate of an examined first exposure."""
        return np.einsum("pc,pc->p", self.membership[user], self.appeal[:, item].T)

    def response(self, user: np.ndarray, item: np.ndarray) -> np.ndarray:
        """float64 (pairs): true probability of a response to an examined first exposure."""
        return -np.expm1(-self.appeal_of(user, item))

    @property
    def needs(self) -> tuple[np.ndarray, np.ndarray]:
        """float64 (users, classes), (classes, items): chances of the class of a purchase without any list, and of the
        item within the class; rows sum to 1."""
        if self.need is None:
            return self.membership, self.appeal / self.appeal.sum(axis=1, keepdims=True)
        of_class = self.need.sum(axis=1)
        by_user = self.membership * of_class
        chosen = self.need / np.maximum(of_class, 1e-300)[:, None]
        return by_user / np.maximum(by_user.sum(axis=1, keepdims=True), 1e-300), chosen

    def needed(self, user: np.ndarray, item: np.ndarray, days: float) -> np.ndarray:
        """float64 (pairs): probability that the user buys the item within so many days without any list."""
        of_class, chosen = self.needs
        share = np.einsum("pc,pc->p", of_class[user], chosen[:, item].T)
        return -np.expm1(-self.organic[user] * days * share)

    def uplift(self, user: np.ndarray, item: np.ndarray, days: float) -> np.ndarray:
        """float64 (pairs): true effect of an examined first exposure on buying within so many days."""
        return (1.0 - self.needed(user, item, days)) * self.response(user, item)


@dataclass(frozen=True)
class Habits:
    """Assumptions that are not fitted.

    response_rate: mean probability of a response to an examined exposure of an item that is drawn as the user buys
    new_share: share of the items that arrive during `days`
    scarce_share, units: share of the items with little stock, and their mean stock
    """

    response_rate: float = 0.05
    fatigue: float = 0.8
    new_share: float = 0.05
    days: int = 28
    scarce_share: float = 0.2
    units: int = 20


def world_of(
    classes: LatentClasses,
    item_type: np.ndarray,
    item_weight: np.ndarray,
    visits: np.ndarray,
    organic: np.ndarray,
    examination: np.ndarray,
    habits: Habits,
    seed: int,
) -> World:
    """A world from fitted tastes.

    item_type: int (items), column of the fitted counts; item_weight: float64 (items) or (classes, items) > 0, share of
    the item in its type, such as its purchases + 1: popular items are chosen more within a type.
    """
    random = np.random.default_rng(seed)
    weight = np.broadcast_to(item_weight, (len(classes.choice), len(item_type)))
    types = classes.choice.shape[1]
    of_type = np.stack([np.bincount(item_type, of_class, minlength=types) for of_class in weight])
    chosen = classes.choice[:, item_type] * (weight / of_type[:, item_type])
    # In units of the mean appeal of what a shopper would buy anyway.
    mean = float(np.mean((classes.membership @ chosen**2).sum(axis=1) / (classes.membership @ chosen).sum(axis=1)))
    items = len(item_type)
    arrives = np.where(random.random(items) < habits.new_share, random.integers(1, habits.days + 1, items), 0)
    scarce = random.random(items) < habits.scarce_share
    stock = np.where(scarce, 1 + random.poisson(habits.units, items), np.iinfo(np.int64).max // 2)
    appeal = np.minimum(habits.response_rate * chosen / mean, 3.0)
    return World(
        classes.membership, appeal, visits, organic, examination, stock.astype(np.int64), arrives, habits.fatigue
    )


def synthetic_world(
    seed: int, users: int, items: int, classes: int = 12, types: int = 60, habits: Habits | None = None,
    positions: int = 10,
) -> World:  # fmt: skip
    """A world without a panel: popularity of types and of items within a type falls by a power law."""
    random = np.random.default_rng(seed)
    popularity = 1.0 / np.arange(1, types + 1) ** 0.8
    choice = random.dirichlet(0.3 * types * popularity / popularity.sum(), classes)
    membership = random.dirichlet(np.full(classes, 0.25), users)
    item_type = random.integers(types, size=items)
    # Classes differ within a type too: otherwise no class would like an unpopular item best.
    weight = random.lognormal(0.0, 1.2, (classes, items)) / (1.0 + random.permutation(items)) ** 0.6
    visits = np.clip(random.gamma(1.5, 0.15, users), 0.02, 2.0)
    examination = 1.0 / np.arange(1, positions + 1) ** 0.5
    tastes = LatentClasses(membership, choice, np.zeros(0))
    return world_of(tastes, item_type, weight, visits, 3 * visits, examination, habits or Habits(), seed)


def with_anyway(world: World, share: np.ndarray, days: float) -> World:
    """The world where a share of what an exposure brought comes without it within so many days.

    share: float64 (items) or (classes, items) in [0, 1], of the appeal. The rest is what an exposure causes; so a pair
    has the same chance to be bought after an examined exposure in both worlds.
    """
    need = world.appeal * share
    organic = world.membership @ need.sum(axis=1) / days
    return replace(world, appeal=world.appeal * (1.0 - share), need=need, organic=organic)
