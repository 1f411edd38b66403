"""Logs of lists that are sorted by each shopper's own score, with a known attention to positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from model.policy_evaluation.position_bias import counted

TRUTH = np.array([1, 0.85, 0.73, 0.65, 0.6, 0.55, 0.51, 0.48, 0.45, 0.43])
POSITIONS, CANDIDATES, ITEMS = 10, 60, 1_000


@dataclass(frozen=True)
class Shopping:
    """What varies among shoppers and items, and how far predictions are off.

    spread: of the relevance of an item among shoppers (lognormal)
    shoppers: of a factor of all predictions of a shopper that is no attraction, such as the frequency of visits
    error: of the prediction of a pair; item_error: of all predictions of an item, as in its boost
    slope: of the logarithm of the prediction by that of the relevance
    """

    spread: float
    shoppers: float = 0.0
    error: float = 0.0
    item_error: float = 0.0
    slope: float = 1.0


@dataclass(frozen=True)
class SortedLists:
    """Exposures, all of (exposures); position from 0; boost: logarithm; level: mean logarithm of the candidates' f

    attraction: chance of an answer where the position is examined
    partner: position whose item was swapped with the first one's for half of the lists at random; 0 without swaps
    """

    shopper: np.ndarray
    item: np.ndarray
    position: np.ndarray
    relevance: np.ndarray
    boost: np.ndarray
    level: np.ndarray
    answered: np.ndarray
    partner: np.ndarray
    attraction: np.ndarray

    def sums(self, key: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """shown, by the offset, and answered (strata, positions); key: of the stratum (exposures)."""
        stratum = np.unique(key, axis=0, return_inverse=True)[1].ravel()
        shown, _ = counted(stratum, self.position, self.answered, offset, POSITIONS)
        _, answered = counted(stratum, self.position, self.answered, np.ones(len(stratum)), POSITIONS)
        return shown, answered

    def as_learnt(self) -> tuple[np.ndarray, np.ndarray]:
        """shown and answered in the strata of features.delivery.strata."""
        return self.sums(self.strata(), self.relevance)

    def strata(self) -> np.ndarray:
        """float64 (exposures, 3), whole numbers: as of features.delivery.strata."""
        bins = (np.log(self.relevance) / 0.25, self.boost / 0.25, self.level / 0.1)
        return np.floor(np.stack(bins, axis=1))


def as_tables(log: SortedLists) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Exposures and lists as of `two_policies`: a request a shopper by `main`; `new` is main's list upside down."""
    shopper = log.shopper.astype(str)
    stratum = [":".join(map(str, row)) for row in log.strata().astype(int)]
    pair = {"as_of": 1, "user_id": shopper, "item_id": log.position.astype(str), "relevance": log.relevance}
    exposures = pd.DataFrame(
        {**pair, "request_id": shopper, "day": 1, "position": log.position + 1, "propensity": 1.0,
         "sample_weight": 1.0, "policy": "main", "response": log.answered.astype(np.float64), "drawn_slots": np.nan,
         "stratum": stratum, "listed_relevance": log.relevance}
    )  # fmt: skip
    main = pd.DataFrame({**pair, "rank": log.position + 1})
    return exposures, {"main": main, "new": main.assign(rank=POSITIONS + 1 - main["rank"])}


def sorted_lists(world: Shopping, shoppers: int, seed: int, *, swapped: bool = False) -> SortedLists:
    """One list of the 10 best of 60 candidates for each shopper; swapped: with the partners of SortedLists."""
    random = np.random.default_rng(seed)
    of_item = 0.05 * random.lognormal(-0.5, 1.0, ITEMS)
    mistake = random.normal(0.0, 1.0, ITEMS)
    item = random.integers(ITEMS, size=(shoppers, CANDIDATES))
    spread = random.lognormal(-(world.spread**2) / 2, world.spread, item.shape)
    attraction = np.minimum(of_item[item] * spread, 0.95)
    off = world.error * random.normal(0.0, 1.0, item.shape) + world.item_error * mistake[item]
    own = world.shoppers * random.normal(0.0, 1.0, (shoppers, 1))
    relevance = 0.05 * (attraction / 0.05) ** world.slope * np.exp(off + own)
    boost = world.item_error * (mistake[item] > 1)  # of the items that are predicted too high
    level = np.broadcast_to(np.log(relevance).mean(axis=1)[:, None], (shoppers, POSITIONS))
    order = np.argsort(-np.log(relevance) - boost, axis=1)[:, :POSITIONS]
    partner = np.zeros(shoppers, dtype=np.int64)
    if swapped:
        partner = random.integers(1, POSITIONS, shoppers)
        of = np.flatnonzero(random.random(shoppers) < 0.5)
        order[of, 0], order[of, partner[of]] = order[of, partner[of]], order[of, 0]
    item, attraction, relevance, boost = (
        np.take_along_axis(values, order, axis=1).ravel() for values in (item, attraction, relevance, boost)
    )
    position = np.tile(np.arange(POSITIONS), shoppers)
    return SortedLists(
        shopper=np.repeat(np.arange(shoppers), POSITIONS), item=item, position=position, relevance=relevance,
        boost=boost, level=level.ravel(), answered=random.random(len(position)) < TRUTH[position] * attraction,
        partner=np.repeat(partner, POSITIONS), attraction=attraction,
    )  # fmt: skip
