"""The shoppers of a night's plan: consent, expected visits, and their part of all visits where a test runs."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import USERS
from features.declarations import USER_FEATURES_TABLE
from jobs.execution.night import Night
from jobs.experiments.arms import arm_of, planned_arm_column
from jobs.planning.columns import ATTRIBUTE
from jobs.planning.shoppers.exact_sums import of_units, summed_units
from jobs.planning.shoppers.visits import VISIT_COLUMNS, with_visits
from jobs.runtime.errors import ConfigurationError, LongtailError

_PLACES = 1_000_000  # into which a hash puts shoppers, to draw some of them


@dataclass(frozen=True)
class Shoppers:
    """All shoppers that the plan is for; they stay with Spark until `close`.

    frame: user_id, visits (lists expected to be asked for in a day), consents (bool), shopper_segment
    groups: how many shoppers by consents and shopper_segment, and their visits
    part: their part of the visits of all shoppers; 1 where no test runs and all are planned
    stored: the rows that `close` frees
    is_sample: whether some of the night's shoppers were left out, which only a what-if does
    """

    frame: DataFrame
    groups: pd.DataFrame
    part: float
    stored: DataFrame
    is_sample: bool = False

    @property
    def number(self) -> int:
        """All shoppers."""
        return int(self.groups["shoppers"].sum())

    @property
    def consenting(self) -> pd.Series:
        """By shopper_segment the number of shoppers who may have lists of their own."""
        consenting = self.groups[self.groups["consents"]]
        return consenting.set_index("shopper_segment")["shoppers"]

    @property
    def opted_out(self) -> DataFrame:
        """Rows of the shoppers without consent, who all have the shared list."""
        return self.frame.where(~F.col("consents"))

    @property
    def opted_out_number(self) -> int:
        """Shoppers without consent."""
        return int(self.groups.loc[~self.groups["consents"], "shoppers"].sum())

    @property
    def opted_out_visits(self) -> float:
        """Visits of the shoppers without consent."""
        return of_units(self.groups.loc[~self.groups["consents"], "units"].sum())

    def close(self) -> None:
        """Frees the rows on the executors."""
        self.stored.unpersist()


def read_shoppers(night: Night, share: float = 1.0) -> Shoppers:
    """The shoppers of the night's arm; of every arm where no test runs.

    Arms divide what the store has once (stock, budgets, exposures of a launch) by their part of the visits; so does a
    sample.
    share: of the shoppers, drawn by a hash of their ids
    Raises ConfigurationError when plan.shopper_segments names no column, LongtailError when the sample is empty.
    """
    arm = arm_of(night)
    rows = _all_shoppers(night)
    in_arm = planned_arm_column(night.conf, F.col("user_id"), F.col("consents")) == arm if arm else F.lit(True)
    if share < 1.0:
        place = F.pmod(F.xxhash64(F.lit("sample"), "user_id"), F.lit(_PLACES))
        in_arm &= place < F.lit(round(share * _PLACES))
    rows = rows.withColumn("in_arm", in_arm).persist()
    sums = rows.groupBy("in_arm", "consents", "shopper_segment").agg(
        F.count("*").alias("shoppers"), summed_units(F.col("visits")).alias("units")
    )
    groups = pd.DataFrame(
        [row.asDict() for row in sums.collect()], columns=["in_arm", "consents", "shopper_segment", "shoppers", "units"]
    ).astype({"in_arm": bool, "consents": bool, "units": object})
    of_arm = groups[groups["in_arm"]].reset_index(drop=True)
    if share < 1.0 and of_arm.empty:
        rows.unpersist()
        raise LongtailError(
            f"There is no shopper in a sample of {share:g} of them.", "Plan for a larger share of them."
        )
    return Shoppers(rows.where("in_arm").drop("in_arm"), of_arm, _part(of_arm, groups), rows, share < 1.0)


def _part(of_arm: pd.DataFrame, groups: pd.DataFrame) -> float:
    visits = groups["units"].sum()
    if not visits:
        return float(of_arm["shoppers"].sum() / max(groups["shoppers"].sum(), 1))
    return float(of_arm["units"].sum() / visits)


def _all_shoppers(night: Night) -> DataFrame:
    """user_id, visits, consents, shopper_segment."""
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
    rows = features.select(*columns, segment.alias("shopper_segment"))
    return with_visits(night, rows).select(
        "user_id", "visits", F.col("consent_personalisation").alias("consents"), "shopper_segment"
    )
