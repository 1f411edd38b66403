"""False alarms and power of the test of arms, looked at every morning, on purchases of the Complete Journey panel.

One log, households and days, is split into two arms again and again by the product's own hash. Nobody is treated
differently, so every alarm is a false one. For the power, each line of the arm is doubled with
the stated probability. Beside it stand the same test without CUPED, and the usual test at 5 % looked at every morning.
"""

from __future__ import annotations

import argparse
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow.parquet as pq

from jobs.sources.complete_journey.panel import installed_folder
from model.experiments.analysis import effect
from model.experiments.assignment import arms_of

BEGIN, DAYS, BEFORE, ALPHA = date(2017, 9, 4), 56, 56, 0.05
HALVES = {"control": 0.5, "treatment": 0.5}


def main() -> None:
    """Prints false alarms over all mornings and the power for the stated lift."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--splits", type=int, default=1_000)
    made.add_argument("--lift", type=float, default=0.10, help="the effect looked for (default: %(default)s)")
    given = made.parse_args()
    users, lines, before = panel_days()
    spread = given.lift * float(lines.mean())
    random = np.random.default_rng(1)
    alarms = {"with CUPED": 0, "without CUPED": 0, "usual test each morning": 0}
    found = {"with CUPED": 0, "without CUPED": 0}
    days, kept = [], []
    for split in range(given.splits):
        treated = arms_of(users, HALVES, str(split)) == "treatment"
        plain, cuped = (effect(lines, of, treated, spread, ALPHA) for of in (np.zeros_like(before), before))
        alarms["with CUPED"] += bool(cuped.p[-1] < ALPHA)
        alarms["without CUPED"] += bool(plain.p[-1] < ALPHA)
        alarms["usual test each morning"] += bool(np.any(np.abs(cuped.difference) > 1.96 * np.sqrt(cuped.variance)))
        kept.append(cuped.variance_kept)
        if split % 4 == 0:
            lifted = lines + random.binomial(lines.astype(np.int64), given.lift) * treated[:, None]
            plain, cuped = (effect(lifted, of, treated, spread, ALPHA) for of in (np.zeros_like(before), before))
            found["with CUPED"] += bool(cuped.p[-1] < ALPHA)
            found["without CUPED"] += bool(plain.p[-1] < ALPHA)
            if cuped.p[-1] < ALPHA:
                days.append(int(np.argmax(cuped.p < ALPHA)) + 1)
    tried = -(-given.splits // 4)
    print(f"{len(users)} households, {DAYS} mornings from {BEGIN}, {lines.sum() / len(users):.1f} lines a household")
    print(f"variance that CUPED leaves: {np.mean(kept):.0%}")
    for name, count in alarms.items():
        print(f"false alarms, {name:24} {_share(count, given.splits)}")
    for name, count in found.items():
        print(f"power for {given.lift:+.0%}, {name:18} {_share(count, tried)}")
    if days:
        print(f"half of the found ones by morning {int(np.median(days))}")


def panel_days() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Households, their lines (households, days) and their mean lines a day before, as one covariate."""
    names = ["household_id", "transaction_timestamp"]
    table = pq.read_table(installed_folder() / "transactions.parquet", columns=names)
    households, user = np.unique(table["household_id"].to_numpy(), return_inverse=True)
    first = datetime.combine(BEGIN - timedelta(days=BEFORE), datetime.min.time())
    day = (table["transaction_timestamp"].to_numpy().astype("datetime64[D]") - np.datetime64(first, "D")).astype(int)
    inside = (day >= 0) & (day < BEFORE + DAYS)
    lines = np.zeros((len(households), BEFORE + DAYS))
    np.add.at(lines, (user[inside], day[inside]), 1.0)
    return [str(one) for one in households], lines[:, BEFORE:], lines[:, :BEFORE].mean(axis=1, keepdims=True)


def _share(count: int, of: int) -> str:
    share = count / of
    return f"{share:.3f} (s.e. {np.sqrt(share * (1 - share) / of):.3f}, {count} of {of})"


if __name__ == "__main__":
    main()
