"""Estimates of attention to positions from lists that are sorted by each shopper's own relevance, against the truth.

    python -m tests.benchmark.attention [--logs 10]

Every log has 20,000 lists and about 15,000 answers. Compared are strata of items, as of logs whose lists are the same
for everyone; of 20 quantiles of the predicted relevance; of its bins with the relevance as offset; the same with the
boost and the level of the shopper's candidates, which position_weights uses; single lists with the relevance as offset,
whose number grows with the shoppers; and, without any model, the first item swapped with that of a random position in
half of the lists, whose answers are compared across both halves. A line holds the largest error of the mean of the logs
over positions, and the root mean square error of one log.

The second part shrinks towards a prior (conf/base.yaml's deviation) whose errors at neighbouring positions are alike to
some degree: one that is too steep, and one that is off at every position by chance. A line holds the root mean square
error of the weights by the number of lists.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from model.policy_evaluation.position_bias import position_bias, weights_of_positions
from tests.model.policy_evaluation.sorted_lists import POSITIONS, TRUTH, Shopping, SortedLists, sorted_lists

LISTS, DEVIATION = 20_000, 0.2
WORLDS = {
    "spread 0": Shopping(0.0),
    "spread .3": Shopping(0.3),
    "spread .7": Shopping(0.7),
    "spread .7, shoppers' visits .7": Shopping(0.7, shoppers=0.7),
    "spread .7, boosted items wrong by .5": Shopping(0.7, item_error=0.5),
    "spread .7, both, pairs wrong by .5, slope 1.3": Shopping(0.7, 0.7, 0.5, 0.5, 1.3),
}


def _of_items(log: SortedLists) -> tuple[np.ndarray, np.ndarray]:
    return log.sums(log.item, np.ones(len(log.item)))


def _of_quantiles(log: SortedLists) -> tuple[np.ndarray, np.ndarray]:
    edges = np.quantile(log.relevance, np.arange(1, 20) / 20)
    return log.sums(np.searchsorted(edges, log.relevance), np.ones(len(log.item)))


def _of_relevance(log: SortedLists) -> tuple[np.ndarray, np.ndarray]:
    return log.sums(np.floor(np.log(log.relevance) / 0.25), log.relevance)


def _of_lists(log: SortedLists) -> tuple[np.ndarray, np.ndarray]:
    return log.sums(log.shopper, log.relevance)


METHODS: dict[str, Callable[[SortedLists], tuple[np.ndarray, np.ndarray]]] = {
    "items": _of_items,
    "quantiles of relevance": _of_quantiles,
    "relevance as offset": _of_relevance,
    "with boost and level": SortedLists.as_learnt,
    "single lists": _of_lists,
}


def main() -> None:
    """Prints a table for each world, then one of priors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=int, default=10)
    logs = range(parser.parse_args().logs)
    for name, world in WORLDS.items():
        learnt: dict[str, list[np.ndarray]] = {}
        for seed in logs:
            log = sorted_lists(world, LISTS, seed)
            for method, sums in METHODS.items():
                learnt.setdefault(method, []).append(position_bias(*sums(log)).examination)
            learnt.setdefault("swaps", []).append(_by_swaps(sorted_lists(world, LISTS, seed, swapped=True)))
        print(f"\n{name:46} mean off by  error of one log")
        for method, weights in learnt.items():
            error = np.array(weights)[:, 1:] - TRUTH[1:]
            print(f"{method:46} {np.abs(error.mean(axis=0)).max():11.3f} {np.sqrt((error**2).mean()):17.3f}")
    _by_likeness(len(logs))


def _by_likeness(logs: int) -> None:
    random = np.random.default_rng(0)
    by_chance = TRUTH * np.exp(DEVIATION * random.normal(0.0, 1.0, (logs, POSITIONS)))
    by_chance[:, 0] = 1.0
    too_steep = np.broadcast_to(np.arange(1, POSITIONS + 1) ** -0.6, (logs, POSITIONS))
    sizes = (100, 500, 2_000, 20_000)
    print("\nprior        likeness " + " ".join(f"{size:7,}" for size in sizes))
    for name, priors in (("too steep", too_steep), ("by chance", by_chance)):
        by_size = [
            [sorted_lists(WORLDS["spread .7"], size, seed).as_learnt() for seed in range(logs)] for size in sizes
        ]
        for likeness in (0.0, 0.5, 0.8, 0.9, 0.95):
            errors = [
                np.array([
                    weights_of_positions(*log, prior, DEVIATION, likeness) - TRUTH
                    for log, prior in zip(of_size, priors, strict=True)
                ])
                for of_size in by_size
            ]  # fmt: skip
            print(f"{name:12} {likeness:8.2f} " + " ".join(f"{np.sqrt((error**2).mean()):7.3f}" for error in errors))


def _by_swaps(log: SortedLists) -> np.ndarray:
    """Answers at each position relative to those at the first, of the lists that swapped these two or might have."""
    at = np.array([log.answered[(log.partner == k) & (log.position == k)].sum() for k in range(1, POSITIONS)])
    first = np.array([log.answered[(log.partner == k) & (log.position == 0)].sum() for k in range(1, POSITIONS)])
    return np.concatenate([[1.0], at / first])


if __name__ == "__main__":
    main()
