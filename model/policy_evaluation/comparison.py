"""The difference between two policies in words that say what it rests on, and when the log cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from model.policy_evaluation.estimates import Assumption, Estimate, Evaluation, clustered_error, t_interval

Verdict = Literal["cannot tell", "higher", "lower", "no difference shown"]
ESTIMATORS = ("doubly_robust", "snips", "ips")


@dataclass(frozen=True)
class Bars:
    """least_overlap: share of a policy's examined exposure that the log has to tell of
    least_effective_size: exposures that the log has to be worth."""

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
    """differences by estimator; verdict: of the first against the second; why: what keeps the log from telling."""

    differences: dict[str, Difference]
    verdict: Verdict
    why: tuple[str, ...]


def compared(
    names: tuple[str, str], evaluations: tuple[Evaluation, Evaluation], bars: Bars, confidence: float = 0.95
) -> Compared:
    """Differences with intervals, shoppers in pairs where both estimates come from the same, and the verdict.

    The verdict is that of the doubly robust estimate. Where the log has too little of what a policy would show, that
    estimate is mostly the word of the response model, and the verdict is that the log cannot tell.
    """
    differences = {
        name: _difference(getattr(evaluations[0], name), getattr(evaluations[1], name), confidence)
        for name in ESTIMATORS
    }
    why = tuple(
        reason for name, one in zip(names, evaluations, strict=True) for reason in shortcomings(name, one, bars)
    )
    main = differences["doubly_robust"]
    verdict: Verdict = "no difference shown"
    if why or not np.isfinite(main.low):
        verdict = "cannot tell"
    elif main.low > 0:
        verdict = "higher"
    elif main.high < 0:
        verdict = "lower"
    return Compared(differences, verdict, why)


def shortcomings(name: str, found: Evaluation, bars: Bars) -> list[str]:
    """What keeps the log from telling of a policy, a sentence each."""
    if not found.weighed:
        return [f"No overlap: none of the {found.exposures} logged exposures is one that {name} would give."]
    said = []
    # Above the upper bound of what the log can tell: the share itself is estimated.
    if found.overlap + 1.96 * found.overlap_error < bars.least_overlap:
        said.append(
            f"The log can tell of {found.overlap:.0%} of what {name} would show, {bars.least_overlap:.0%} are asked "
            "for; of the rest there is only the model's word."
        )
    # No log shows more of a list than there is: more by its own count means that propensities were logged too low.
    if found.overlap - 4 * found.overlap_error > 1.0:
        said.append(
            f"By its propensities the log shows {found.overlap:.0%} of what {name} would show, which cannot be: they "
            "are not those with which the lists were drawn, or the policy that drew them is not the one that is named."
        )
    if found.effective_size < bars.least_effective_size:
        said.append(
            f"For {name} the log is worth {found.effective_size:.0f} exposures, {bars.least_effective_size:.0f} are "
            "asked for: log more nights, or give more slots to exploration."
        )
    if found.users < 2:
        said.append("All requests are of one shopper, so nothing is known of how much shoppers differ.")
    return said


def in_words(
    names: tuple[str, str],
    evaluations: tuple[Evaluation, Evaluation],
    found: Compared,
    assumption: Assumption,
    unit: str,
) -> str:
    """The report: what is estimated, both policies, their difference by estimator, the verdict."""
    first, second = names
    lines = [
        f"Estimated: {unit} a request, over the shoppers and times of the logged requests; assumption: {assumption}.",
    ]
    for name, one in zip(names, evaluations, strict=True):
        low, high = one.doubly_robust.interval()
        lines.append(
            f"  {name}: {one.doubly_robust.value:.5f} doubly robust, 95 % from {low:.5f} to {high:.5f}; "
            f"SNIPS {one.snips.value:.5f}, IPS {one.ips.value:.5f}"
        )
        lines.append(
            f"    {one.requests} requests of {one.users} shoppers, {one.exposures} exposures, {one.weighed} of them "
            f"with a weight, worth {one.effective_size:.0f}; overlap {one.overlap:.1%}; largest weight "
            f"{one.largest_weight:.1f}, clipped away {one.clipped:.1%}"
        )
    lines.append(f"{first} minus {second}:")
    for name, apart in found.differences.items():
        lines.append(
            f"  {name.replace('_', ' ')}: {apart.value:+.5f}, 95 % from {apart.low:+.5f} to {apart.high:+.5f} "
            f"(standard error {apart.standard_error:.5f})"
        )
    lines.append(_verdict_in_words(first, second, found))
    lines += [f"  {reason}" for reason in found.why]
    return "\n".join(lines)


def _verdict_in_words(first: str, second: str, found: Compared) -> str:
    if found.verdict == "cannot tell":
        return f"The log cannot tell {first} from {second}:"
    if found.verdict == "no difference shown":
        return f"No difference between {first} and {second} is shown."
    return f"{first} earns {'more' if found.verdict == 'higher' else 'less'} than {second}."


def _difference(first: Estimate, second: Estimate, confidence: float) -> Difference:
    users = max(len(first.influence), len(second.influence))
    influence = _padded(first.influence, users) - _padded(second.influence, users)
    value = first.value - second.value
    low, high = t_interval(value, influence, confidence)
    return Difference(value, clustered_error(influence), low, high)


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    return np.concatenate([values, np.zeros(length - len(values))])
