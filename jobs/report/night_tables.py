"""Frames for the sections of the night's page: small, read once, each table at one version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import CONSTRAINT_PRICES, ITEM_EXPOSURE, ITEM_POTENTIAL, METRICS, RELEVANCE, RUNS
from features.contract.metrics import ALL, DEMAND, FEATURE
from features.contract.segments import SEGMENTS
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config
from jobs.tables.warehouse import Warehouse

TREND_DAYS = 56
WEEK = 7


@dataclass(frozen=True)
class Reading:
    """The night of `as_of` and the nights before it."""

    tables: Warehouse
    conf: Config
    as_of: date

    @cached_property
    def figures(self) -> pd.DataFrame:
        """as_of, name, segment, value, source_versions of the nights of the trend, without features and forecasts."""
        rows = self.tables.read_or_empty(METRICS).where(
            self._within(TREND_DAYS) & ~F.startswith("name", F.lit(FEATURE)) & ~F.startswith("name", F.lit(DEMAND))
        )
        return rows.select("as_of", "name", "segment", "value", "source_versions").toPandas()

    @property
    def versions(self) -> dict[str, int]:
        """Version by table: those read here, and those that tonight's figures were computed from."""
        tonight = self.figures.loc[self.figures["as_of"] == self.as_of, "source_versions"]
        behind = {name: int(version) for versions in tonight for name, version in dict(versions).items()}
        return behind | self.tables.inputs

    def figure(self, name: str, segment: str = ALL, on: date | None = None) -> float | None:
        """A figure of tonight or of an earlier night; None where that night has none."""
        rows = self.figures
        named = rows[(rows["name"] == name) & (rows["segment"] == segment) & (rows["as_of"] == (on or self.as_of))]
        return float(named["value"].iloc[0]) if len(named) else None

    def trend(self, name: str, segment: str = ALL) -> tuple[tuple[date, float], ...]:
        """A figure by night, the oldest first, tonight last."""
        named = self.figures[(self.figures["name"] == name) & (self.figures["segment"] == segment)]
        return tuple(sorted(zip(named["as_of"], map(float, named["value"]), strict=True)))

    def segments(self, name: str) -> list[str]:
        """Those of head, tail and cold that have the figure tonight."""
        return [segment for segment in SEGMENTS if self.figure(name, segment) is not None]

    @cached_property
    def previous_night(self) -> date | None:
        """The newest earlier night that was measured, at most a week ago."""
        return self._newest(self.as_of - timedelta(days=WEEK), self.as_of - timedelta(days=1))

    @cached_property
    def week_ago(self) -> date | None:
        """The night a week ago, or the newest in the week before it."""
        return self._newest(self.as_of - timedelta(days=2 * WEEK), self.as_of - timedelta(days=WEEK))

    def _newest(self, first: date, last: date) -> date | None:
        nights = {day for day in self.figures["as_of"] if first <= day <= last}
        return max(nights, default=None)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The newest row of `runs` of each step and night of the last two weeks, in order of start."""
        rows = self.tables.read(RUNS).where(self._within(2 * WEEK)).toPandas().sort_values("started_at")
        return rows.drop_duplicates(["as_of", "step"], keep="last")

    def run_of(self, step: str, on: date | None = None) -> pd.Series | None:
        """The newest run of a step for a night; None where it did not run."""
        of_step = self.runs[(self.runs["step"] == step) & (self.runs["as_of"] == (on or self.as_of))]
        return None if of_step.empty else of_step.iloc[-1]

    @cached_property
    def prices(self) -> pd.DataFrame:
        """Tonight's constraint_prices of the configured policy."""
        return self.of_policy(CONSTRAINT_PRICES, self.as_of).toPandas()

    def of_policy(self, table: Table, on: date) -> DataFrame:
        """The rows of a night and the configured policy; empty where there are none."""
        policy = self.conf.plan.scored_as if table in (RELEVANCE, ITEM_POTENTIAL) else self.conf.plan.policy
        return self.tables.read(table).where((F.col("as_of") == F.lit(on)) & (F.col("policy") == policy))

    def item_exposure(self, on: date) -> DataFrame:
        """item_id, segment, allocated, floor, cap, boost of a night."""
        columns = ("item_id", "segment", "allocated", "floor", "cap", "boost")
        return self.of_policy(ITEM_EXPOSURE, on).select(*columns)

    @property
    def catalogue(self) -> DataFrame:
        """item_features of tonight."""
        return self.tables.read(ITEM_FEATURES_TABLE).where(F.col("as_of") == F.lit(self.as_of))

    def _within(self, days: int) -> Column:
        since = self.as_of - timedelta(days=days)
        return (F.col("as_of") >= F.lit(since)) & (F.col("as_of") <= F.lit(self.as_of))


def day_words(day: date) -> str:
    """4 December."""
    return f"{day:%-d %B}"
