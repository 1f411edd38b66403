"""The shared list: one list for many shoppers, where lists must not be personal."""

from __future__ import annotations

import numpy as np

from model.exposure.list_rules import ListRules


def shared_list(
    value: np.ndarray,
    delivery: np.ndarray,
    item_cap: np.ndarray,
    groups: list[tuple[np.ndarray, float]],
    list_rules: ListRules,
) -> np.ndarray:
    """int (at most slots): items by falling value whose exposures fit under all caps and which break no list rule.

    value: float64 (items), items at or below 0 are left out; delivery: float64 (slots), exposures of a position
    item_cap: float64 (items); groups: members and cap of every capped group
    """
    chosen: list[int] = []
    left = np.array([cap for _, cap in groups], dtype=np.float64)
    # A cap of 0 keeps items out even where no exposure is counted.
    shut = item_cap <= 0
    for members, cap in groups:
        shut[members] |= cap <= 0
    inside = [set(members.tolist()) for members, _ in groups]
    for item in np.argsort(-value, kind="stable"):
        if len(chosen) == len(delivery) or value[item] <= 0:
            break
        if shut[item]:
            continue
        exposure = delivery[len(chosen)]
        of_item = [row for row, members in enumerate(inside) if int(item) in members]
        if exposure > item_cap[item] or np.any(exposure > left[of_item]):
            continue
        if not list_rules.fits(np.array(chosen, dtype=np.int64), int(item)):
            continue
        chosen.append(int(item))
        left[of_item] -= exposure
    return np.array(chosen, dtype=np.int64)
