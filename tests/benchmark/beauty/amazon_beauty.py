"""Measures HR@10 and NDCG@10 of both stages on Amazon Beauty, next to published and measured baselines.

    make benchmark-beauty BEAUTY=FOLDER [ARGS="--validate --cores N"]

FOLDER holds interactions.parquet and items.parquet. Everything is fitted on items before the last of each shopper; the
last one, the test item, is read once, for the printed rows. `--validate` leaves the test items alone: it fits on the
validation items of four fifths of the shoppers and reports those of the others. The parameters here were chosen by it.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from model.fusion.ensemble import Ensemble
from model.fusion.training import fit_ranker
from model.fusion.trees import fit_trees
from tests.benchmark.beauty.protocol import Beauty, figures, print_row, ranks
from tests.benchmark.beauty.sides import Titles, catalogue, shoppers
from tests.benchmark.beauty.stages import (
    FUSION,
    INPUTS,
    TREES,
    Side,
    candidates_of,
    first_stage_of,
    items_of,
    period_of,
)
from tests.benchmark.beauty.texts import frozen_encoder, titles_of

# HR@10/NDCG@10 of all and tail targets by the same protocol, measured elsewhere; see tests/benchmark/README.md.
BASELINES = {
    "SASRec": ((0.0605, 0.0318), (0.0304, 0.0174)),
    "TADA (WWW 2026)": ((0.0732, 0.0407), (0.0409, 0.0251)),
    "EASE": ((0.0748, 0.0416), (0.0353, 0.0205)),
    "TF-IDF, decayed max-sim": ((0.0760, 0.0463), (0.0879, 0.0536)),
    "SASRec + 0.25 TF-IDF": ((0.0919, 0.0542), (0.0791, 0.0481)),
    "eSASRec": ((0.0928, 0.0523), None),
    "BSARec, cross-entropy, five seeds": ((0.1004, 0.0609), None),
}


def main() -> None:
    """Prints the baselines and the figures of both stages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--validate", action="store_true", help="figures of held-out validation items, not of the test")
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    started = time.monotonic()
    beauty = Beauty.read(arguments.folder)
    titles = titles_of(beauty, frozen_encoder(), arguments.cores)
    print_row("", None)
    for name, (overall, tail) in BASELINES.items():
        print_row(name, {"all": overall, "tail": tail})
    rows = (validated if arguments.validate else tested)(beauty, titles, arguments.cores)
    for name, row in rows.items():
        print_row(name, row)
    print(f"{time.monotonic() - started:.0f} s")


def side_of(beauty: Beauty, titles: Titles, statistics: int, histories: int) -> Side:
    """Statistics and histories of everything more than that many places before the last item."""
    length = np.array([len(title) for title in beauty.titles])
    return Side(catalogue(beauty, titles, statistics), shoppers(beauty, histories), length)


def validated(beauty: Beauty, titles: Titles, cores: int) -> dict[str, dict[str, tuple[float, float]]]:
    """Metrics of a fifth of the shoppers at their last but one item, by a model of the others."""
    side, target = side_of(beauty, titles, 1, 1), beauty.target(1)
    users = np.random.default_rng(2).permutation(len(target))
    held, others = np.sort(users[: len(users) // 5]), np.sort(users[len(users) // 5 :])
    return fitted(beauty, side, target, others, {"validation": (side, target, held)}, cores)


def tested(beauty: Beauty, titles: Titles, cores: int) -> dict[str, dict[str, tuple[float, float]]]:
    """Metrics of all shoppers at their last item, by a model of all at their last but one."""
    side, target = side_of(beauty, titles, 1, 1), beauty.target(1)
    everyone, last = np.arange(len(target)), beauty.target(0)
    earlier = Side(side.catalogue, shoppers(beauty, 0), side.title_length)
    tests = {
        # As published models are evaluated, so it comes first.
        "statistics one item earlier": (earlier, last, everyone),
        "statistics to the test": (side_of(beauty, titles, 0, 0), last, everyone),
    }
    return fitted(beauty, side, target, everyone, tests, cores)


def fitted(
    beauty: Beauty, side: Side, target: np.ndarray, users: np.ndarray,
    tests: dict[str, tuple[Side, np.ndarray, np.ndarray]], cores: int,
) -> dict[str, dict[str, tuple[float, float]]]:  # fmt: skip
    """Fits both stages on `target` of `users`; returns the metrics for the targets and users of each test."""
    tail = ~beauty.head()
    first_stage = first_stage_of(side, target, users, cores)
    period = period_of(side, candidates_of(side, first_stage, cores), target, users)
    ranker = fit_ranker([period], INPUTS, replace(FUSION, threads=cores))
    both = Ensemble(ranker, fit_trees([period], ranker, replace(TREES, threads=cores)))
    rows = {}
    for name, (test_side, test_target, test_users) in tests.items():
        block = candidates_of(test_side, first_stage, cores).take(test_users)
        targets = test_target[test_users]
        is_target = block.candidates == targets[:, None]
        column = np.where(is_target.any(axis=1), is_target.argmax(axis=1), -1)
        items = ranker.encode_items(items_of(test_side))
        rows[f"first stage, {name}"] = figures(ranks(block.first_stage_score, column), tail[targets])
        rows[f"fusion, {name}"] = figures(ranks(ranker.predict(block, items), column), tail[targets])
        rows[f"fusion and trees, {name}"] = figures(ranks(both.predict(block, items), column), tail[targets])
    return rows


if __name__ == "__main__":
    main()
