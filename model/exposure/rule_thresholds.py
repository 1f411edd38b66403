"""What users take under list rules: a threshold for each group that is full, next to that of the slots.

A user maximises Σ (s·x - gamma/2·x²) over 0 <= x <= 1, Σ x <= slots and Σ x <= n_g in every group g of a rule. With
t >= 0 of the slots and t_g >= 0 of the groups, x = clip((s - t - Σ t_g) / gamma, 0, 1). Where groups are disjoint or
nested, t + Σ t_g is the largest of t and the thresholds tau_g at which each group alone fits, found for inner groups
first: so the solution is exact. Users whose full groups cross go on to `crossing_groups`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.exposure.crossing_groups import fill_crossing
from model.exposure.full_groups import FullGroups, full_groups
from model.exposure.list_rules import ListRules
from model.exposure.runs import run_starts
from model.exposure.thresholds import FAR, Filled, fill, nth_largest, slope_of_slots


@dataclass(frozen=True)
class _Thresholds:
    """Thresholds of the full groups of a rule: smooth with the regularisation, sharp without; float64 (groups)."""

    full: FullGroups
    most: int
    smooth: np.ndarray
    sharp: np.ndarray


def fill_under_rules(score: np.ndarray, item: np.ndarray, slots: int, gamma: float, list_rules: ListRules) -> Filled:
    """What users with these scores take; score and item: (users, width >= slots), as in a block."""
    most = np.clip(score / gamma, 0.0, 1.0)
    smooth, sharp, bound_by = np.zeros(score.shape), np.zeros(score.shape), np.full(score.shape, -1)
    rules: list[_Thresholds] = []
    for rule in list_rules.inner_first:
        code, limit = list_rules.padded[rule][item], int(list_rules.most[rule])
        of_rule = _thresholds(score, most, score >= sharp, code, limit, gamma)
        at, group = of_rule.full.at, of_rule.full.group
        raised = of_rule.smooth[group] > smooth.ravel()[at]
        bound_by.ravel()[at[raised]] = group[raised] + sum(len(other.smooth) for other in rules)
        for threshold, of_group in ((smooth, of_rule.smooth), (sharp, of_rule.sharp)):
            threshold.ravel()[at] = np.maximum(threshold.ravel()[at], of_group[group])
        most = np.minimum(most, np.clip((score - smooth) / gamma, 0.0, 1.0))
        rules.append(of_rule)
    x, threshold = fill(score, nth_largest(score, slots), slots, gamma, most)
    bound_by[smooth <= threshold[:, None]] = -1
    upper, crossing = _upper(score, sharp, slots, rules)
    filled = Filled(x, _slope((x > 0) & (x < 1), bound_by, threshold), threshold, upper)
    if len(crossing):
        rows = fill_crossing(score[crossing], item[crossing], slots, gamma, list_rules)
        for array, of_rows in ((x, rows.x), (threshold, rows.threshold), (upper, rows.upper)):
            array[crossing] = of_rows
    return filled


def _thresholds(
    score: np.ndarray, most: np.ndarray, alive: np.ndarray, code: np.ndarray, limit: int, gamma: float
) -> _Thresholds:
    """Of the groups of a rule in which `most` adds up to more than `limit`.

    score, most: float64 (users, width); alive: bool, what inner rules leave without regularisation; code: int, groups
    """
    full = full_groups(most, code, limit)
    scores = full.rows(score, -FAR)
    _, smooth = fill(scores, nth_largest(scores, limit), limit, gamma, full.rows(most, 0.0))
    sharp = np.maximum(nth_largest(full.rows(np.where(alive, score, -FAR), -FAR), limit), 0.0)
    return _Thresholds(full, limit, smooth, sharp)


def _slope(interior: np.ndarray, bound_by: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """float64 (users, width): 1 - 1/m of an interior entry where m of them share the full group or list, 1 where slack.

    bound_by: int (users, width), number of the group whose threshold an entry is at, -1 for the threshold of the slots
    """
    slope = np.zeros(interior.shape)
    by_group, by_slots = interior & (bound_by >= 0), interior & (bound_by < 0)
    moving = np.bincount(bound_by[by_group], minlength=1)
    slope[by_group] = 1.0 - 1.0 / moving[bound_by[by_group]]
    return slope + slope_of_slots(by_slots, threshold)


def _upper(score: np.ndarray, sharp: np.ndarray, slots: int, rules: list[_Thresholds]) -> tuple[np.ndarray, np.ndarray]:
    """float64 (users): K·t + Σ n_g·t_g + Σ max(0, s - t - Σ t_g), without regularisation; int: users with full groups
    that cross. For all others it is the most that lists bring.

    sharp: float64 (users, width), the largest of the thresholds of an entry's groups
    """
    threshold = np.maximum(nth_largest(np.where(score >= sharp, score, -FAR), slots), 0.0)
    paid = np.repeat(threshold[:, None], score.shape[1], axis=1)
    upper = slots * threshold
    for rule in reversed([rule for rule in rules if len(rule.sharp)]):
        at, group = rule.full.at, rule.full.group
        more = np.maximum(rule.sharp - np.minimum.reduceat(paid.ravel()[at], run_starts(group)), 0.0)
        paid.ravel()[at] += more[group]
        upper += rule.most * np.bincount(at[run_starts(group)] // score.shape[1], more, minlength=len(score))
    crossing = np.any((score > 0) & (paid > np.maximum(sharp, threshold[:, None]) * (1 + 1e-12)), axis=1)
    return upper + np.maximum(score - paid, 0.0).sum(axis=1), np.flatnonzero(crossing)
