"""The controller between nights: corrections of floors and caps from the exposure that was delivered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Feedback:
    """Settings of the controller.

    gain: share of the relative error that is corrected in a night; a loop with d nights of delay and gain g responds to
    a step without oscillation up to g = d^d / (d + 1)^(d + 1): .25 for one night, .148 for two, .105 for three
    most: largest correction, as a share of the bound
    noise: deadband, in standard errors of the delivered share
    """

    gain: float
    most: float
    noise: float


def relative_error(asked: np.ndarray, delivered: np.ndarray, total: float, noise: float) -> np.ndarray:
    """float64 (bounds): (asked - delivered) / asked, moved towards 0 by `noise` standard errors.

    asked: share of all exposure of each bound; delivered: exposures logged for it, of `total`. The standard
    error is that of a share s of n exposures, sqrt((1 - s) / (s n)) of s. The result is 0 where nothing is asked or
    logged.
    """
    known = (asked > 0) & (total > 0)
    share = np.where(known, asked, 1.0)
    error = 1.0 - delivered / max(total, 1e-300) / share
    standard_error = np.sqrt(np.maximum(1.0 - share, 0.0) / (share * max(total, 1e-300)))
    beyond = np.sign(error) * np.maximum(np.abs(error) - noise * standard_error, 0.0)
    return np.where(known, beyond, 0.0)


def next_correction(
    before: np.ndarray, error: np.ndarray, is_cap: np.ndarray, unmet: np.ndarray, settings: Feedback
) -> np.ndarray:
    """float64 (bounds): tonight's correction u; a bound b becomes b (1 + u).

    before: last night's correction; error: from `relative_error`; is_cap: bool; unmet: bool, bounds that the plan
    itself missed. The correction is the integral of past errors, kept within [0, most] for a floor and [-most, 0] for
    a cap, and does not grow where the plan could not follow: no windup (conditional integration, Astrom and Hagglund,
    PID Controllers, 1995). A floor that is over-delivered falls back to what was asked, never below; a cap rises back
    to it, never above.
    """
    wanted = before + settings.gain * error
    wanted = np.where(unmet & ~is_cap, np.minimum(wanted, before), wanted)
    low, high = np.where(is_cap, -settings.most, 0.0), np.where(is_cap, 0.0, settings.most)
    return np.clip(wanted, low, high)
