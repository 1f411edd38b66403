"""Coverage of the 95 % intervals of off-policy estimates on logs whose truth is known.

Each seed draws its shoppers from one large population, logs their visits under a policy that may show any
item, and evaluates a policy that favours what the (wrong) prediction ranks high. The truth is the value over the
population. Coverage is that of the doubly robust estimate of the target, of its difference to the logging policy, and
of SNIPS and IPS.

The first part checks the estimators alone, item-position with known examination of positions. The second checks what
jobs/compare.py prints: position-based by tables, the examination estimated from the same log, the clip of
conf/base.yaml, a policy that never ran against the one that logged, whose last two places are drawn. The third does so
on lists that are sorted by each shopper's own score, as in tests.benchmark.attention, with a prior that is too steep.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from jobs.config.configuration import resolve_config
from jobs.config.files import read_packaged
from model.policy_evaluation.comparison import Bars, Difference, compared
from model.policy_evaluation.estimates import Evaluation, evaluated
from model.policy_evaluation.response_model import fitted
from model.policy_evaluation.two_policies import Settings, two_policies
from tests.benchmark.attention import WORLDS
from tests.model.policy_evaluation.sorted_lists import POSITIONS, TRUTH, as_tables, sorted_lists
from tests.model.policy_evaluation.storefronts import Storefront, storefront
from tests.model.policy_evaluation.test_two_policies import THETA, attraction_of, store

Rows = dict[str, list[tuple[float, float, bool]]]  # by estimate: error, stated standard error, whether covered
POPULATION, SHOPPERS, CLIP = 20_000, 500, 50.0
SORTED_LISTS = 2_000


def main() -> None:
    """Prints one line an estimate: bias in standard errors, spread, stated standard error, coverage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=500)
    seeds = parser.parse_args().seeds
    _by_estimators(seeds)
    _by_tables(seeds)
    _by_sorted_lists(seeds // 5)


def _by_estimators(seeds: int) -> None:
    population = storefront(users=POPULATION)
    truth = population.value(population.target)
    gain = truth - population.value(population.logging)
    rows: Rows = {}
    for seed in range(seeds):
        target, own = one_log(population, seed)
        difference = compared(("target", "logging"), (target, own), Bars(0.9, 50)).differences["doubly_robust"]
        _add(rows, target, truth, difference, gain)
    _print(f"{seeds} logs of {SHOPPERS} shoppers, item-position, known examination", truth, rows)


def _by_tables(seeds: int) -> None:
    settings = _settings(THETA**0.7)
    # Of the population that the logs' shoppers are drawn from; all items attract equally in the mean.
    truth = mean_attraction() * float(THETA.sum())
    rows: Rows = {}
    for seed in range(seeds):
        exposures, lists, _ = store(seed)
        answer = two_policies(exposures, lists, ("new", "main"), settings)
        _add(rows, answer.evaluations[0], truth, answer.comparison.differences["doubly_robust"], 0.0)
    _print(f"{seeds} logs of 250 shoppers, position-based, estimated examination", truth, rows)


def _by_sorted_lists(logs: int) -> None:
    """A policy that turns the lists upside down, on lists that are sorted by each shopper's own score."""
    settings = _settings(np.arange(1, POSITIONS + 1) ** -0.6)
    for name, world in WORLDS.items():
        rows: Rows = {}
        for seed in range(logs):
            # The same items, met by ten times as many shoppers.
            many = sorted_lists(world, 10 * SORTED_LISTS, seed).attraction.reshape(-1, POSITIONS)
            truth, own = (float((side @ TRUTH).mean()) for side in (many[:, ::-1], many))
            exposures, lists = as_tables(sorted_lists(world, SORTED_LISTS, seed))
            answer = two_policies(exposures, lists, ("new", "main"), settings)
            _add(rows, answer.evaluations[0], truth, answer.comparison.differences["doubly_robust"], truth - own)
        _print(f"{logs} logs of {SORTED_LISTS} sorted lists, {name}", truth, rows)


def _settings(position_weights: np.ndarray) -> Settings:
    conf = resolve_config(read_packaged("base.yaml"), read_packaged("local.yaml"), "local.yaml").evaluation
    deviation = conf.position_weight_deviation
    return Settings(
        "position-based", conf.clip, Bars(0.5, 50), conf.most_exposures_a_day, position_weights, deviation
    )  # fmt: skip


def mean_attraction() -> float:
    """Of a shopper and item of `store`: the mean of its clipped gamma distribution."""
    return float(attraction_of(np.random.default_rng(1), (20_000_000,)).mean())


def _add(rows: Rows, target: Evaluation, truth: float, difference: Difference, gain: float) -> None:
    for name in ("doubly_robust", "snips", "ips"):
        estimate = getattr(target, name)
        low, high = estimate.interval()
        rows.setdefault(name, []).append((estimate.value - truth, estimate.standard_error, low <= truth <= high))
    rows.setdefault("doubly_robust difference", []).append(
        (difference.value - gain, difference.standard_error, difference.low <= gain <= difference.high)
    )


def _print(what: str, truth: float, rows: Rows) -> None:
    print(f"\n{what}; truth {truth:.4f} responses a request under the target")
    print("estimate                    mean error  its s.e.   spread  stated s.e.  coverage of 95 % (s.e.)")
    for name, of_estimate in rows.items():
        error, stated, covered = (np.array(part, dtype=float) for part in zip(*of_estimate, strict=True))
        rate, seeds = covered.mean(), len(of_estimate)
        print(
            f"{name:27} {error.mean():10.5f} {error.std() / seeds**0.5:9.5f} {error.std():8.5f} {stated.mean():12.5f} "
            f"{rate:9.3f} ({np.sqrt(rate * (1 - rate) / seeds):.3f})"
        )


def one_log(population: Storefront, seed: int) -> tuple[Evaluation, Evaluation]:
    """Evaluations of the target and of the logging policy itself from one drawn log."""
    chosen = np.random.default_rng(10_000 + seed).integers(POPULATION, size=SHOPPERS)
    shop = replace(
        population,
        **{
            name: getattr(population, name)[chosen] for name in ("attraction", "predicted", "rate", "logging", "target")
        },
    )
    log, item = shop.logged(seed)
    model = fitted(log, shop.theta)
    target, own = (
        evaluated(log, shop.lists(log, item, policy), model, "item-position", CLIP)
        for policy in (shop.target, shop.logging)
    )
    return target, own


if __name__ == "__main__":
    main()
