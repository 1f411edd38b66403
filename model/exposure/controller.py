"""The controller between nights: what a floor or cap is raised or lowered by, from what was delivered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Feedback:
    """Settings of the controller.

    gain: part of the relative error that is taken over a night; a loop of d nights' delay and gain g answers a step
    without oscillation up to g = d^d / (d + 1)^(d + 1): .25 for one night, .148 for two, .105 for three
    most: the greatest correction, as a share of the bound
    noise: standard errors of the delivered share within which it counts as right
    """

    gain: float
    most: float
    noise: float


def relative_error(asked: np.ndarray, delivered: np.ndarray, total: float, noise: float) -> np.ndarray:
    """float64 (bounds): (asked - delivered) / asked, moved towards 0 by `noise` standard errors.

    asked: share of all exposure that each bound is about; delivered: exposures logged for it, of `total`. The standard
    error is that of a share s of n exposures, sqrt((1 - s) / (s n)) of s. Where nothing is asked or logged it is 0.
    """
    known = (asked > 0) & (total > 0)
    share = np.where(known, asked, 1.0)
    error = 1.0 - delivered / max(total, 1e-300) / share
    deviation = np.sqrt(np.maximum(1.0 - share, 0.0) / (share * max(total, 1e-300)))
    beyond = np.sign(error) * np.maximum(np.abs(error) - noise * deviation, 0.0)
    return np.where(known, beyond, 0.0)


def next_correction(
    before: np.ndarray, error: np.ndarray, is_cap: np.ndarray, unmet: np.ndarray, settings: Feedback
) -> np.ndarray:
    """float64 (bounds): tonight's correction u; a bound b becomes b (1 + u).

    before: last night's correction; error: as of `relative_error`; is_cap: bool; unmet: bool, bounds that the plan
    itself did not reach. The sum of past errors is the correction itself, kept within [0, most] for a floor and
    [-most, 0] for a cap, and it does not grow where the plan could not follow: so nothing is wound up that would have
    to be worked off later (conditional integration, Astrom and Hagglund, PID Controllers, 1995). A floor that is
    over-fulfilled falls back to what was asked, never below; a cap likewise from the other side.
    """
    wanted = before + settings.gain * error
    wanted = np.where(unmet & ~is_cap, np.minimum(wanted, before), wanted)
    low, high = np.where(is_cap, -settings.most, 0.0), np.where(is_cap, 0.0, settings.most)
    return np.clip(wanted, low, high)
