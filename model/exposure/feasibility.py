"""Floors reduced to what is attainable: before anything is solved, and where they turn out to exclude each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, eye_array, hstack, vstack

from model.exposure.facts import Facts
from model.exposure.problem import Problem

ITEM_FLOOR = "item_floor"
# Floors that exclude each other are priced this far below all that can be attained of them: at all of it, any higher
# price is as right as the least one. A little below, the price is what the last exposures cost.
BELOW_ALL = 0.01


@dataclass(frozen=True)
class Unmet:
    """A floor that cannot be met: its name, what was asked and what is possible (exposures), and why."""

    name: str
    asked: float
    possible: float
    why: str

    @property
    def amount(self) -> float:
        """Expected exposures that are missing."""
        return self.asked - self.possible


@dataclass(frozen=True)
class Floors:
    """Attainable floors: item float64 (items), group float64 (groups), and what was cut from those asked.

    credit: float64 (groups), expected delivered exposure of the draw, which counts towards the floors of groups
    excluding: bool (groups), floors that exclude each other, at what a plan attains of them
    """

    item: np.ndarray
    group: np.ndarray
    cut: tuple[Unmet, ...]
    credit: np.ndarray
    excluding: np.ndarray

    @property
    def planned_group(self) -> np.ndarray:
        """float64 (groups): what planned entries have to deliver, as floors are priced."""
        planned = np.maximum(self.group - self.credit, 0.0)
        return np.where(self.excluding, planned * (1 - BELOW_ALL), planned)

    def lowered(self, problem: Problem, item: np.ndarray, group: np.ndarray, excluding: np.ndarray) -> Floors:
        """The floors at what a plan attains of those that exclude each other.

        item: float64 (items), group: float64 (groups), attained exposures; infinite where a floor stays as it is
        excluding: as in the attributes
        """
        cut = {unmet.name: unmet for unmet in self.cut}
        for row in np.flatnonzero(group < self.group):
            name, asked = problem.groups[row].name, float(problem.group_floor[row])
            cut[name] = _also_missed(cut.get(name), name, asked, float(group[row]))
        possible = float(np.minimum(item, self.item).sum())
        if possible < float(self.item.sum()):
            cut[ITEM_FLOOR] = _also_missed(cut.get(ITEM_FLOOR), ITEM_FLOOR, float(problem.item_floor.sum()), possible)
        return Floors(
            item=np.minimum(item * (1 - BELOW_ALL), self.item),
            group=np.minimum(group, self.group),
            cut=tuple(cut.values()),
            credit=self.credit,
            excluding=excluding,
        )


def attainable_floors(problem: Problem, facts: Facts, credit: np.ndarray) -> Floors:
    """Clips item floors by cap and candidates, group floors by their members and slots, and all by each other.

    Floors can exclude each other although each alone is possible (those of a partition may exceed all slots, those of
    members the cap of their group). A small linear programme over classes of items with equal memberships finds that,
    and minimises the largest relative shortfall, so that no single group bears it all.
    Only the bounds of `problem` are read; its pairs are summarised by `facts`. credit: as in `Floors`
    """
    room = np.where(problem.open, np.minimum(problem.planned_cap, facts.offered), 0.0)
    cut: list[Unmet] = []
    item = _item_floors(problem, facts, room)
    asked = float(problem.item_floor.sum())
    if asked - float(item.sum()) > 1e-9 * max(asked, 1.0):
        cut.append(Unmet(ITEM_FLOOR, asked, float(item.sum()), "caps, candidates or slots of the items do not suffice"))
    asked_of_plan = np.maximum(problem.group_floor - credit, 0.0)
    possible = np.minimum(problem.membership @ room, facts.of_group)
    # Sums differ in the last digits by their order.
    alone = possible < asked_of_plan * (1 - 1e-12)
    capped = problem.planned_group_cap < np.minimum(asked_of_plan, possible)
    group = np.minimum(np.where(alone, possible, asked_of_plan), problem.planned_group_cap)
    short = _shortfall_together(problem, facts.supply, room, item, group)
    together = short > 1e-9 * max(facts.supply, 1.0)
    group = np.where(together, group - short, group)
    group = np.where(alone | capped | together, group + credit, problem.group_floor)
    for row in np.flatnonzero(alone | capped | together):
        reasons = (
            "its items have too few candidates or too low caps" if alone[row] else "",
            "its own cap is lower" if capped[row] else "",
            "the floors together exceed what slots and caps allow" if together[row] else "",
        )
        why = " and ".join(filter(None, reasons))
        cut.append(Unmet(problem.groups[row].name, float(problem.group_floor[row]), float(group[row]), why))
    return Floors(item, group, tuple(cut), credit, np.zeros(len(group), dtype=bool))


def _item_floors(problem: Problem, facts: Facts, room: np.ndarray) -> np.ndarray:
    """Item floors that fit under caps of items, of their groups and under the slots."""
    item = np.minimum(problem.item_floor, room)
    for row in np.flatnonzero(np.isfinite(problem.planned_group_cap)):
        members, cap = problem.groups[row].members, problem.planned_group_cap[row]
        total = float(item[members].sum())
        if total > cap:
            item[members] *= cap / total
    total = float(item.sum())
    return item * (facts.supply / total) if total > facts.supply else item


def _shortfall_together(
    problem: Problem, supply: float, room: np.ndarray, item_floor: np.ndarray, floor: np.ndarray
) -> np.ndarray:
    """float64 (groups): shortfall of each group under caps, candidates and the number of slots alone."""
    floored, capped = np.flatnonzero(floor > 0), np.flatnonzero(np.isfinite(problem.planned_group_cap))
    short = np.zeros(len(floor))
    if not len(floored):
        return short
    bounded = np.union1d(floored, capped)
    class_of, member = _classes(problem.membership[bounded])
    classes, groups = member.shape[1], len(floored)
    most = np.bincount(class_of, room, minlength=classes)
    least = np.minimum(np.bincount(class_of, item_floor, minlength=classes), most)
    # Variables: exposures of each class, shortfall of each group, the largest relative shortfall.
    scale = max(supply, 1e-300)
    of_floor, of_cap = member[np.searchsorted(bounded, floored)], member[np.searchsorted(bounded, capped)]
    met = hstack([-of_floor, -eye_array(groups), coo_array((groups, 1))])
    even = hstack([coo_array((groups, classes)), eye_array(groups), coo_array(-floor[floored, None] / scale)])
    under = hstack([of_cap, coo_array((len(capped), groups + 1))])
    slots = hstack([coo_array(np.ones((1, classes))), coo_array((1, groups + 1))])
    solved = linprog(
        np.concatenate([np.zeros(classes), np.full(groups, 1e-3), [groups]]),
        A_ub=vstack([met, even, under, slots]).tocsr(),
        b_ub=np.concatenate(
            [
                -floor[floored] / scale,
                np.zeros(groups),
                problem.planned_group_cap[capped] / scale * (1 + 1e-9),
                [supply / scale * (1 + 1e-9)],
            ]
        ),
        bounds=[*zip(least / scale, most / scale, strict=True), *[(0, None)] * groups, (0, 1)],
        method="highs",
    )
    if solved.status != 0:
        raise ValueError(f"The floors cannot be compared with the slots ({solved.message}); check caps and floors.")
    short[floored] = solved.x[classes : classes + groups] * scale
    return short


def _also_missed(cut: Unmet | None, name: str, asked: float, possible: float) -> Unmet:
    why = "the shoppers who could see its items have better ones"
    return Unmet(name, asked, possible, f"{cut.why} and {why}" if cut else why)


def _classes(membership: csr_array) -> tuple[np.ndarray, csr_array]:
    """The class (equal memberships) of each item, and the groups of each class; found by a hash of the groups."""
    marks = np.random.default_rng(0).integers(0, 2**62, membership.shape[0], dtype=np.uint64)
    entries = membership.tocoo()
    mark = np.zeros(membership.shape[1], dtype=np.uint64)
    np.add.at(mark, entries.col, marks[entries.row])
    _, first, class_of = np.unique(mark, return_index=True, return_inverse=True)
    return class_of.ravel(), membership.tocsc()[:, first].tocsr()
