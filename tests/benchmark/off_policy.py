"""Coverage of the 95 % intervals of off-policy estimates on logs whose truth is known.

Each seed draws its shoppers from one large population, logs their visits under a policy that mixes everything in, and
estimates a policy that favours what the (wrong) prediction likes. The truth is the value over the population. Covered
is the doubly robust estimate of the target, of the difference to the logging policy, and beside them SNIPS and IPS.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from model.policy_evaluation.comparison import Bars, compared
from model.policy_evaluation.estimates import Evaluation, evaluated
from model.policy_evaluation.response_model import fitted
from tests.model.policy_evaluation.storefronts import Storefront, storefront

POPULATION, SHOPPERS, CLIP = 20_000, 500, 50.0


def main() -> None:
    """Prints one line an estimate: bias in standard errors, spread, stated standard error, coverage."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--seeds", type=int, default=500)
    seeds = made.parse_args().seeds
    population = storefront(users=POPULATION)
    truth = population.value(population.target)
    rows: dict[str, list[tuple[float, float, bool]]] = {}
    for seed in range(seeds):
        target, own = one_log(population, seed)
        for name in ("doubly_robust", "snips", "ips"):
            one = getattr(target, name)
            low, high = one.interval()
            rows.setdefault(name, []).append((one.value - truth, one.standard_error, low <= truth <= high))
        difference = compared(("target", "logging"), (target, own), Bars(0.9, 50)).differences["doubly_robust"]
        gain = truth - population.value(population.logging)
        rows.setdefault("doubly_robust difference", []).append(
            (difference.value - gain, difference.standard_error, difference.low <= gain <= difference.high)
        )
    print(f"{seeds} logs of {SHOPPERS} shoppers; truth {truth:.4f} responses a request under the target")
    print("estimate                    mean error  its s.e.   spread  stated s.e.  coverage of 95 % (s.e.)")
    for name, found in rows.items():
        error, stated, covered = (np.array(part, dtype=float) for part in zip(*found, strict=True))
        rate = covered.mean()
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
