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
from jobs.planning.columns import named_columns
from jobs.planning.groups import members_by_rule
from jobs.runtime.config import Config
from jobs.tables.warehouse import Warehouse
from model.exposure.feedback import relative_error


@dataclass(frozen=True)
class Floor:
    """A group with the share of the exposure that it is to have, and the ids of its items."""

    name: str
    share: float
    items: frozenset[str]


@dataclass(frozen=True)
class LivePlan:
    """Of the newest planned night: as_of, cap by item_id, and the floors; nothing of it where none is planned."""

    as_of: date | None
    cap: pd.Series
    floors: tuple[Floor, ...]

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
    """The newest planned night of the policy and the placement."""
    tables = Warehouse(spark, conf.warehouse)
    plans = tables.read_or_empty(ITEM_EXPOSURE).where(
        (F.col("policy") == conf.plan.policy) & (F.col("placement") == conf.plan.placement)
    )
    newest = plans.agg(F.max("as_of").alias("as_of")).first()
    if newest is None or newest["as_of"] is None:
        return LivePlan(None, pd.Series(dtype="float64"), ())
    as_of: date = newest["as_of"]
    rows = plans.where(F.col("as_of") == F.lit(as_of)).select("item_id", "cap").toPandas()
    return LivePlan(as_of, rows.set_index("item_id")["cap"], _floors(tables, conf, as_of))


def _floors(tables: Warehouse, conf: Config, as_of: date) -> tuple[Floor, ...]:
    """The floors over columns of item_features; those over columns of items are judged by the night alone."""
    known = set(ITEM_FEATURES_TABLE.column_names)
    columns = [name for name in named_columns(conf.plan) if name in known]
    items = tables.read_date(ITEM_FEATURES_TABLE, as_of).select(*columns).toPandas()
    ids = items["item_id"].to_numpy()
    return tuple(
        Floor(f"{name} ({rule})", bound.share, frozenset(ids[members]))
        for name, bound in conf.plan.floors.items()
        if bound.column in known and bound.share > 0
        for rule, members in members_by_rule(bound, items)
    )
