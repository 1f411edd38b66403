"""Whether a new model may replace the champion: non-inferior on days that neither was trained on, no segment harmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
_RESAMPLES_AT_ONCE = 50


@dataclass(frozen=True)
class Comparison:
    """Means over shoppers of challenger and reference, and the bootstrap of challenger - least allowed mean.

    The least allowed mean is (1 - margin) * reference. `bound` is the lower confidence bound of the difference, and
    `p_harm` the one-sided p-value of the hypothesis that the difference is not below zero: a small one shows harm.
    """

    challenger: float
    reference: float
    bound: float
    p_harm: float
    shoppers: int

    @property
    def passed(self) -> bool:
        """Shown to be no worse than allowed."""
        return self.bound >= 0.0

    def figures(self, prefix: str) -> dict[str, float]:
        """Name to value, named gate_<prefix>_<figure>."""
        return {
            f"gate_{prefix}_challenger": self.challenger,
            f"gate_{prefix}_reference": self.reference,
            f"gate_{prefix}_bound": self.bound,
            f"gate_{prefix}_p_harm": self.p_harm,
            f"gate_{prefix}_shoppers": float(self.shoppers),
        }


def compare(challenger: np.ndarray, reference: np.ndarray, margin: float, samples: int, seed: int) -> Comparison:
    """Compares a figure [U] of the same shoppers under two models, one-sided at 95 %.

    The bound is the 5 % quantile of the bootstrap over shoppers (Efron's percentile interval) of
    mean(challenger) - (1 - margin) * mean(reference); shoppers are drawn in pairs, so what they have in common cancels.
    Raises ValueError without shoppers or with unequal lengths.
    """
    if len(challenger) != len(reference):
        raise ValueError(
            f"There are {len(challenger)} figures of the challenger and {len(reference)} of the reference."
        )
    if not len(challenger):
        raise ValueError("No shopper has a target in the gate's period. Choose a date with purchases before it.")
    difference = challenger.astype(np.float64) - (1.0 - margin) * reference.astype(np.float64)
    random = np.random.default_rng(seed)
    means: list[np.ndarray] = []
    for start in range(0, samples, _RESAMPLES_AT_ONCE):
        drawn = random.integers(len(difference), size=(min(_RESAMPLES_AT_ONCE, samples - start), len(difference)))
        means.append(difference[drawn].mean(axis=1))
    resampled = np.concatenate(means)
    return Comparison(
        challenger=float(challenger.mean()),
        reference=float(reference.mean()),
        bound=float(np.quantile(resampled, 1.0 - CONFIDENCE)),
        p_harm=float((1 + (resampled >= 0.0).sum()) / (1 + len(resampled))),
        shoppers=len(difference),
    )


def harmed(segments: Mapping[str, Comparison]) -> tuple[str, ...]:
    """The segments in which harm is shown at 5 % over all of them together (Holm 1979), the surest first."""
    shown: list[str] = []
    for name, comparison in sorted(segments.items(), key=lambda entry: (entry[1].p_harm, entry[0])):
        if comparison.p_harm > (1.0 - CONFIDENCE) / (len(segments) - len(shown)):
            break
        shown.append(name)
    return tuple(shown)


@dataclass(frozen=True)
class Verdict:
    """The gate's verdict: `figures` by name, and in `reasons` a sentence for each check that failed."""

    figures: dict[str, float]
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.reasons


def judge(
    comparisons: Mapping[str, Comparison],
    segments: Mapping[str, Comparison],
    calibration_slope: float,
    largest_slope_error: float,
    margin: float,
) -> Verdict:
    """Passes when every comparison is shown to be non-inferior, no segment is shown to be harmed, and the calibration
    holds.

    The few shoppers of a segment prove little: for a segment harm has to be shown, overall its absence.
    """
    figures = {"gate_calibration_slope": calibration_slope}
    reasons = []
    for name, comparison in comparisons.items():
        figures |= comparison.figures(name)
        if not comparison.passed:
            reasons.append(
                f"{name} {comparison.challenger:.4f} against {comparison.reference:.4f} of the reference may be more "
                f"than {margin:.0%} worse"
            )
    for name, comparison in segments.items():
        figures |= comparison.figures(name)
    for name in harmed(segments):
        reasons.append(
            f"{name} {segments[name].challenger:.4f} against {segments[name].reference:.4f} of the reference is more "
            f"than {margin:.0%} worse"
        )
    if abs(calibration_slope - 1.0) > largest_slope_error:
        reasons.append(f"calibration slope {calibration_slope:.2f} is more than {largest_slope_error:g} from 1")
    return Verdict(figures, tuple(reasons))
