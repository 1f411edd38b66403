"""What is left under the caps while lists are made: of every item and of every capped group."""

from __future__ import annotations

import numpy as np

from model.exposure.problem import Problem

# Sums in another order differ in the last digits; a cap lowered by this share holds in every order.
CAP_MARGIN = 1e-9


class Room:
    """Caps as layers of disjoint sets of items: every item by itself, then groups, as few layers as disjointness lets.

    `exploration` counts the headroom that is set aside for the exploration as well.
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
        """Lowers what is left by exposures of items."""
        for of_item, left in self.layers:
            member = of_item[item]
            inside = member >= 0
            taken = np.bincount(member[inside], exposure[inside], minlength=len(left))
            np.maximum(left - taken, 0.0, out=left)

    def fits(self, item: np.ndarray, exposure: np.ndarray) -> np.ndarray:
        """bool: whether each exposure alone has room under all its caps."""
        fits = np.ones(len(item), dtype=bool)
        for of_item, left in self.layers:
            member = of_item[item]
            fits &= (member < 0) | (exposure <= left[member])
        return fits

    def admitted(self, item: np.ndarray, exposure: np.ndarray, precedence: np.ndarray) -> np.ndarray:
        """bool: which exposures fit together; at each cap those with the least precedence (number) come first.

        Every one has to fit alone; then at least one is admitted. What is admitted is taken.
        """
        admitted = np.ones(len(item), dtype=bool)
        for of_item, left in self.layers:
            member = of_item[item]
            asking = np.flatnonzero(admitted & (member >= 0))
            asking = asking[np.lexsort((precedence[asking], member[asking]))]
            group, wanted = member[asking], exposure[asking]
            begins = np.flatnonzero(np.diff(group, prepend=-1))
            total = np.cumsum(wanted)
            before = np.repeat((total - wanted)[begins], np.diff(np.append(begins, len(asking))))
            fits = (total - before) * (1.0 + CAP_MARGIN) <= left[group]
            # The first of a set fits alone; the rounding of the running sum must not refuse it for ever.
            fits[begins] = True
            admitted[asking[~fits]] = False
        self.take(item[admitted], exposure[admitted])
        return admitted
