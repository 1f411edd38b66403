"""Which items may enter the lists of a night."""

from __future__ import annotations

import pandas as pd

from jobs.config.plan import Plan
from jobs.planning.merchandising import Merchandising


def why_excluded(plan: Plan, items: pd.DataFrame, merchandising: Merchandising) -> pd.Series:
    """Why each item enters no list, in words; empty where it may.

    items: item_id, is_eligible, segment, category
    """
    why = pd.Series("", index=items.index, dtype=object)
    for path in plan.sensitive_categories:
        why[is_under(items["category"], path)] = f"its category is under {path}, which is never shown"
    for item_id, ban in merchandising.bans.items():
        why[items["item_id"] == item_id] = f"it is {ban.in_words}"
    for segment in set(items["segment"]) - set(plan.segments):
        own = f"its segment is {segment}" if segment else "it has no segment"
        why[items["segment"] == segment] = f"{own}; plan.segments lets in {', '.join(plan.segments)}"
    why[~items["is_eligible"].astype(bool)] = "it was not listed, or out of stock"
    return why


def is_under(categories: pd.Series, path: str) -> pd.Series:
    """Whether each category path is `path` or below it; case and blanks around `>` do not matter."""
    wanted, levels = _levels(path), categories.fillna("").map(_levels)
    return levels.map(lambda of_item: of_item[: len(wanted)] == wanted).astype(bool)


def _levels(path: str) -> tuple[str, ...]:
    return tuple(" ".join(level.split()).casefold() for level in path.split(">"))
