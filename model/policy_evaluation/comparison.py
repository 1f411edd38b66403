"""The difference between two policies, in words that say what it rests on and when the log does not suffice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from model.policy_evaluation.estimates import Assumption, Estimate, Evaluation

Verdict = Literal["log insufficient", "higher", "lower", "no difference shown"]
_ONE_SIDED = 1.645  # standard errors, 95 %
ESTIMATORS = ("doubly_robust", "snips", "ips")


@dataclass(frozen=True)
class Bars:
    """least_overlap: share of a policy's examined exposure that the log has to cover, by its lower confidence bound
    least_effective_size: effective sample size of the log, in exposures
    """

    least_overlap: float
    least_effective_size: float


@dataclass(frozen=True)
class Difference:
    """First policy minus second, in responses a request."""

    value: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True)
class Compared:
    """differences by estimator; verdict: of the first against the second; why: what the log lacks."""

    differences: dict[str, Difference]
    verdict: Verdict
    why: tuple[str, ...]


def compared(
    names: tuple[str, str], evaluations: tuple[Evaluation, Evaluation], bars: Bars, confidence: float = 0.95
) -> Compared:
    """Differences with intervals, shoppers in pairs where both estimates come from the same, and the verdict.

    The verdict is that of the doubly robust estimate. Where the log covers too little of what a policy would show, that
    estimate rests mostly on the response model, and the verdict is that the log does not suffice.
    """
    differences = {
        name: _difference(getattr(evaluations[0], name), getattr(evaluations[1], name), confidence)
        for name in ESTIMATORS
    }
    why = tuple(
        reason
        for name, evaluation in zip(names, evaluations, strict=True)
        for reason in shortcomings(name, evaluation, bars)
    )
    main = differences["doubly_robust"]
    verdict: Verdict = "no difference shown"
    if why or not np.isfinite(main.low):
        verdict = "log insufficient"
    elif main.low > 0:
        verdict = "higher"
    elif main.high < 0:
        verdict = "lower"
    return Compared(differences, verdict, why)


def shortcomings(name: str, evaluation: Evaluation, bars: Bars) -> list[str]:
    """What the log lacks to evaluate a policy, a sentence each."""
    if not evaluation.weighed:
        return [f"No overlap: {name} would show none of the {evaluation.exposures} logged exposures."]
    reasons = []
    at_least = evaluation.overlap - _ONE_SIDED * evaluation.overlap_error
    if at_least < bars.least_overlap:
        reasons.append(
            f"The log covers {evaluation.overlap:.0%} of what {name} would show, by its uncertainty at least "
            f"{max(at_least, 0.0):.0%}; {bars.least_overlap:.0%} are required, since the rest is known from the "
            "response model alone."
        )
    # A log cannot cover more than the full lists: more means that propensities were logged too low.
    if evaluation.overlap - 4 * evaluation.overlap_error > 1.0:
        reasons.append(
            f"By its propensities the log covers {evaluation.overlap:.0%} of what {name} would show, which is "
            "impossible: log the propensities with which the lists were drawn, and the policy that drew them."
        )
    if evaluation.effective_size < bars.least_effective_size:
        reasons.append(
            f"For {name} the log has an effective sample size of {evaluation.effective_size:.0f} exposures, "
            f"{bars.least_effective_size:.0f} are required: log more nights, or explore more slots."
        )
    if evaluation.users < 2:
        reasons.append("All requests are of one shopper, so the variance between shoppers is unknown.")
    return reasons


def in_words(
    names: tuple[str, str],
    evaluations: tuple[Evaluation, Evaluation],
    comparison: Compared,
    assumption: Assumption,
    unit: str,
) -> str:
    """The report: what is estimated, both policies, their difference by estimator, the verdict."""
    first, second = names
    lines = [
        f"Estimated: {unit} a request, over the shoppers and times of the logged requests; assumption: {assumption}.",
    ]
    for name, policy in zip(names, evaluations, strict=True):
        low, high = policy.doubly_robust.interval()
        lines.append(
            f"  {name}: {policy.doubly_robust.value:.5f} doubly robust, 95 % from {low:.5f} to {high:.5f}; "
            f"SNIPS {policy.snips.value:.5f}, IPS {policy.ips.value:.5f}"
        )
        lines.append(
            f"    {policy.requests} requests of {policy.users} shoppers, {policy.exposures} exposures, "
            f"{policy.weighed} of them with a weight, effective sample size {policy.effective_size:.0f}; overlap "
            f"{policy.overlap:.1%}; largest weight {policy.largest_weight:.1f}, clipped away {policy.clipped:.1%}"
        )
    lines.append(f"{first} minus {second}:")
    for name, difference in comparison.differences.items():
        lines.append(
            f"  {name.replace('_', ' ')}: {difference.value:+.5f}, 95 % from {difference.low:+.5f} to "
            f"{difference.high:+.5f} (standard error {difference.standard_error:.5f})"
        )
    lines.append(_verdict_in_words(first, second, comparison))
    lines += [f"  {reason}" for reason in comparison.why]
    return "\n".join(lines)


def _verdict_in_words(first: str, second: str, comparison: Compared) -> str:
    if comparison.verdict == "log insufficient":
        return f"The log does not suffice to compare {first} with {second}:"
    if comparison.verdict == "no difference shown":
        return f"No difference between {first} and {second} is shown."
    return f"{first} earns {'more' if comparison.verdict == 'higher' else 'less'} than {second}."


def _difference(first: Estimate, second: Estimate, confidence: float) -> Difference:
    both = first.minus(second)
    low, high = both.interval(confidence)
    return Difference(both.value, both.standard_error, low, high)
