"""Exposure left under the caps of items and groups while lists are filled."""

from __future__ import annotations

import numpy as np

from model.exposure.problem import Problem
from model.exposure.runs import run_starts

# Sums differ in the last digits by their order; a cap lowered by this share holds in any order.
CAP_MARGIN = 1e-9


class RemainingCaps:
    """Remaining exposure by layers of disjoint sets of items: single items, then groups in as few layers as possible.

    exploration: includes the headroom that is set aside for the exploration.
    """

    def __init__(self, problem: Problem, *, exploration: bool = False) -> None:
        item_cap = problem.item_cap if exploration else problem.planned_cap
        self.layers: list[tuple[np.ndarray, np.ndarray]] = [(np.arange(problem.items), item_cap * (1.0 - CAP_MARGIN))]
        taken: list[np.ndarray] = []
        caps: list[list[float]] = []
        for group, planned_cap in zip(problem.groups, problem.planned_group_cap, strict=True):
            if not np.isfinite(group.cap):
                continue
            free = next((place for place, of_item in enumerate(taken) if np.all(of_item[group.members] < 0)), None)
            if free is None:
                free = len(taken)
                taken.append(np.full(problem.items, -1, dtype=np.int64))
                caps.append([])
            taken[free][group.members] = len(caps[free])
            caps[free].append((group.cap if exploration else planned_cap) * (1.0 - CAP_MARGIN))
        self.layers += [(of_item, np.array(cap)) for of_item, cap in zip(taken, caps, strict=True)]

    def take(self, item: np.ndarray, exposure: np.ndarray) -> None:
        """Subtracts exposures of items."""
        for of_item, left in self.layers:
            member = of_item[item]
            inside = member >= 0
            taken = np.bincount(member[inside], exposure[inside], minlength=len(left))
            np.maximum(left - taken, 0.0, out=left)

    def fits(self, item: np.ndarray, exposure: np.ndarray) -> np.ndarray:
        """bool (exposures): whether each alone fits under all caps of its item."""
        fits = np.ones(len(item), dtype=bool)
        for of_item, left in self.layers:
            member = of_item[item]
            fits &= (member < 0) | (exposure <= left[member])
        return fits

    def admitted(self, item: np.ndarray, exposure: np.ndarray, precedence: np.ndarray) -> np.ndarray:
        """bool (exposures): those that fit together, which are subtracted; lower `precedence` comes first at each cap.

        precedence: int64 (exposures) >= 0, all different

        Every one has to fit alone; then at least one is admitted.
        """
        admitted, first = np.ones(len(item), dtype=bool), int(precedence.max(initial=0)) + 1
        for of_item, left in self.layers:
            member = of_item[item].astype(np.int64)
            asking = np.flatnonzero(admitted & (member >= 0))
            asking = asking[np.argsort(member[asking] * first + precedence[asking])]
            group, wanted = member[asking], exposure[asking]
            begins = run_starts(group)
            total = np.cumsum(wanted)
            before = np.repeat((total - wanted)[begins], np.diff(np.append(begins, len(asking))))
            fits = (total - before) * (1.0 + CAP_MARGIN) <= left[group]
            # The first of a set fits alone: rounding of the running sum must not refuse it.
            fits[begins] = True
            admitted[asking[~fits]] = False
        self.take(item[admitted], exposure[admitted])
        return admitted
