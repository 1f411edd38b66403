"""What a test shows on each morning: effects, guardrails, segments."""

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
    """An arm against the control, a number a day in the arrays, all a shopper and day and over the days so far.

    control, treated: float64 (days), raw means; difference: float64 (days), of adjusted means; variance, low, high, p:
    float64 (days), always valid; shoppers: of control and arm
    variance_kept: share of the variance that the adjustment left on the last day
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
        """float64 (days): as shares of the control's mean; NaN where that is 0."""
        return np.where(self.control != 0, values / np.where(self.control != 0, self.control, 1.0), np.nan)


def effect(outcome: np.ndarray, before: np.ndarray, treated: np.ndarray, spread: float, alpha: float) -> Effect:
    """The effect as it was seen on each day.

    outcome: float64 (users, days), what each shopper did on each day, 0 where nothing; before: float64 (users,
    covariates), from before the test; treated: bool (users), False is the control; spread: effects looked for, a day.
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


def guarded(found: Effect, margin: float) -> Guard:
    """Whether the arm may be said to lose no more than `margin` of the control's mean, on the last day.

    'harmed' where it surely loses more, 'safe' where it surely does not, else 'open'.
    """
    least = -margin * found.control[-1]
    if found.high[-1] < least:
        return "harmed"
    return "safe" if found.low[-1] >= least else "open"


def by_segment(
    outcome: np.ndarray,
    before: np.ndarray,
    treated: np.ndarray,
    segments: Mapping[str, np.ndarray],
    spread: float,
    alpha: float,
) -> Mapping[tuple[str, str], tuple[Effect, float]]:
    """By kind and segment its effect with its p-value on the last day, corrected for the number of all segments.

    segments: by kind names (users). Segments with fewer than two shoppers in an arm are left out. The intervals are
    each at alpha over the number of segments, so that all of them together hold.
    """
    members = {(kind, str(name)): segment == name for kind, segment in segments.items() for name in np.unique(segment)}
    members = {key: at for key, at in members.items() if min((treated & at).sum(), (~treated & at).sum()) > 1}
    found = [effect(outcome[at], before[at], treated[at], spread, alpha / len(members)) for at in members.values()]
    corrected = holm(np.array([one.p[-1] for one in found]))
    return {key: (one, float(p)) for key, one, p in zip(members, found, corrected, strict=True)}
