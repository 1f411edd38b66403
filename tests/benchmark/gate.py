"""Wrong refusals and wrong passes of the gate on simulated pairs of equal and of worse models.

A shopper newly buys some items; the reference finds each of them with a chance of the shopper's own. The challenger
finds it with the same chance less the loss; for four of five items both models rank by the same luck. Retries move a
period of 28 days by 7: shoppers of 21 days are the same.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np

from model.gate import HARMED, HELD, TOO_FEW, Answer, answers, compare, error_of_attempt

MARGIN, RESAMPLES, ALIKE = 0.05, 1000, 0.8
SIZES, RECALLS = (1, 3, 10, 30, 100, 300, 1000), (0.07, 0.5)
SEGMENTS, HORIZON, RETRY, ATTEMPTS = 10, 28, 7, 4
STORES, MARGINS = (300, 1000, 2000, 5000, 10_000), (MARGIN, 2 * MARGIN)


def main() -> None:
    """Prints the answers by size of segment, the refusals by all segments, the passes over four attempts, and how often
    equal models pass the comparison of all shoppers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--overall", action="store_true", help="only the comparison of all shoppers")
    args = parser.parse_args()
    if not args.overall:
        _one_segment(args.pairs)
        _all_segments(args.pairs)
        _retries(args.pairs)
    _overall(args.pairs)


def found(random: np.random.Generator, shoppers: int, recall: float, loss: float) -> tuple[np.ndarray, np.ndarray]:
    """float64 (shoppers): recall of challenger and reference, each shopper's among 1 to 8 items newly bought."""
    items = random.integers(1, 9, shoppers)
    shopper = np.repeat(np.arange(shoppers), items)
    chance = random.beta(4 * recall, 4 * (1 - recall), shoppers)[shopper]
    luck = random.random(len(shopper))
    own = np.where(random.random(len(shopper)) < ALIKE, luck, random.random(len(shopper)))
    hits = [np.bincount(shopper, one, shoppers) for one in (own < (1 - loss) * chance, luck < chance)]
    return hits[0] / items, hits[1] / items


def _one_segment(pairs: int) -> None:
    print(f"\n{pairs} pairs a cell, one segment among {SEGMENTS}, the others without discordant shoppers: "
          f"{HARMED} / {HELD} / {TOO_FEW}, %")  # fmt: skip
    print(f"{'recall':>7}{'shoppers':>9}{'equal':>22}{f'{MARGIN:.0%} worse':>22}{'half':>22}")
    for recall in RECALLS:
        for size in SIZES:
            cells = [_answered(pairs, size, recall, loss) for loss in (0.0, MARGIN, 0.5)]
            print(f"{recall:7.2f}{size:9}" + "".join(f"{cell:>22}" for cell in cells), flush=True)


def _answered(pairs: int, size: int, recall: float, loss: float) -> str:
    random = np.random.default_rng(size)
    silent = {str(n): compare(np.zeros(1), np.zeros(1), MARGIN, error_of_attempt(None, HORIZON), RESAMPLES, 0)
              for n in range(SEGMENTS - 1)}  # fmt: skip
    count: Counter[Answer] = Counter()
    for seed in range(pairs):
        pair = found(random, size, recall, loss)
        segment = compare(*pair, MARGIN, error_of_attempt(None, HORIZON), RESAMPLES, seed)
        count[answers({"segment": segment, **silent})["segment"]] += 1
    return " / ".join(f"{100 * count[answer] / pairs:.1f}" for answer in (HARMED, HELD, TOO_FEW))


def _all_segments(pairs: int) -> None:
    """Segments of all sizes together, of equal models."""
    print(f"\n{pairs} pairs of equal models, {SEGMENTS} segments of 1 to 1,000 shoppers: refused, %")
    for recall in RECALLS:
        random, refused = np.random.default_rng(1), 0
        for seed in range(pairs):
            sizes = random.choice(SIZES, SEGMENTS)
            segments = {str(place): compare(*found(random, size, recall, 0.0), MARGIN, error_of_attempt(None, HORIZON),
                                            RESAMPLES, seed) for place, size in enumerate(sizes)}  # fmt: skip
            refused += HARMED in answers(segments).values()
        print(f"{recall:7.2f}{100 * refused / pairs:9.1f}", flush=True)


def _retries(pairs: int) -> None:
    """A model as much worse as the margin, tried every week until it passes: with 5 % at each, and as the gate does."""
    print(f"\n{pairs} models {MARGIN:.0%} worse, {ATTEMPTS} weekly attempts: passed in one of them, %")
    print(f"{'recall':>7}{'shoppers':>9}{'5 % each':>10}{'gate':>8}{'first alone':>13}")
    errors = [error_of_attempt(None if attempt == 0 else RETRY, HORIZON) for attempt in range(ATTEMPTS)]
    for recall in RECALLS:
        for size in (100, 1000):
            random = np.random.default_rng(2)
            passed = np.zeros(3)
            for seed in range(pairs):
                weeks = [found(random, size // 4, recall, MARGIN) for _ in range(ATTEMPTS + 3)]
                periods = [[np.concatenate(part) for part in zip(*weeks[start : start + 4], strict=True)]
                           for start in range(ATTEMPTS)]  # fmt: skip
                usual = [compare(*period, MARGIN, 0.05, RESAMPLES, seed).held for period in periods]
                spent = [compare(*period, MARGIN, error, RESAMPLES, seed).held
                         for period, error in zip(periods, errors, strict=True)]  # fmt: skip
                passed += (any(usual), any(spent), spent[0])
            rates = 100 * passed / pairs
            print(f"{recall:7.2f}{size:9}{rates[0]:10.1f}{rates[1]:8.1f}{rates[2]:13.1f}", flush=True)


def _overall(pairs: int) -> None:
    """Equal models in a store of so many shoppers with a target, at the first attempt."""
    print(f"\n{pairs} pairs of equal models: shown to be alike over all shoppers, %")
    print(f"{'recall':>7}{'shoppers':>9}" + "".join(f"{f'margin {margin:.0%}':>13}" for margin in MARGINS))
    error = error_of_attempt(None, HORIZON)
    for recall in RECALLS:
        for shoppers in STORES:
            random, held = np.random.default_rng(shoppers), np.zeros(len(MARGINS))
            for seed in range(pairs):
                pair = found(random, shoppers, recall, 0.0)
                held += [compare(*pair, margin, error, RESAMPLES, seed).held for margin in MARGINS]
            print(f"{recall:7.2f}{shoppers:9}" + "".join(f"{share:13.1f}" for share in 100 * held / pairs), flush=True)


if __name__ == "__main__":
    main()
