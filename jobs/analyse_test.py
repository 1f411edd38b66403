"""Tells what a running test of plans shows: effects, guardrails, segments, and whether the arms are as they should be.

It may be looked at every morning: p-values and intervals are valid at all looks together. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
from pyspark.sql import SparkSession

from features.evaluation.outcomes import METRICS
from jobs.config.configuration import Config
from jobs.execution.command import add_as_of, parser, run
from jobs.experiments.outcomes import Outcomes, read_outcomes
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse
from model.experiments.analysis import Effect, by_segment, effect, guarded
from model.experiments.sample_ratio import sample_ratio_p

PRIMARY, GUARDRAILS = "tail_purchases", ("revenue", "head_purchases")
MISMATCH = 0.01  # false alarms over all mornings together


def analyse_test(spark: SparkSession, conf: Config, as_of: date) -> str:
    """The state of the test on the morning of as_of, in words. Raises LongtailError where no test runs by then."""
    test = conf.experiment
    if test.name is None or test.starts_on is None or as_of <= test.starts_on:
        raise LongtailError(
            f"No test has a whole day by {as_of}.",
            "Set experiment.name, starts_on and arms, and ask for a day after starts_on.",
        )
    outcomes = read_outcomes(Warehouse(spark, conf.warehouse), conf, test.starts_on, as_of)
    days = (as_of - test.starts_on).days
    lines = [
        f"Test {test.name}, {days} days from {test.starts_on}: {len(outcomes.user_ids)} shoppers known when it began "
        "who let their lists be personal, all counted, whether they came or not; means are a shopper and day",
        *_arms(conf, outcomes),
    ]
    others = [name for name in test.arms if name != test.control]
    for arm in others:
        lines += ["", f"{arm} against {test.control}", *_arm(conf, outcomes, arm, test.alpha / len(others))]
    if len(others) > 1:
        lines.append(f"Every arm is held to {test.alpha:g} / {len(others)}, for there are {len(others)} of them.")
    return "\n".join(lines)


def _arms(conf: Config, outcomes: Outcomes) -> list[str]:
    """Whether the arms have who they should have."""
    lines = [_ratio("Shoppers with a list", conf, outcomes.listed)]
    if outcomes.shown:
        lines.append(_ratio("Shoppers with a logged exposure", conf, outcomes.seen))
    else:
        lines.append("No exposure was logged with its policy, so nobody knows whether shoppers saw their arm's lists.")
    if outcomes.crossed:
        lines.append(
            f"{outcomes.crossed} of {outcomes.shown} shoppers with logged exposures were shown another arm's list: "
            "effects are smaller than they would be."
        )
    return lines


def _ratio(whose: str, conf: Config, counts: Mapping[str, int]) -> str:
    """Counts of shoppers by the arm that they are assigned to, held against the arms' shares."""
    shares = conf.experiment.shares
    found = np.array([counts[name] for name in shares])
    p = sample_ratio_p(found, np.array(list(shares.values())))
    told = ", ".join(f"{name} {count}" for name, count in zip(shares, found, strict=True))
    if p < MISMATCH:
        return f"{whose}: {told}; SAMPLE RATIO MISMATCH (p = {p:.2g}): trust no effect below before it is explained"
    return f"{whose}: {told}; no mismatch with the arms' shares is shown (p = {p:.2g})"


def _arm(conf: Config, outcomes: Outcomes, arm: str, alpha: float) -> list[str]:
    test = conf.experiment
    both = np.isin(outcomes.arm, (test.control, arm))
    treated = outcomes.arm[both] == arm
    before = outcomes.before[both]
    if min(treated.sum(), (~treated).sum()) < 2:
        return ["  too few shoppers"]
    found = {
        name: effect(outcomes.by_day[name][both], before, treated, _spread(outcomes, name, test.least_effect), alpha)
        for name in METRICS
    }
    main = found[PRIMARY]
    lines = [
        _line(PRIMARY, main) + f"; p = {main.p[-1]:.3g}: {_verdict(main, alpha)}",
        f"  CUPED leaves {main.variance_kept:.0%} of the variance; {main.shoppers[0]} shoppers against "
        f"{main.shoppers[1]}",
    ]
    for name in GUARDRAILS:
        state = {
            "safe": f"surely loses less than {test.margin:.0%}",
            "harmed": f"HARMED: surely loses more than {test.margin:.0%}",
            "open": f"a loss of more than {test.margin:.0%} can not be ruled out yet",
        }[guarded(found[name], test.margin)]
        lines.append(f"{_line(name, found[name])}; {state}")
    spread = _spread(outcomes, PRIMARY, test.least_effect)
    segments = {kind: segment[both] for kind, segment in outcomes.segments.items()}
    parts = by_segment(outcomes.by_day[PRIMARY][both], before, treated, segments, spread, alpha)
    return lines + [
        f"{_line(f'{kind}: {name}', one)}; p = {p:.3g} corrected for {len(parts)}"
        for (kind, name), (one, p) in parts.items()
    ]


def _spread(outcomes: Outcomes, metric: str, least: float) -> float:
    """The effect looked for, a shopper and day: a share of the mean before the test."""
    mean = float(outcomes.before[:, METRICS.index(metric)].mean())
    return max(least * mean, 1e-9)


def _verdict(found: Effect, alpha: float) -> str:
    if found.p[-1] >= alpha:
        return "no effect is shown yet"
    first = int(np.argmax(found.p < alpha)) + 1
    return f"{'more' if found.difference[-1] > 0 else 'less'}, shown since the morning after day {first}"


def _line(name: str, found: Effect) -> str:
    low, high = found.low[-1], found.high[-1]
    share = found.relative(found.difference)[-1]
    return (
        f"  {name}: {found.treated[-1]:.4f} against {found.control[-1]:.4f}, difference {found.difference[-1]:+.4f} "
        f"({share:+.1%}), from {low:+.4f} to {high:+.4f}"
    )


def main() -> None:
    """Parses the command line, analyses and prints."""
    made = parser(__doc__)
    add_as_of(made)
    given = made.parse_args()

    def told(spark: SparkSession, conf: Config, _: str) -> None:
        print(analyse_test(spark, conf, given.as_of))

    run(given.conf, "analyse_test", told, writes=False)


if __name__ == "__main__":
    main()
