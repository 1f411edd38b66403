"""The results of an A/B test on each day: effects, guardrails, segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from model.experiments.moments import Moments
from model.experiments.sequential import always_valid_interval, always_valid_p, holm
from model.experiments.variance_reduction import adjusted_squares, regression

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


def effect(control: Moments, treated: Moments, spread: float, alpha: float) -> Effect:
    """The effect as estimated on each day, adjusted by what was measured before the test.

    spread: size of the effects to detect, a day. Raises ValueError where an arm has fewer than two shoppers.
    """
    sizes = control.shoppers, treated.shoppers
    if min(sizes) < 2:
        raise ValueError(f"The arms have {sizes[0]} and {sizes[1]} shoppers; each needs two at least.")
    theta = regression(control, treated)
    difference = treated.so_far - control.so_far - (treated.before - control.before) @ theta
    variance = _variance(adjusted_squares(control, theta), sizes[0])
    variance = variance + _variance(adjusted_squares(treated, theta), sizes[1])
    raw = float(_variance(control.squares, sizes[0])[-1] + _variance(treated.squares, sizes[1])[-1])
    low, high = always_valid_interval(difference, variance, spread, alpha)
    return Effect(
        control.so_far, treated.so_far, difference, variance, low, high,
        always_valid_p(difference, variance, spread), sizes, float(variance[-1] / raw) if raw > 0 else 1.0,
    )  # fmt: skip


def _variance(squares: np.ndarray, shoppers: int) -> np.ndarray:
    """float64 (days): of the mean, from sums of squared deviations."""
    return squares / (shoppers - 1) / shoppers


def guarded(measured: Effect, margin: float) -> Guard:
    """Whether the arm loses at most `margin` of the control's mean on the last day (non-inferiority).

    'harmed' where the whole interval lies below, 'safe' where it lies above, else 'open'.
    """
    least = -margin * measured.control[-1]
    if measured.high[-1] < least:
        return "harmed"
    return "safe" if measured.low[-1] >= least else "open"


def by_segment(
    segments: Mapping[tuple[str, str], tuple[Moments, Moments]], spread: float, alpha: float
) -> Mapping[tuple[str, str], tuple[Effect, float]]:
    """Effect and p-value on the last day by kind and segment, corrected for the number of segments (Holm).

    segments: by kind and name of the segment, its shoppers of the control and of the arm. Segments with fewer than two
    shoppers in an arm are left out. Each interval is at alpha divided by the number of segments, so that they hold
    simultaneously (Bonferroni).
    """
    large = {key: arms for key, arms in segments.items() if min(arm.shoppers for arm in arms) > 1}
    effects = [effect(*arms, spread, alpha / len(large)) for arms in large.values()]
    corrected = holm(np.array([of_segment.p[-1] for of_segment in effects]))
    return {key: (of_segment, float(p)) for key, of_segment, p in zip(large, effects, corrected, strict=True)}
