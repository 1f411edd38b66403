"""Coverage of the 90 % intervals of elasticities on a made-up store, and what the suggested changes of prices earn.

Season and promotions confound prices with sales there (see price_store.py). The regression of log(units) on log(price)
with item effects alone is printed for comparison.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from model.pricing.elasticity import OwnElasticity, own_elasticity
from model.pricing.item_weeks import ItemWeeks, item_weeks
from model.pricing.pooling import pooled
from model.pricing.suggestion import KEEP, NODES, suggested_change
from tests.benchmark.price_store import price_store

MARGIN, MOST = 0.4, 0.1  # of the price; change of it


def main() -> None:
    """Prints coverage, errors and gains, with and without listed prices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", type=int, default=200)
    args = parser.parse_args()
    for listed in (True, False):
        began = time.perf_counter()
        rows = np.concatenate([of_store(seed, listed=listed) for seed in range(args.stores)])
        seconds = (time.perf_counter() - began) / args.stores
        estimated = rows[np.isfinite(rows[:, 0])]
        truth, low, middle, high, own, own_error, naive, gain, verdict = estimated.T
        inside = (low <= truth) & (truth <= high)
        suggested = verdict == 1
        print(f"{'listed and paid' if listed else 'paid'} prices, {args.stores} stores, {seconds:.2f} s a store")
        print(f"  categories {len(rows)}, with an estimate {len(estimated)}")
        print(f"  coverage of 90 % intervals {inside.mean():.3f} (s.e. {inside.std() / np.sqrt(len(estimated)):.3f})")
        print(f"  mean width {np.mean(high - low):.2f}; own estimates' {np.mean(2 * 1.645 * own_error):.2f}")
        for name, error in (("pooled", middle - truth), ("own", own - truth), ("without controls", naive - truth)):
            print(f"  {name}: bias {error.mean():+.2f}, root mean square error {np.sqrt((error**2).mean()):.2f}")
        print(f"  a change suggested {suggested.mean():.2f}, which earns more {np.mean(gain[suggested] > 0):.3f}")


def of_store(seed: int, *, listed: bool) -> np.ndarray:
    """float64 (categories, 9): true elasticity, interval and median, own estimate with its error, estimate without
    controls, true gain of the suggested change, and whether one is suggested; NaN in a category without an estimate."""
    store = price_store(seed)
    names = (store.units, store.spend, store.promoted, store.listed)
    weeks = [
        item_weeks(
            units, spend, promoted, np.ones(units.shape, bool), price if listed else np.full(units.shape, np.nan)
        )
        for units, spend, promoted, price in zip(*names, strict=True)
    ]
    own = [own_elasticity(of) for of in weeks]
    estimated = np.array([not estimate.why_not for estimate in own])
    rows = np.full((len(own), 9), np.nan)
    chosen = [pair for pair, is_estimated in zip(zip(own, weeks, strict=True), estimated, strict=True) if is_estimated]
    if chosen:
        rows[estimated] = _judged(
            store.elasticity[estimated], [own for own, _ in chosen], [weeks for _, weeks in chosen]
        )
    return rows


def _judged(truth: np.ndarray, own: list[OwnElasticity], weeks: list[ItemWeeks]) -> np.ndarray:
    values, errors, freedom = (np.array([getattr(of, name) for of in own]) for name in ("value", "error", "freedom"))
    posterior = pooled(values, errors, freedom)
    low, middle, high = posterior.quantiles(np.array([0.05, 0.5, 0.95]))
    nodes = posterior.quantiles(NODES)
    gains, is_suggested = [], []
    for number, of in enumerate(weeks):
        tried = np.clip(of.tried(), -MOST, MOST)
        change = suggested_change(nodes[:, number], *tried, MARGIN)
        factor = 1 + change.change
        gains.append(factor ** truth[number] * (factor - 1 + MARGIN) - MARGIN)
        is_suggested.append(float(change.verdict != KEEP))
    naive = [_without_controls(of) for of in weeks]
    return np.stack([truth, low, middle, high, values, errors, naive, gains, is_suggested], axis=1)


def _without_controls(weeks: ItemWeeks) -> float:
    sold = np.isfinite(weeks.price) & (weeks.units > 0)
    count = np.maximum(sold.sum(axis=1, keepdims=True), 1)
    log_price, log_units = (np.log(np.where(sold, of, 1.0)) for of in (weeks.price, weeks.units))
    log_price = np.where(sold, log_price - log_price.sum(axis=1, keepdims=True) / count, 0.0)
    return float((log_price * log_units).sum() / (log_price**2).sum())


if __name__ == "__main__":
    main()
