"""Floors and caps of tonight's plan, moved by what earlier nights delivered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import EXPOSURE_CORRECTIONS
from jobs.execution.night import Night
from jobs.planning.groups import NamedGroup
from jobs.planning.item_bounds import ItemBounds
from jobs.planning.names import ITEM_CAP

Corrections = dict[tuple[str, str], float]  # (constraint, member): by what share its bound is moved


def read_corrections(night: Night) -> Corrections:
    """Tonight's corrections of the policy that are not 0; none where nothing has been accounted for tonight."""
    rows = night.tables.read_or_empty(EXPOSURE_CORRECTIONS).where(
        (F.col("as_of") == F.lit(night.as_of))
        & (F.col("policy") == night.conf.plan.policy)
        & (F.col("correction") != 0)
    )
    found = rows.select("constraint", "member", "correction").collect()
    return {(row["constraint"], row["member"]): float(row["correction"]) for row in found}


def corrected(
    corrections: Corrections, place: pd.Index, bounds: ItemBounds, groups: tuple[NamedGroup, ...]
) -> tuple[ItemBounds, tuple[NamedGroup, ...]]:
    """The bounds times 1 + correction. place: item_id in the order of the bounds. Stock is never corrected."""
    if not corrections:
        return bounds, groups
    factor = np.ones(len(place))
    members = [(member, share) for (constraint, member), share in corrections.items() if constraint == ITEM_CAP]
    at = place.get_indexer(pd.Index([member for member, _ in members]))
    factor[at[at >= 0]] += np.array([share for _, share in members])[at >= 0]
    # A cap is only ever lowered, and not below what its item is to get at least.
    lowered = np.minimum(bounds.cap, np.maximum(bounds.cap * factor, bounds.floor))
    cap = np.where(bounds.cap_kind == ITEM_CAP, lowered, bounds.cap)
    return replace(bounds, cap=cap), tuple(_moved(one, corrections) for one in groups)


def _moved(one: NamedGroup, corrections: Corrections) -> NamedGroup:
    factor = 1.0 + corrections.get((one.constraint, one.member), 0.0)
    return replace(one, group=replace(one.group, floor=one.group.floor * factor, cap=one.group.cap * factor))
