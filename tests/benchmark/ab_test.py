"""False alarms and power of the test of arms, read every day, on purchases of the Complete Journey panel.

The metric is that of jobs/analyse_test.py, purchase lines outside the head at the start of the test; the covariates are
the same means before it, and the effect to detect is that of conf/base.yaml. One log, households and days, is split
into two arms many times by the product's own hash. No household is treated differently, so every alarm is false. For
the power, each line of the arm is doubled with the stated probability. The same test without CUPED and a fixed-horizon
test at 5 % read every day are printed for comparison.
"""

from __future__ import annotations

import argparse
from datetime import date

import numpy as np
import pyarrow.parquet as pq

from jobs.config.configuration import resolve_config
from jobs.config.files import read_packaged
from jobs.sources.complete_journey.panel import installed_folder
from model.experiments.assignment import arms_of
from tests.model.experiments.row_wise import effect_of

CONF = resolve_config(read_packaged("base.yaml"), read_packaged("local.yaml"), "local.yaml")
BEGIN, DAYS, BEFORE, ALPHA = date(2017, 9, 4), 56, CONF.experiment.before_days, CONF.experiment.alpha
HALVES = {"control": 0.5, "treatment": 0.5}


def main() -> None:
    """Prints false alarms over all days and the power for the stated lift."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=1_000)
    parser.add_argument("--lift", type=float, default=0.10, help="true relative effect (default: %(default)s)")
    args = parser.parse_args()
    users, lines, before = panel_days()
    spread = CONF.experiment.least_effect * float(before[:, 0].mean())
    random = np.random.default_rng(1)
    alarms = {"with CUPED": 0, "without CUPED": 0, "fixed horizon, read daily": 0}
    detected = {"with CUPED": 0, "without CUPED": 0}
    days, variance_left = [], []
    for split in range(args.splits):
        treated = arms_of(users, HALVES, str(split)) == "treatment"
        plain, cuped = (effect_of(lines, of, treated, spread, ALPHA) for of in (np.zeros_like(before), before))
        alarms["with CUPED"] += bool(cuped.p[-1] < ALPHA)
        alarms["without CUPED"] += bool(plain.p[-1] < ALPHA)
        alarms["fixed horizon, read daily"] += bool(np.any(np.abs(cuped.difference) > 1.96 * np.sqrt(cuped.variance)))
        variance_left.append(cuped.variance_kept)
        if split % 4 == 0:
            lifted = lines + random.binomial(lines.astype(np.int64), args.lift) * treated[:, None]
            plain, cuped = (effect_of(lifted, of, treated, spread, ALPHA) for of in (np.zeros_like(before), before))
            detected["with CUPED"] += bool(cuped.p[-1] < ALPHA)
            detected["without CUPED"] += bool(plain.p[-1] < ALPHA)
            if cuped.p[-1] < ALPHA:
                days.append(int(np.argmax(cuped.p < ALPHA)) + 1)
    tried = -(-args.splits // 4)
    print(f"{len(users)} households, {DAYS} days from {BEGIN}, {lines.sum() / len(users):.1f} lines of the tail each")
    print(f"variance that CUPED leaves: {np.mean(variance_left):.0%}")
    for name, count in alarms.items():
        print(f"false alarms, {name:26} {_share(count, args.splits)}")
    for name, count in detected.items():
        print(f"power for {args.lift:+.0%}, {name:18} {_share(count, tried)}")
    if days:
        print(f"median day of detection {int(np.median(days))}")


def panel_days() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Households, their lines of the tail (households, days), and their means a day before of lines of the tail, lines
    of the head and spending (households, 3)."""
    names = ["household_id", "transaction_timestamp", "product_id", "sales_value"]
    table = pq.read_table(installed_folder() / "transactions.parquet", columns=names)
    households, user = np.unique(table["household_id"].to_numpy(), return_inverse=True)
    day = (table["transaction_timestamp"].to_numpy().astype("datetime64[D]") - np.datetime64(BEGIN, "D")).astype(int)
    of_head = _is_head(table["product_id"].to_numpy(), day)
    inside = (day >= -BEFORE) & (day < DAYS)

    def by_day(weight: np.ndarray) -> np.ndarray:
        at = user[inside] * (BEFORE + DAYS) + day[inside] + BEFORE
        sums = np.bincount(at, weight[inside], minlength=len(households) * (BEFORE + DAYS))
        return sums.reshape(len(households), BEFORE + DAYS)

    tail = by_day((~of_head).astype(np.float64))
    measures = (tail, by_day(of_head.astype(np.float64)), by_day(table["sales_value"].to_numpy()))
    before = np.stack([values[:, :BEFORE].mean(axis=1) for values in measures], axis=1)
    return [str(household) for household in households], tail[:, BEFORE:], before


def _is_head(product: np.ndarray, day: np.ndarray) -> np.ndarray:
    """bool (lines): whether the product is of the head in the window before day 0."""
    segments = CONF.segments
    known, number = np.unique(product, return_inverse=True)
    sold = np.bincount(number[(day < 0) & (day >= -segments.window_days)], minlength=len(known))
    order = np.argsort(-sold, kind="stable")
    before = np.cumsum(sold[order]) - sold[order]
    head = np.zeros(len(known), dtype=bool)
    head[order[before < segments.head_share * sold.sum()]] = True
    return head[number]


def _share(count: int, of: int) -> str:
    share = count / of
    return f"{share:.3f} (s.e. {np.sqrt(share * (1 - share) / of):.3f}, {count} of {of})"


if __name__ == "__main__":
    main()
