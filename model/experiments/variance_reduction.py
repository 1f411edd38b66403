"""Variance reduction by what was measured before the test."""

from __future__ import annotations

import numpy as np


def adjusted(outcome: np.ndarray, before: np.ndarray, arm: np.ndarray) -> np.ndarray:
    """CUPED (Deng, Xu, Kohavi and Walker, WSDM 2013): outcome - (before - its mean) theta; the effect is unchanged.

    outcome: float64 (users) or (users, days); before: float64 (users, covariates), measured before the test began, or
    it would remove part of the effect; arm: int (users). theta is the regression within arms, so that the effect does
    not bias it. A covariate without variance has no influence.
    """
    centred = before - before.mean(axis=0)
    within_before, within = centred.copy(), outcome.astype(np.float64, copy=True)
    for number in np.unique(arm):
        of_arm = arm == number
        within_before[of_arm] -= within_before[of_arm].mean(axis=0)
        within[of_arm] -= within[of_arm].mean(axis=0)
    theta = np.linalg.lstsq(within_before, within, rcond=1e-10)[0]
    return outcome - centred @ theta
