"""Caps and floors of the live night, as the stream needs them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import ITEM_EXPOSURE
from features.declarations import ITEM_FEATURES_TABLE
from features.live.counting import EPOCH
from jobs.config.configuration import Config
from jobs.config.plan import NOT_LIFTED_BY, Plan
from jobs.delivery.learned_weights import learned_plan
from jobs.delivery.live_nights import live_nights
from jobs.delivery.live_periods import LivePeriod, live_periods
from jobs.experiments.arms import plans_on
from jobs.planning.columns import item_rows_of, named_columns
from jobs.planning.rules.groups import lifted_members
from jobs.tables.warehouse import Warehouse
from model.exposure.controller import relative_error


@dataclass(frozen=True)
class Floor:
    """A group of items with the share of the exposure that it must get at least."""

    name: str
    share: float
    items: frozenset[str]


@dataclass(frozen=True)
class LivePlan:
    """Bounds of the newest live night; no caps and floors where no night is planned.

    cap: by item_id, in expected exposures of a day; position_weights: from the first position on
    since: when the night went live, from which each of its days of 24 hours is counted
    """

    as_of: date | None
    cap: pd.Series
    floors: tuple[Floor, ...]
    position_weights: tuple[float, ...]
    since: datetime = EPOCH

    def starving(self, delivered: pd.Series, noise: float = 3.0, least: float = 0.5) -> list[tuple[str, float]]:
        """Name and relative shortfall of floors that miss their share so far by more than `least`, beyond chance."""
        total = float(delivered.sum())
        missed = []
        for floor in self.floors:
            of_group = float(delivered[delivered.index.isin(floor.items)].sum())
            shortfall = relative_error(np.array([floor.share]), np.array([of_group]), total, noise)[0]
            if shortfall > least:
                missed.append((floor.name, float(shortfall)))
        return missed


def read_live_plan(spark: SparkSession, conf: Config) -> LivePlan:
    """The bounds of the placement's newest live night.

    During an A/B test the stream counts the shoppers of all arms: an item's cap is the sum over the arms, and a floor
    that every arm has is the lowest of them.
    """
    tables = Warehouse(spark, conf.warehouse)
    plans = tables.read_or_empty(ITEM_EXPOSURE).where(F.col("placement") == conf.plan.placement)
    of_policy = plans.where(F.col("policy") == conf.plan.policy)
    nights = live_nights(tables, [row["as_of"] for row in of_policy.select("as_of").distinct().collect()])
    if not nights:
        return LivePlan(None, pd.Series(dtype="float64"), (), conf.plan.position_weights)
    as_of = nights[-1]
    arms = plans_on(conf, as_of).values()
    of_night = (F.col("as_of") == F.lit(as_of)) & F.col("policy").isin([plan.policy for plan in arms])
    # The shared list of shoppers without consent may give an item more than its cap, as planned.
    most = F.greatest("cap", "allocated")
    caps = plans.where(of_night).groupBy("item_id").agg(F.sum(most).alias("cap")).toPandas()
    of_arms = [_floors(tables, plan, as_of) for plan in arms]
    common = set.intersection(*(set(floors) for floors in of_arms))
    floors = (min((floors[name] for floors in of_arms), key=lambda floor: floor.share) for name in sorted(common))
    weights = learned_plan(tables, conf.plan, as_of).position_weights
    since = live_since(live_periods(tables, [as_of], (), conf.plan.policy, date.max), as_of)
    return LivePlan(as_of, caps.set_index("item_id")["cap"], tuple(floors), weights, since)


def live_since(periods: Iterable[LivePeriod], as_of: date) -> datetime:
    """The start of the newest stretch of time in which readers saw the night, however often it was published in it."""
    since, before = datetime.combine(as_of, time(), UTC), None
    for period in periods:
        if period.as_of == as_of != before:
            since = period.since
        before = period.as_of
    return since


def _floors(tables: Warehouse, plan: Plan, as_of: date) -> dict[str, Floor]:
    """By name the floors on columns of item_features; the night alone judges floors on columns of items."""
    available = set(ITEM_FEATURES_TABLE.column_names)
    columns = [name for name in named_columns(plan) if name in available]
    if plan.not_lifted.words:
        columns.append(NOT_LIFTED_BY)
    items = item_rows_of(tables, as_of, tuple(columns), plan).toPandas()
    ids = items["item_id"].to_numpy()
    return {
        (label := f"{name} ({rule})"): Floor(label, bound.share, frozenset(ids[members]))
        for name, bound in plan.floors.items()
        if bound.column in available and bound.share > 0
        for rule, members in lifted_members(plan, bound, items)
    }
