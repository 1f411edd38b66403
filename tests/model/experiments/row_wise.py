"""The effect of an arm computed from all rows of shoppers: the reference of the sufficient statistics."""

from __future__ import annotations

import numpy as np

from model.experiments.analysis import Effect, effect
from model.experiments.moments import Moments, moments_of
from model.experiments.sequential import always_valid_interval, always_valid_p


def arms_from(outcome: np.ndarray, before: np.ndarray, treated: np.ndarray) -> tuple[Moments, Moments]:
    """The moments of the control and of the treated. treated: bool (users)"""
    return moments_of(outcome[~treated], before[~treated]), moments_of(outcome[treated], before[treated])


def effect_of(outcome: np.ndarray, before: np.ndarray, treated: np.ndarray, spread: float, alpha: float) -> Effect:
    """The product's effect, from rows."""
    return effect(*arms_from(outcome, before, treated), spread, alpha)


def adjusted(outcome: np.ndarray, before: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """CUPED: outcome - (before - its mean) theta, with theta by least squares within arms."""
    centred = before - before.mean(axis=0)
    within_before, within = centred.copy(), outcome.astype(np.float64, copy=True)
    for arm in (treated, ~treated):
        within_before[arm] -= within_before[arm].mean(axis=0)
        within[arm] -= within[arm].mean(axis=0)
    return outcome - centred @ np.linalg.lstsq(within_before, within, rcond=1e-10)[0]


def row_wise_effect(
    outcome: np.ndarray, before: np.ndarray, treated: np.ndarray, spread: float, alpha: float
) -> Effect:
    """As model.experiments.analysis.effect."""
    sizes = int((~treated).sum()), int(treated.sum())
    so_far = np.cumsum(outcome, axis=1) / np.arange(1, outcome.shape[1] + 1)
    better = adjusted(so_far, before, treated)
    control, arm = better[~treated], better[treated]
    variance = control.var(axis=0, ddof=1) / sizes[0] + arm.var(axis=0, ddof=1) / sizes[1]
    difference = arm.mean(axis=0) - control.mean(axis=0)
    last = so_far[:, -1]
    raw = last[~treated].var(ddof=1) / sizes[0] + last[treated].var(ddof=1) / sizes[1]
    low, high = always_valid_interval(difference, variance, spread, alpha)
    return Effect(
        so_far[~treated].mean(axis=0), so_far[treated].mean(axis=0), difference, variance, low, high,
        always_valid_p(difference, variance, spread), sizes, float(variance[-1] / raw),
    )  # fmt: skip
