"""Floors and caps of tonight's plan, moved by what earlier nights delivered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import EXPOSURE_CORRECTIONS
from jobs.execution.night import Night
from jobs.planning.names import ITEM_CAP
from jobs.planning.rules.groups import NamedGroup
from jobs.planning.rules.item_bounds import ItemBounds

Corrections = dict[tuple[str, str], float]  # (constraint, member): by what share its bound is moved


def read_corrections(night: Night) -> Corrections:
    """Tonight's corrections of the policy that are not 0; empty when account_exposure has not run tonight."""
    rows = night.tables.read_or_empty(EXPOSURE_CORRECTIONS).where(
        (F.col("as_of") == F.lit(night.as_of))
        & (F.col("policy") == night.conf.plan.policy)
        & (F.col("correction") != 0)
    )
    moved = rows.select("constraint", "member", "correction").collect()
    return {(row["constraint"], row["member"]): float(row["correction"]) for row in moved}


def corrected(
    corrections: Corrections, item_ids: np.ndarray, bounds: ItemBounds, groups: tuple[NamedGroup, ...]
) -> tuple[ItemBounds, tuple[NamedGroup, ...]]:
    """The bounds times 1 + correction. item_ids: in the order of the bounds. Stock is never corrected."""
    if not corrections:
        return bounds, groups
    factor = np.ones(len(item_ids))
    of_items = [(member, share) for (constraint, member), share in corrections.items() if constraint == ITEM_CAP]
    place = pd.Index(item_ids).get_indexer(pd.Index([member for member, _ in of_items]))
    factor[place[place >= 0]] += np.array([share for _, share in of_items])[place >= 0]
    # A cap is only ever lowered, and never below the item's floor.
    lowered = np.minimum(bounds.cap, np.maximum(bounds.cap * factor, bounds.floor))
    cap = np.where(bounds.cap_kind == ITEM_CAP, lowered, bounds.cap)
    return replace(bounds, cap=cap), tuple(_corrected_group(group, corrections) for group in groups)


def _corrected_group(named: NamedGroup, corrections: Corrections) -> NamedGroup:
    factor = 1.0 + corrections.get((named.constraint, named.member), 0.0)
    group = replace(named.group, floor=named.group.floor * factor, cap=named.group.cap * factor)
    return replace(named, group=group)
