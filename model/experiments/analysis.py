"""The results of an A/B test on each day: effects, guardrails, segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from model.experiments.sequential import always_valid_interval, always_valid_p, holm
from model.experiments.variance_reduction import adjusted

Guard = Literal["safe", "harmed", "open"]


@dataclass(frozen=True)
class Effect:
    """An arm against the control: means a shopper and day over the days so far, a number for each day of the test.

    control, treated: float64 (days), raw means; difference: float64 (days), of adjusted means; variance, low, high, p:
    float64 (days), always valid; shoppers: of control and arm
    variance_kept: share of the variance that is left after the adjustment, on the last day
    """

    control: np.ndarray
    treated: np.ndarray
    difference: np.ndarray
    variance: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    shoppers: tuple[int, int]
    variance_kept: float

    def relative(self, values: np.ndarray) -> np.ndarray:
        """float64 (days): values relative to the control's mean; NaN where that is 0."""
        return np.where(self.control != 0, values / np.where(self.control != 0, self.control, 1.0), np.nan)


def effect(outcome: np.ndarray, before: np.ndarray, treated: np.ndarray, spread: float, alpha: float) -> Effect:
    """The effect as estimated on each day.

    outcome: float64 (users, days), outcome of each shopper on each day; before: float64 (users, covariates),
    measured before the test; treated: bool (users), False is the control; spread: size of the effects to detect, a day.
    Raises ValueError where an arm has fewer than two shoppers.
    """
    sizes = int((~treated).sum()), int(treated.sum())
    if min(sizes) < 2:
        raise ValueError(f"The arms have {sizes[0]} and {sizes[1]} shoppers; each needs two at least.")
    so_far = np.cumsum(outcome, axis=1) / np.arange(1, outcome.shape[1] + 1)
    better = adjusted(so_far, before, treated.astype(np.int64))
    control, arm = better[~treated], better[treated]
    variance = control.var(axis=0, ddof=1) / sizes[0] + arm.var(axis=0, ddof=1) / sizes[1]
    difference = arm.mean(axis=0) - control.mean(axis=0)
    low, high = always_valid_interval(difference, variance, spread, alpha)
    last = so_far[:, -1]
    raw = last[~treated].var(ddof=1) / sizes[0] + last[treated].var(ddof=1) / sizes[1]
    return Effect(
        so_far[~treated].mean(axis=0), so_far[treated].mean(axis=0), difference, variance, low, high,
        always_valid_p(difference, variance, spread), sizes, float(variance[-1] / raw) if raw > 0 else 1.0,
    )  # fmt: skip


def guarded(measured: Effect, margin: float) -> Guard:
    """Whether the arm loses at most `margin` of the control's mean on the last day (non-inferiority).

    'harmed' where the whole interval lies below, 'safe' where it lies above, else 'open'.
    """
    least = -margin * measured.control[-1]
    if measured.high[-1] < least:
        return "harmed"
    return "safe" if measured.low[-1] >= least else "open"


def by_segment(
    outcome: np.ndarray,
    before: np.ndarray,
    treated: np.ndarray,
    segments: Mapping[str, np.ndarray],
    spread: float,
    alpha: float,
) -> Mapping[tuple[str, str], tuple[Effect, float]]:
    """Effect and p-value on the last day by kind and segment, corrected for the number of segments (Holm).

    segments: names (users) by kind. Segments with fewer than two shoppers in an arm are left out. Each interval is at
    alpha divided by the number of segments, so that they hold simultaneously (Bonferroni).
    """
    members = {(kind, str(name)): segment == name for kind, segment in segments.items() for name in np.unique(segment)}
    members = {key: at for key, at in members.items() if min((treated & at).sum(), (~treated & at).sum()) > 1}
    effects = [effect(outcome[at], before[at], treated[at], spread, alpha / len(members)) for at in members.values()]
    corrected = holm(np.array([of_segment.p[-1] for of_segment in effects]))
    return {key: (of_segment, float(p)) for key, of_segment, p in zip(members, effects, corrected, strict=True)}
