"""One list for many: what is shown to everybody for whom lists may not be personal."""

from __future__ import annotations

import numpy as np


def shared_list(
    value: np.ndarray,
    delivery: np.ndarray,
    item_cap: np.ndarray,
    groups: list[tuple[np.ndarray, float]],
    item_type: np.ndarray,
    max_per_type: int,
) -> np.ndarray:
    """int (at most slots): items by falling value whose exposures fit under all caps, at most `max_per_type` of a type.

    value: float64 (items), items at or below 0 are left out; delivery: float64 (slots), exposures of a position
    item_cap: float64 (items); groups: members and cap of every capped group; item_type: int (items), -1 unknown
    """
    chosen: list[int] = []
    types: dict[int, int] = {}
    left = np.array([cap for _, cap in groups], dtype=np.float64)
    # What a cap of 0 keeps out stays out of lists whose exposures are not counted, too.
    shut = item_cap <= 0
    for members, cap in groups:
        shut[members] |= cap <= 0
    inside = [set(members.tolist()) for members, _ in groups]
    for item in np.argsort(-value, kind="stable"):
        if len(chosen) == len(delivery) or value[item] <= 0:
            break
        if shut[item]:
            continue
        exposure, kind = delivery[len(chosen)], int(item_type[item])
        of_item = [row for row, members in enumerate(inside) if int(item) in members]
        if exposure > item_cap[item] or np.any(exposure > left[of_item]):
            continue
        if kind >= 0 and types.get(kind, 0) >= max_per_type:
            continue
        chosen.append(int(item))
        types[kind] = types.get(kind, 0) + 1
        left[of_item] -= exposure
    return np.array(chosen, dtype=np.int64)
