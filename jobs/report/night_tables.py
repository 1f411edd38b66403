"""Frames for the sections of the night's page, read with Spark: small, read once, each table at one version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import (
    CONSTRAINT_PRICES,
    EXPOSURE_ACCOUNT,
    EXPOSURE_CORRECTIONS,
    ITEM_EXPOSURE,
    ITEM_POTENTIAL,
    METRICS,
    RELEVANCE,
    RUNS,
)
from features.contract.metrics import DEMAND, FEATURE
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config
from jobs.delivery.group_shares import group_shares
from jobs.planning.columns import item_rows_of, named_columns
from jobs.report.night_figures import TREND_DAYS, WEEK, NightFigures, newest_of_each_step
from jobs.tables.warehouse import Warehouse


@dataclass(frozen=True, init=False)
class Reading(NightFigures):
    """The night of `as_of` and the nights before it."""

    tables: Warehouse

    def __init__(self, tables: Warehouse, conf: Config, as_of: date) -> None:
        super().__init__(conf, as_of)
        object.__setattr__(self, "tables", tables)

    @cached_property
    def figures(self) -> pd.DataFrame:
        rows = self.tables.read_or_empty(METRICS).where(
            self._within(TREND_DAYS) & ~F.startswith("name", F.lit(FEATURE)) & ~F.startswith("name", F.lit(DEMAND))
        )
        return rows.select("as_of", "name", "segment", "value", "source_versions").toPandas()

    @cached_property
    def feature_figures(self) -> pd.DataFrame:
        rows = self.tables.read(METRICS).where(
            (F.col("as_of") == F.lit(self.as_of)) & F.startswith("name", F.lit(FEATURE))
        )
        return rows.select("name", "segment", "value").toPandas()

    @cached_property
    def runs(self) -> pd.DataFrame:
        return newest_of_each_step(self.tables.read(RUNS).where(self._within(2 * WEEK)).toPandas())

    @cached_property
    def newest_training(self) -> pd.Series | None:
        trainings = self.tables.read(RUNS).where(
            (F.col("step") == "train_relevance")
            & (F.col("status") == "done")
            & (F.col("as_of") <= F.lit(self.as_of))
            & F.col("decisions")["gate"].isNotNull()  # a reference has none
        )
        newest = trainings.orderBy(F.desc("as_of"), F.desc("started_at")).limit(1).toPandas()
        return None if newest.empty else newest.iloc[0]

    @cached_property
    def prices(self) -> pd.DataFrame:
        return self.of_policy(CONSTRAINT_PRICES, self.as_of).toPandas()

    @property
    def read_versions(self) -> dict[str, int]:
        return self.tables.inputs

    def exists(self, table: Table) -> bool:
        return self.tables.exists(table)

    def titles_of(self, item_ids: Sequence[str]) -> dict[str, str]:
        named = self.catalogue.where(F.col("item_id").isin(list(item_ids)))
        return dict(named.select("item_id", "title").toPandas().itertuples(index=False, name=None))

    @cached_property
    def accounted_night(self) -> date | None:
        newest = (
            self.tables.read_or_empty(EXPOSURE_ACCOUNT)
            .where((F.col("policy") == self.conf.plan.policy) & (F.col("as_of") < F.lit(self.as_of)))
            .agg(F.max(F.when(F.col("logged") > 0, F.col("as_of"))).alias("logged"), F.max("as_of").alias("any"))
            .first()
        )
        return None if newest is None else newest["logged"] or newest["any"]

    def account_sums(self, night: date, by: Sequence[str], names: Sequence[str], *, arms: bool = False) -> pd.DataFrame:
        of_night = self.tables.read(EXPOSURE_ACCOUNT).where(F.col("as_of") == F.lit(night))
        rows = of_night if arms else of_night.where(F.col("policy") == self.conf.plan.policy)
        sums = [F.sum(name).cast("double").alias(name) for name in names]
        return rows.groupBy(*by).agg(*sums, F.count("*").alias("items")).toPandas()

    def account_of_groups(self, night: date, outcomes: Sequence[str]) -> pd.DataFrame:
        plan = self.conf.plan
        items = item_rows_of(self.tables, night, named_columns(plan), plan).toPandas()
        return group_shares(plan, items, self.of_policy(EXPOSURE_ACCOUNT, night).toPandas(), tuple(outcomes))

    @cached_property
    def corrections(self) -> pd.DataFrame:
        rows = self.tables.read_or_empty(EXPOSURE_CORRECTIONS).where(
            (F.col("as_of") == F.lit(self.as_of)) & (F.col("policy") == self.conf.plan.policy)
        )
        return rows.orderBy(F.desc(F.abs("correction")), "constraint", "member").toPandas()

    def of_policy(self, table: Table, on: date) -> DataFrame:
        """The rows of a night and the configured policy; empty where there are none."""
        policy = self.conf.plan.scored_as if table in (RELEVANCE, ITEM_POTENTIAL) else self.conf.plan.policy
        return self.tables.read(table).where((F.col("as_of") == F.lit(on)) & (F.col("policy") == policy))

    def item_exposure(self, on: date) -> DataFrame:
        """item_id, segment, allocated, floor, cap, boost, not_lifted_by of a night."""
        columns = ("item_id", "segment", "allocated", "floor", "cap", "boost", "not_lifted_by")
        return self.of_policy(ITEM_EXPOSURE, on).select(*columns)

    @property
    def catalogue(self) -> DataFrame:
        """item_features of tonight."""
        return self.tables.read(ITEM_FEATURES_TABLE).where(F.col("as_of") == F.lit(self.as_of))

    def _within(self, days: int) -> Column:
        since = self.as_of - timedelta(days=days)
        return (F.col("as_of") >= F.lit(since)) & (F.col("as_of") <= F.lit(self.as_of))
