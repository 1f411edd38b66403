"""The frontier on simulated storefronts, paired by seed: python -m tests.benchmark.frontier [--seeds 30].

Every seed is a world of its own: tastes, popularity, positions and visits are drawn, the head are the items that hold
80 % of what shoppers buy by themselves. All methods have the same predicted relevance, which is off: it mixes the truth
with the item's mean and noise. At each level of tail exposure (share of the examined exposure) stands the true expected
response a visit, of ours, and the difference of each other method to ours with its 95 % interval over the seeds (t).
The second part bounds stock: what is sold out earns nothing more. Only ours knows of stock, as a cap.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from scipy import stats

from model.simulation.world import Habits, World, synthetic_world
from tests.benchmark.frontier.rerankers import NEVER, constant_boost, fair_rec, ours, p_mmf, top

USERS, ITEMS, SLOTS, CANDIDATES = 400, 600, 10, 120
FLOORS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True)
class Case:
    """f: float64 (users, items), predicted, NEVER where no candidate; truth: float64 (users, items); tail: bool (items)
    visits: float64 (users) in (0, 1]; theta: float64 (slots); stock: float64 (items), units for the night."""

    f: np.ndarray
    truth: np.ndarray
    tail: np.ndarray
    visits: np.ndarray
    theta: np.ndarray
    stock: np.ndarray

    def share_and_response(self, lists: np.ndarray) -> tuple[float, float]:
        """Tail share of the examined exposure; true expected responses a visit, no more of an item than its stock."""
        user, place = np.nonzero(lists >= 0)
        item = lists[user, place]
        exposure = self.visits[user] * self.theta[place]
        sold = np.bincount(item, exposure * self.truth[user, item], minlength=len(self.tail))
        return float(exposure[self.tail[item]].sum() / exposure.sum()), float(
            np.minimum(sold, self.stock).sum() / self.visits.sum()
        )


def main() -> None:
    """Prints both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    seeds = parser.parse_args().seeds
    for stock in (None, 2.0):
        print("\n" + ("no bound on stock" if stock is None else f"stock of about {stock:g} units an item a night"))
        _report([_responses(_case(seed, stock), seed) for seed in range(seeds)])


def _case(seed: int, stock: float | None) -> Case:
    world: World = synthetic_world(seed, USERS, ITEMS, habits=Habits(response_rate=0.15, scarce_share=0, new_share=0))
    random = np.random.default_rng(1_000 + seed)
    # Shoppers have tastes of their own in addition to those of their classes.
    rate = world.membership @ world.appeal * random.lognormal(0.0, 1.0, (USERS, ITEMS))
    truth = -np.expm1(-rate)
    bought = world.visits @ rate
    order = np.argsort(-bought)
    tail = np.ones(ITEMS, dtype=bool)
    tail[order[: int(np.searchsorted(np.cumsum(bought[order]), 0.8 * bought.sum())) + 1]] = False
    guess = truth**0.7 * truth.mean(axis=0) ** 0.3 * np.exp(random.normal(0, 0.5, truth.shape))
    f = guess * truth.sum() / guess.sum()
    allowed = np.zeros(f.shape, dtype=bool)
    for among in (f, np.where(tail, f, -1.0)):
        np.put_along_axis(allowed, top(among, CANDIDATES // 2), True, axis=1)
    units = np.full(ITEMS, np.inf) if stock is None else stock * random.gamma(2.0, 0.5, ITEMS)
    return Case(np.where(allowed, f, NEVER), truth, tail, np.clip(world.visits, 0.02, 1.0), world.examination, units)


def _responses(case: Case, seed: int) -> dict[str, np.ndarray]:
    """True response of each method at the tail exposure that ours reaches with a floor, NaN where it does not reach it.

    start: tail exposure and response of pure relevance; double: change of response where the tail's exposure doubles
    """
    f, tail, visits, theta = case.f, case.tail, case.visits, case.theta
    share, response = case.share_and_response(top(f, SLOTS))
    largest = np.maximum(np.where(f > NEVER, f, 0.0).max(axis=0), 1e-9)
    cap = np.minimum(case.stock / largest, visits.sum())

    def planned_at(floor: float) -> tuple[float, float]:
        return case.share_and_response(ours(f, tail, visits, theta, floor, cap))

    plans = [planned_at(floor) if floor > share else (np.nan, np.nan) for floor in FLOORS]
    # A floor may be exceeded: all methods are compared at the share that ours reaches.
    reached, mine = np.array(plans).T

    def boosted(level: float) -> float:
        low, high = 0.0, float(f.max())
        for _ in range(25):
            middle = (low + high) / 2
            enough = case.share_and_response(constant_boost(f, tail, SLOTS, middle))[0] >= level
            low, high = (low, middle) if enough else (middle, high)
        return case.share_and_response(constant_boost(f, tail, SLOTS, high))[1]

    scale, provider = float(f[f > NEVER].mean()), tail.astype(np.int64)
    curves = {
        "P-MMF": [p_mmf(f, provider, SLOTS, weight * scale, seed, scale) for weight in np.geomspace(0.3, 300, 16)],
        "FairRec": [fair_rec(f, SLOTS, alpha, seed) for alpha in np.linspace(0.05, 1.0, 12)],
    }
    responses = {
        "start": np.array([share, response]),
        "reached": reached,
        "ours": mine,
        "boost": np.array([boosted(level) if np.isfinite(level) else np.nan for level in reached]),
        "double": np.array([planned_at(2 * share)[1] / response - 1]),
    }
    for name, lists in curves.items():
        points = np.array([(share, response), *map(case.share_and_response, lists)])
        points = points[np.argsort(points[:, 0])]
        inside = reached <= points[-1, 0]
        responses[name] = np.where(inside, np.interp(reached, points[:, 0], points[:, 1]), np.nan)
    return responses


def _report(cases: list[dict[str, np.ndarray]]) -> None:
    start = np.array([case["start"] for case in cases])
    print(f"pure relevance: tail {start[:, 0].mean():.1%} of the exposure, {start[:, 1].mean():.4f} responses a visit")
    print("floor  reached  response (of pure)   others minus ours, 95 % interval, in % of ours")
    own, reached = (np.array([case[name] for case in cases]) for name in ("ours", "reached"))
    for place, floor in enumerate(FLOORS):
        mine = own[:, place]
        reaching = np.isfinite(mine)
        if not reaching.any():
            continue
        cells = []
        for name in ("boost", "P-MMF", "FairRec"):
            other = np.array([case[name][place] for case in cases])
            both = reaching & np.isfinite(other)
            if both.sum() < 3:
                cells.append(f"{name}: does not reach it")
                continue
            difference = 100 * (other[both] / mine[both] - 1)
            half = stats.t.ppf(0.975, both.sum() - 1) * difference.std(ddof=1) / both.sum() ** 0.5
            cells.append(f"{name} {difference.mean():+.2f} ± {half:.2f} (n {both.sum()})")
        of_pure = (mine[reaching] / start[reaching, 1]).mean()
        print(
            f"{floor:5.0%} {reached[reaching, place].mean():8.1%} {mine[reaching].mean():9.4f} {of_pure:10.1%}   "
            + "   ".join(cells)
        )
    double = np.array([case["double"][0] for case in cases])
    error = double.std(ddof=1) / len(double) ** 0.5
    print(f"where the tail's exposure doubles, the response changes by {double.mean():+.1%} (s.e. {error:.1%})")


if __name__ == "__main__":
    main()
