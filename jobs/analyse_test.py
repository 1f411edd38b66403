"""Prints the results of a running test of plans: effects, guardrails, segments, and checks of the assignment.

Look at it every morning: p-values and intervals stay valid over all looks together. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
from pyspark.sql import SparkSession

from features.evaluation.outcomes import METRICS
from jobs.config.configuration import Config
from jobs.evaluation.outcomes import PRIMARY, Outcomes, read_outcomes
from jobs.execution.command import add_as_of, parser, run
from jobs.runtime.errors import LongtailError
from jobs.tables.warehouse import Warehouse
from model.experiments.analysis import Effect, by_segment, effect, guarded
from model.experiments.sample_ratio import sample_ratio_p

GUARDRAILS = ("revenue", "head_purchases")
MISMATCH = 0.01  # false alarms over all mornings together


def analyse_test(spark: SparkSession, conf: Config, as_of: date) -> str:
    """The results of the test on the morning of as_of, in words. Raises LongtailError when none has begun."""
    test = conf.experiment
    if test.name is None or test.starts_on is None or as_of <= test.starts_on:
        raise LongtailError(
            f"No test has a complete day by {as_of}.",
            "Set experiment.name, starts_on and arms, and give a date after starts_on.",
        )
    outcomes = read_outcomes(Warehouse(spark, conf.warehouse), conf, test.starts_on, as_of)
    days = (as_of - test.starts_on).days
    lines = [
        f"Test {test.name}, {days} days from {test.starts_on}: {outcomes.shoppers} shoppers were known and had "
        "given consent when it began; all of them count, whether or not they came; means are per shopper and day",
        *_arms(conf, outcomes),
    ]
    others = [name for name in test.arms if name != test.control]
    for arm in others:
        lines += ["", f"{arm} against {test.control}", *_arm(conf, outcomes, arm, test.alpha / len(others))]
    if len(others) > 1:
        lines.append(
            f"The level is {test.alpha:g} / {len(others)}, as {len(others)} arms are compared with the control."
        )
    return "\n".join(lines)


def _arms(conf: Config, outcomes: Outcomes) -> list[str]:
    """Checks that shoppers have the lists of the arm that they are assigned to."""
    lines = [_ratio("Shoppers with a list", conf, outcomes.listed)]
    if outcomes.shown:
        lines.append(_ratio("Shoppers with a logged exposure", conf, outcomes.seen))
    else:
        lines.append(
            "No exposure was logged with its policy, so it is unknown whether shoppers saw the lists of their arm."
        )
    if outcomes.crossed:
        lines.append(
            f"{outcomes.crossed} of {outcomes.shown} shoppers with logged exposures were shown another arm's list: "
            "effects are measured too small."
        )
    return lines


def _ratio(whose: str, conf: Config, counts: Mapping[str, int]) -> str:
    """Counts of shoppers by the arm that they are assigned to, compared with the shares of the arms."""
    shares = conf.experiment.shares
    shoppers = np.array([counts[name] for name in shares])
    p = sample_ratio_p(shoppers, np.array(list(shares.values())))
    listed = ", ".join(f"{name} {count}" for name, count in zip(shares, shoppers, strict=True))
    if p < MISMATCH:
        return (
            f"{whose}: {listed}; SAMPLE RATIO MISMATCH (p = {p:.2g}): find its cause before trusting any effect below"
        )
    return f"{whose}: {listed}; no mismatch with the shares of the arms is shown (p = {p:.2g})"


def _arm(conf: Config, outcomes: Outcomes, arm: str, alpha: float) -> list[str]:
    test = conf.experiment
    moments = {name: outcomes.of_arms(name, test.control, arm) for name in METRICS}
    arms = {name: of_metric for name, of_metric in moments.items() if of_metric is not None}
    if not arms or min(of_arm.shoppers for of_arm in arms[PRIMARY]) < 2:
        return ["  too few shoppers"]
    effects = {
        name: effect(*of_metric, _spread(outcomes, name, test.least_effect), alpha) for name, of_metric in arms.items()
    }
    main = effects[PRIMARY]
    lines = [
        _line(PRIMARY, main) + f"; p = {main.p[-1]:.3g}: {_verdict(main, alpha)}",
        f"  CUPED leaves {main.variance_kept:.0%} of the variance; {main.shoppers[0]} shoppers against "
        f"{main.shoppers[1]}",
    ]
    for name in GUARDRAILS:
        state = {
            "safe": f"the loss is below {test.margin:.0%}",
            "harmed": f"HARMED: the loss is above {test.margin:.0%}",
            "open": f"a loss of more than {test.margin:.0%} cannot be ruled out yet",
        }[guarded(effects[name], test.margin)]
        lines.append(f"{_line(name, effects[name])}; {state}")
    spread = _spread(outcomes, PRIMARY, test.least_effect)
    parts = by_segment(outcomes.segments_of(test.control, arm), spread, alpha)
    return lines + [
        f"{_line(f'{kind}: {name}', of_segment)}; p = {p:.3g}, corrected for {len(parts)} segments"
        for (kind, name), (of_segment, p) in parts.items()
    ]


def _spread(outcomes: Outcomes, metric: str, least: float) -> float:
    """The effect that the test is tuned to find, per shopper and day: a share of the mean before the test."""
    return max(least * outcomes.mean_before(metric), 1e-9)


def _verdict(estimate: Effect, alpha: float) -> str:
    if estimate.p[-1] >= alpha:
        return "no effect is shown yet"
    first = int(np.argmax(estimate.p < alpha)) + 1
    return f"{'more' if estimate.difference[-1] > 0 else 'less'}, shown since the morning after day {first}"


def _line(name: str, estimate: Effect) -> str:
    low, high = estimate.low[-1], estimate.high[-1]
    share = estimate.relative(estimate.difference)[-1]
    return (
        f"  {name}: {estimate.treated[-1]:.4f} against {estimate.control[-1]:.4f}, "
        f"difference {estimate.difference[-1]:+.4f} ({share:+.1%}), from {low:+.4f} to {high:+.4f}"
    )


def main() -> None:
    """Parses the command line, analyses and prints."""
    arguments = parser(__doc__)
    add_as_of(arguments)
    args = arguments.parse_args()

    def print_results(spark: SparkSession, conf: Config, _: str) -> None:
        print(analyse_test(spark, conf, args.as_of))

    run(args.conf, "analyse_test", print_results, writes=False)


if __name__ == "__main__":
    main()
