"""The figures of a night's page, read without Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from features.contract import CONSTRAINT_PRICES, EXPOSURE_ACCOUNT, EXPOSURE_CORRECTIONS, METRICS, RUNS
from features.contract.metrics import DEMAND, FEATURE
from features.contract.table import Table
from jobs.config.configuration import Config
from jobs.delivery.group_shares import group_shares
from jobs.desk.items import item_rows, of_night, titles_of
from jobs.desk.stored_tables import StoredTables
from jobs.planning.columns import named_columns
from jobs.report.night_figures import TREND_DAYS, WEEK, NightFigures, newest_of_each_step


@dataclass(frozen=True, init=False)
class StoredFigures(NightFigures):
    """As `jobs.report.night_tables.Reading`, by the desk's own reader of Delta."""

    tables: StoredTables

    def __init__(self, tables: StoredTables, conf: Config, as_of: date) -> None:
        super().__init__(conf, as_of)
        object.__setattr__(self, "tables", tables)

    @cached_property
    def figures(self) -> pd.DataFrame:
        columns = ("as_of", "name", "segment", "value", "source_versions")
        others = ~pc.starts_with(pc.field("name"), FEATURE) & ~pc.starts_with(pc.field("name"), DEMAND)
        return self.tables.frame(METRICS, columns, self._within(TREND_DAYS) & others)

    @cached_property
    def feature_figures(self) -> pd.DataFrame:
        of_features = of_night(self.as_of) & pc.starts_with(pc.field("name"), FEATURE)
        return self.tables.frame(METRICS, ("name", "segment", "value"), of_features)

    @cached_property
    def runs(self) -> pd.DataFrame:
        return newest_of_each_step(self.tables.frame(RUNS, RUNS.column_names, self._within(2 * WEEK)))

    @cached_property
    def newest_training(self) -> pd.Series | None:
        done = (pc.field("step") == "train_relevance") & (pc.field("status") == "done")
        rows = self.tables.frame(RUNS, RUNS.column_names, done & (pc.field("as_of") <= self.as_of))
        gated = rows[[bool((decisions or {}).get("gate")) for decisions in rows["decisions"]]]
        return None if gated.empty else gated.sort_values(["as_of", "started_at"]).iloc[-1]

    @cached_property
    def prices(self) -> pd.DataFrame:
        return self._of_policy(CONSTRAINT_PRICES, self.as_of)

    @property
    def read_versions(self) -> dict[str, int]:
        return self.tables.versions

    def exists(self, table: Table) -> bool:
        version = self.tables.version_of(table)
        if version is not None:
            self.tables.versions.setdefault(table.name, version)
        return version is not None

    def titles_of(self, item_ids: Sequence[str]) -> dict[str, str]:
        return titles_of(self.tables, self.as_of, item_ids)

    @cached_property
    def accounted_night(self) -> date | None:
        earlier = (pc.field("policy") == self.conf.plan.policy) & (pc.field("as_of") < self.as_of)
        rows = self.tables.read(EXPOSURE_ACCOUNT, ("as_of", "logged"), earlier)
        logged = rows.filter(pc.fill_null(pc.greater(rows["logged"], 0.0), False))
        for part in (logged, rows):
            if len(part):
                return pc.max(part["as_of"]).as_py()
        return None

    def account_sums(self, night: date, by: Sequence[str], names: Sequence[str], *, arms: bool = False) -> pd.DataFrame:
        of = of_night(night) if arms else of_night(night, self.conf.plan.policy)
        rows = self.tables.frame(EXPOSURE_ACCOUNT, (*by, *names), of)
        rows = rows.astype(dict.fromkeys(names, np.float64)).assign(items=1.0)
        groups = rows.groupby(list(by))
        return groups[[*names]].sum(min_count=1).join(groups["items"].sum()).reset_index()

    def account_of_groups(self, night: date, outcomes: Sequence[str]) -> pd.DataFrame:
        plan = self.conf.plan
        items = item_rows(self.tables, plan, night, named_columns(plan))
        return group_shares(plan, items, self._of_policy(EXPOSURE_ACCOUNT, night), tuple(outcomes))

    @cached_property
    def corrections(self) -> pd.DataFrame:
        rows = self._of_policy(EXPOSURE_CORRECTIONS, self.as_of)
        rows = rows.assign(size=-rows["correction"].abs()).sort_values(["size", "constraint", "member"])
        return rows.drop(columns="size")

    def _of_policy(self, table: Table, on: date) -> pd.DataFrame:
        return self.tables.frame(table, table.column_names, of_night(on, self.conf.plan.policy))

    def _within(self, days: int) -> pc.Expression:
        since = self.as_of - timedelta(days=days)
        return (pc.field("as_of") >= since) & (pc.field("as_of") <= self.as_of)
