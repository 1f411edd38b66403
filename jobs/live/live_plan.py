"""Caps and floors of the night that is live, as the stream needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import ITEM_EXPOSURE
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config
from jobs.config.plan import Plan
from jobs.delivery.learned_weights import learned_plan
from jobs.delivery.live_nights import live_nights
from jobs.experiments.arms import plans_on
from jobs.planning.columns import named_columns
from jobs.planning.rules.groups import members_by_rule
from jobs.tables.warehouse import Warehouse
from model.exposure.controller import relative_error


@dataclass(frozen=True)
class Floor:
    """A group with the share of the exposure that it is to have, and the ids of its items."""

    name: str
    share: float
    items: frozenset[str]


@dataclass(frozen=True)
class LivePlan:
    """Of the newest live night: as_of, cap by item_id, the floors and what positions count, the first first; without
    caps and floors where none is planned."""

    as_of: date | None
    cap: pd.Series
    floors: tuple[Floor, ...]
    position_weights: tuple[float, ...]

    def starving(self, delivered: pd.Series, noise: float = 3.0, least: float = 0.5) -> list[tuple[str, float]]:
        """Floors whose share so far falls short by more than `least`, beyond chance, with the relative shortfall."""
        total = float(delivered.sum())
        found = []
        for floor in self.floors:
            got = float(delivered[delivered.index.isin(floor.items)].sum())
            error = relative_error(np.array([floor.share]), np.array([got]), total, noise)[0]
            if error > least:
                found.append((floor.name, float(error)))
        return found


def read_live_plan(spark: SparkSession, conf: Config) -> LivePlan:
    """The newest live night of the placement. Where a test runs, an item's cap is the sum of those of the arms, since
    the stream counts the shoppers of all, and a floor is the lowest that all arms have.
    """
    tables = Warehouse(spark, conf.warehouse)
    plans = tables.read_or_empty(ITEM_EXPOSURE).where(F.col("placement") == conf.plan.placement)
    of_policy = plans.where(F.col("policy") == conf.plan.policy)
    nights = live_nights(tables, [row["as_of"] for row in of_policy.select("as_of").distinct().collect()])
    if not nights:
        return LivePlan(None, pd.Series(dtype="float64"), (), conf.plan.position_weights)
    as_of = nights[-1]
    arms = plans_on(conf, as_of).values()
    mine = (F.col("as_of") == F.lit(as_of)) & F.col("policy").isin([plan.policy for plan in arms])
    # The one list of those who refuse personalisation may give an item more than its cap: that is planned as well.
    may = F.greatest("cap", "allocated")
    caps = plans.where(mine).groupBy("item_id").agg(F.sum(may).alias("cap")).toPandas()
    of_arms = [_floors(tables, plan, as_of) for plan in arms]
    common = set.intersection(*(set(floors) for floors in of_arms))
    floors = (min((floors[name] for floors in of_arms), key=lambda one: one.share) for name in sorted(common))
    weights = learned_plan(tables, conf.plan, as_of).position_weights
    return LivePlan(as_of, caps.set_index("item_id")["cap"], tuple(floors), weights)


def _floors(tables: Warehouse, plan: Plan, as_of: date) -> dict[str, Floor]:
    """By name the floors over columns of item_features; those over columns of items are judged by the night alone."""
    known = set(ITEM_FEATURES_TABLE.column_names)
    columns = [name for name in named_columns(plan) if name in known]
    items = tables.read_date(ITEM_FEATURES_TABLE, as_of).select(*columns).toPandas()
    ids = items["item_id"].to_numpy()
    return {
        (told := f"{name} ({rule})"): Floor(told, bound.share, frozenset(ids[members]))
        for name, bound in plan.floors.items()
        if bound.column in known and bound.share > 0
        for rule, members in members_by_rule(bound, items)
    }
