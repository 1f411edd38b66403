"""Floors cut to what exists, before anything is solved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from model.exposure.problem import Problem

ITEM_FLOOR = "item_floor"


@dataclass(frozen=True)
class Unmet:
    """A floor that cannot be met: its name, what was asked and what is possible (exposures), and why, in words."""

    name: str
    asked: float
    possible: float
    why: str

    @property
    def amount(self) -> float:
        return self.asked - self.possible


@dataclass(frozen=True)
class Floors:
    """Attainable floors: item float64 (items), group float64 (groups), and what was cut from those asked."""

    item: np.ndarray
    group: np.ndarray
    cut: tuple[Unmet, ...]


def attainable_floors(problem: Problem) -> Floors:
    """Clips item floors by cap and candidates, group floors by their members and slots, and all by each other.

    Floors can exclude each other although each alone is possible (those of a partition may sum above all slots). That
    is found by a small linear programme over classes of items with equal memberships; there the largest relative
    shortfall is made least, so that no group pays for all.
    """
    offered = np.bincount(problem.item_index, problem.delivery[problem.user_index], minlength=problem.items)
    room = np.minimum(problem.planned_cap, offered)
    cut: list[Unmet] = []
    item = np.minimum(problem.item_floor, room)
    total = float(item.sum())
    if total > problem.supply:
        item = item * (problem.supply / total)
    asked = float(problem.item_floor.sum())
    if asked - float(item.sum()) > 1e-9 * max(asked, 1.0):
        cut.append(Unmet(ITEM_FLOOR, asked, float(item.sum()), "caps, candidates or slots of the items do not suffice"))
    group = np.array([g.floor for g in problem.groups], dtype=np.float64)
    why = [""] * len(group)
    for row, asked_of in enumerate(problem.groups):
        possible = min(float(room[asked_of.members].sum()), _slots_of(problem, row))
        if possible < asked_of.floor:
            group[row], why[row] = possible, "its items have too few candidates or too low caps"
    short = _shortfall_together(problem, room, item, group)
    together = short > 1e-9 * max(problem.supply, 1.0)
    group = np.where(together, group - short, group)
    for row, asked_of in enumerate(problem.groups):
        reasons = [why[row], "the floors together exceed what slots and caps allow" if together[row] else ""]
        if any(reasons):
            cut.append(Unmet(asked_of.name, asked_of.floor, float(group[row]), " and ".join(filter(None, reasons))))
    return Floors(item, group, tuple(cut))


def _slots_of(problem: Problem, row: int) -> float:
    member = problem.membership[row][problem.item_index]
    of_user = np.bincount(problem.user_index, member, minlength=problem.users)
    return float(problem.delivery @ np.minimum(of_user, problem.slots))


def _shortfall_together(problem: Problem, room: np.ndarray, item_floor: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """float64 (groups): what each group lacks when only caps, candidates and the number of slots are looked at."""
    wanted = np.flatnonzero(floor > 0)
    if not len(wanted):
        return np.zeros(len(floor))
    signature, class_of = np.unique(problem.membership[wanted], axis=1, return_inverse=True)
    classes, groups = signature.shape[1], len(wanted)
    class_of = class_of.ravel()
    most = np.bincount(class_of, room, minlength=classes)
    least = np.minimum(np.bincount(class_of, item_floor, minlength=classes), most)
    # Variables: exposures of each class, shortfall of each group, the largest relative shortfall.
    scale = max(problem.supply, 1e-300)
    cost = np.concatenate([np.zeros(classes), np.full(groups, 1e-3), [groups]])
    met = np.hstack([-signature, -np.eye(groups), np.zeros((groups, 1))])
    even = np.hstack([np.zeros((groups, classes)), np.eye(groups), -floor[wanted, None] / scale])
    slots = np.concatenate([np.ones(classes), np.zeros(groups + 1)])[None, :]
    solved = linprog(
        cost,
        A_ub=np.vstack([met, even, slots]),
        b_ub=np.concatenate([-floor[wanted] / scale, np.zeros(groups), [problem.supply / scale * (1 + 1e-9)]]),
        bounds=[*zip(least / scale, most / scale, strict=True), *[(0, None)] * groups, (0, 1)],
        method="highs",
    )
    if solved.status != 0:
        raise ValueError(f"The floors cannot be compared with the slots ({solved.message}); check caps and floors.")
    short = np.zeros(len(floor))
    short[wanted] = solved.x[classes : classes + groups] * scale
    return short
