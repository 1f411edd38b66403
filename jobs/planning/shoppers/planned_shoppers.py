"""The shoppers of a night's plan: consent, expected visits, and their part of all visits where a test runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from features.contract import USERS
from features.declarations import USER_FEATURES_TABLE
from jobs.execution.night import Night
from jobs.experiments.arms import arm_of, planned_in
from jobs.planning.columns import ATTRIBUTE
from jobs.planning.shoppers.visits import VISIT_COLUMNS, planned_visits
from jobs.runtime.errors import ConfigurationError


@dataclass(frozen=True)
class Shoppers:
    """All shoppers that the plan is for.

    rows: user_id (sorted), visits (lists expected to be asked for in a day), consents (bool), shopper_segment
    part: their part of the visits of all shoppers; 1 where no test runs
    """

    rows: pd.DataFrame
    part: float

    @property
    def consenting(self) -> pd.DataFrame:
        """Rows of the shoppers who may have lists of their own."""
        return self.rows[self.rows["consents"]]

    @property
    def opted_out(self) -> pd.DataFrame:
        """Rows of the shoppers without consent, who all have the shared list."""
        return self.rows[~self.rows["consents"]]

    def with_list(self, user_ids: np.ndarray) -> pd.DataFrame:
        """Rows of the shoppers who have a list when the given ones have one of their own."""
        return self.rows[self.rows["user_id"].isin(user_ids) | ~self.rows["consents"]]


def read_shoppers(night: Night) -> Shoppers:
    """The shoppers of the night's arm; of every arm where no test runs.

    Arms divide what the store has once (stock, budgets, exposures of a launch) by their part of the visits.
    Raises ConfigurationError when plan.shopper_segments names no column.
    """
    rows = _all_shoppers(night)
    arm = arm_of(night)
    if not arm:
        return Shoppers(rows, 1.0)
    in_arm = planned_in(night.conf, rows["user_id"], rows["consents"].to_numpy()) == arm
    visits = rows["visits"].sum()
    part = float(rows.loc[in_arm, "visits"].sum() / visits) if visits > 0 else float(in_arm.mean())
    return Shoppers(rows[in_arm].reset_index(drop=True), part)


def _all_shoppers(night: Night) -> pd.DataFrame:
    by = night.conf.plan.shopper_segments
    columns = [*VISIT_COLUMNS, "consent_personalisation"]
    features = night.tables.read_date(USER_FEATURES_TABLE, night.as_of)
    if by is None:
        segment = F.lit("")
    elif by.startswith(ATTRIBUTE):
        attributes = night.tables.read(USERS).select("user_id", "attributes")
        features = features.join(attributes, on="user_id", how="left")
        segment = F.coalesce(F.col("attributes").getItem(by.removeprefix(ATTRIBUTE)), F.lit(""))
    elif by in USER_FEATURES_TABLE.column_names:
        segment = F.col(by).cast("string")
    else:
        raise ConfigurationError(
            f"plan.shopper_segments: user_features has no column {by}.", f"Name one, or {ATTRIBUTE}KEY of users."
        )
    rows = features.select(*columns, segment.alias("shopper_segment")).toPandas()
    rows = rows.sort_values("user_id", ignore_index=True)
    rows["visits"] = planned_visits(night, rows)
    rows = rows.rename(columns={"consent_personalisation": "consents"})
    return rows[["user_id", "visits", "consents", "shopper_segment"]]
