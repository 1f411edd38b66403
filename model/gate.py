"""Whether a new model may replace the champion: non-inferior on days that neither was trained on, no segment harmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from model.responses import NoResponseError
from model.sign_flips import sign_flip_p

ERROR = 0.05  # of a wrong refusal by the segments, and of a wrong pass over a first attempt and its retries

Answer = Literal["harmed", "held", "too few to tell"]
HARMED: Answer = "harmed"
HELD: Answer = "held"
TOO_FEW: Answer = "too few to tell"


@dataclass(frozen=True)
class Comparison:
    """Means over shoppers of challenger and reference, and tests of challenger - least allowed mean.

    The least allowed mean is (1 - margin) * reference. `bound` is the lower confidence bound of the difference, and
    `p_harm` the one-sided p-value of the hypothesis that the challenger is no worse than allowed: a small one shows
    harm. `discordant` counts the shoppers for whom the two models differ.
    """

    challenger: float
    reference: float
    bound: float
    p_harm: float
    shoppers: int
    discordant: int

    @property
    def held(self) -> bool:
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
            f"gate_{prefix}_discordant": float(self.discordant),
        }


def error_of_attempt(days_since_attempt: int | None, horizon_days: int) -> float:
    """The chance of a wrong pass that an attempt may take, so that retries until one passes take no more than ERROR.

    days_since_attempt: since the newest attempt against the same champion, None if there was none
    horizon_days: length of the gate's period

    Half of ERROR on days that no attempt was judged on. A retry shares days with the attempt before it and takes that
    half in proportion to its fresh days. By the union bound a first attempt and its retries of one horizon stay within
    ERROR, and every further horizon of retries takes half of it (alpha spending, Lan and DeMets 1983).
    """
    fresh = 1.0 if days_since_attempt is None else min(days_since_attempt / horizon_days, 1.0)
    return ERROR / 2 * fresh


def compare(
    challenger: np.ndarray, reference: np.ndarray, margin: float, error: float, samples: int, seed: int
) -> Comparison:
    """Compares a figure [U] of the same shoppers under two models.

    The bound is the `error` quantile of the bootstrap over shoppers (Efron's percentile interval) of
    mean(challenger) - (1 - margin) * mean(reference); shoppers are drawn in pairs, so what they have in common cancels.
    One imagined shopper is added for whom the reference finds as much as models find for a shopper, and the challenger
    nothing: the bootstrap of few discordant shoppers would be too sure otherwise. So models that find nothing at all
    are not shown to be alike.

    p_harm is the larger of two sign-flip tests. Of challenger - reference it is exact where the models are equal; of
    challenger - (1 - margin) * reference it holds the loss against the margin (intersection-union, Berger 1982).
    Raises NoResponseError without shoppers, ValueError with unequal lengths.
    """
    if len(challenger) != len(reference):
        raise ValueError(
            f"There are {len(challenger)} figures of the challenger and {len(reference)} of the reference."
        )
    if not len(challenger):
        raise NoResponseError("No shopper has a target in the gate's period. Choose a date with responses before it.")
    new, old = challenger.astype(np.float64), reference.astype(np.float64)
    positive = np.concatenate([new[new > 0], old[old > 0]])
    imagined = -(1.0 - margin) * (float(positive.mean()) if len(positive) else 1.0)
    beyond = new - (1.0 - margin) * old
    random = np.random.default_rng(seed)
    return Comparison(
        challenger=float(challenger.mean()),
        reference=float(reference.mean()),
        bound=float(np.quantile(_resampled_means(np.append(beyond, imagined), samples, random), error)),
        p_harm=max(sign_flip_p(new - old, samples, random), sign_flip_p(beyond, samples, random)),
        shoppers=len(new),
        discordant=int((new != old).sum()),
    )


def _resampled_means(values: np.ndarray, samples: int, random: np.random.Generator) -> np.ndarray:
    """[samples] means of resamples of `values` [n]; drawn as numbers of the distinct values, which are few."""
    distinct, count = np.unique(values, return_counts=True)
    drawn = random.multinomial(len(values), count / len(values), size=samples)
    means: np.ndarray = drawn @ distinct / len(values)
    return means


def least_discordant(segments: int) -> int:
    """The fewest discordant shoppers with which a segment can show harm next to `segments` - 1 others.

    With fewer, not even the loss of all of them would be unlikely enough: 2^-discordant > ERROR / segments.
    """
    return int(np.ceil(np.log2(segments / ERROR)))


def answers(segments: Mapping[str, Comparison]) -> dict[str, Answer]:
    """What each segment shows.

    'harmed' at 5 % over all of them together (Holm 1979), among those with the least number of discordant shoppers;
    'held' where the bound shows that it loses no more than allowed; 'too few to tell' where neither is shown. The
    discordant shoppers say nothing of the direction, so leaving segments out by their number keeps the 5 % (Tarone
    1990).
    """
    shown: dict[str, Answer] = {name: HELD if segment.held else TOO_FEW for name, segment in segments.items()}
    least = least_discordant(len(segments)) if segments else 0
    speaking = [name for name, segment in segments.items() if segment.discordant >= least]
    speaking.sort(key=lambda name: (segments[name].p_harm, name))
    for place, name in enumerate(speaking):
        if segments[name].p_harm > ERROR / (len(speaking) - place):
            break
        shown[name] = HARMED
    return shown


@dataclass(frozen=True)
class Verdict:
    """The gate's verdict: `figures` by name, in `reasons` a sentence for each check that failed with
    the key that decides it, and what each segment
    shows."""

    figures: dict[str, float]
    reasons: tuple[str, ...]
    answers: Mapping[str, Answer]

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
        if not comparison.held:
            reasons.append(
                f"{name} {comparison.challenger:.4f} against {comparison.reference:.4f} of the reference may be more "
                f"than {margin:.0%} worse (gate.margin)"
            )
    shown = answers(segments)
    for name, segment in segments.items():
        figures |= segment.figures(name)
    for name in sorted(shown, key=lambda name: (segments[name].p_harm, name)):
        if shown[name] == HARMED:
            reasons.append(
                f"{name} {segments[name].challenger:.4f} against {segments[name].reference:.4f} of the reference is "
                f"more than {margin:.0%} worse (gate.margin)"
            )
    if abs(calibration_slope - 1.0) > largest_slope_error:
        reasons.append(
            f"calibration slope {calibration_slope:.2f} is more than {largest_slope_error:g} from 1 "
            "(gate.max_calibration_slope_error)"
        )
    return Verdict(figures, tuple(reasons), shown)
