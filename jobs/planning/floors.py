"""Floors of the configuration as groups of items."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.sql.types import NumericType, StringType

from features.declarations import ITEM_FEATURES_TABLE
from jobs.runtime.config import GroupFloor, Plan
from jobs.runtime.errors import ConfigurationError
from model.exposure.feasibility import ITEM_FLOOR

ITEM_CAP = "item_cap"


def check_plan(plan: Plan) -> None:
    """Raises ConfigurationError naming the key under `plan` that does not fit item_features or itself."""
    for name, floor in plan.floors.items():
        _check_floor(f"plan.floors.{name}", name, floor)
    if list(plan.position_weights) != sorted(plan.position_weights, reverse=True):
        raise ConfigurationError("plan.position_weights increase.", "Number the positions by attention, most first.")
    if plan.item_floor.exposures > 0 and plan.item_floor.segment not in plan.segments:
        raise ConfigurationError(
            f"plan.item_floor.segment is {plan.item_floor.segment}, which is not among plan.segments.",
            "Add the segment or set exposures to 0.",
        )


def _check_floor(key: str, name: str, floor: GroupFloor) -> None:
    if name in (ITEM_CAP, ITEM_FLOOR):
        raise ConfigurationError(f"{key}: the name is taken by the bounds of single items.", "Choose another name.")
    types = {column.name: column.type for column in ITEM_FEATURES_TABLE.columns}
    if floor.column not in types:
        raise ConfigurationError(
            f"{key}.column: item_features has no column {floor.column}.",
            f"Its columns are {', '.join(sorted(types))}.",
        )
    kind = types[floor.column]
    if floor.equals is not None and not isinstance(kind, StringType):
        raise ConfigurationError(f"{key}.equals: {floor.column} is not a text.", "Use at_least or at_most.")
    if (floor.at_least is not None or floor.at_most is not None) and not isinstance(kind, NumericType):
        raise ConfigurationError(f"{key}: {floor.column} is not a number.", "Use equals.")


def members_of(floor: GroupFloor, items: pd.DataFrame) -> np.ndarray:
    """Row numbers of the items that belong to a group; a missing value belongs to none."""
    value = items[floor.column]
    belongs = value.notna()
    if floor.equals is not None:
        belongs &= value == floor.equals
    if floor.at_least is not None:
        belongs &= value >= floor.at_least
    if floor.at_most is not None:
        belongs &= value <= floor.at_most
    return np.flatnonzero(belongs.to_numpy())


def rule_of(floor: GroupFloor) -> str:
    """The rule of a group in words: 'segment = cold', 'days_since_listed <= 28'."""
    parts = [(" = ", floor.equals), (" >= ", floor.at_least), (" <= ", floor.at_most)]
    return " and ".join(
        floor.column + sign + (bound if isinstance(bound, str) else f"{bound:g}")
        for sign, bound in parts
        if bound is not None
    )
