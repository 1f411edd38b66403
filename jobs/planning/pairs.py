"""The pairs that may enter a night's plan: on the driver where they fit there, else with Spark."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import RELEVANCE
from jobs.execution.night import Night
from jobs.experiments.arms import runs
from jobs.planning.eligibility import without_frequent
from jobs.runtime.errors import LongtailError


@dataclass(frozen=True)
class Pairs:
    """user_id, item_id, relevance and cause (empty where none is told) of the pairs that may enter.

    table: all of them, where they fit on the driver; None where they stay with Spark
    """

    frame: DataFrame
    table: pa.Table | None
    model_version: str

    def sums(self, users: pd.DataFrame) -> pd.DataFrame:
        """shopper_segment, item_id, total and largest relevance. users: user_id, shopper_segment."""
        if self.table is not None:
            place = pd.Index(users["user_id"]).get_indexer(self.table["user_id"].to_pandas())
            segment = pa.array(users["shopper_segment"].to_numpy()[place], pa.string())
            table = self.table.append_column("shopper_segment", segment)
            by = table.group_by(["shopper_segment", "item_id"], use_threads=False)
            found = by.aggregate([("relevance", "sum"), ("relevance", "max")]).to_pandas()
            return found.rename(columns={"relevance_sum": "total", "relevance_max": "largest"})
        segments = self.frame.sparkSession.createDataFrame(users[["user_id", "shopper_segment"]])
        rows = self.frame.join(F.broadcast(segments), on="user_id", how="left")
        return (
            rows.groupBy("shopper_segment", "item_id")
            .agg(F.sum("relevance").alias("total"), F.max("relevance").alias("largest"))
            .toPandas()
        )

    def shoppers(self) -> pd.Index:
        """user_id of everyone with a pair, sorted."""
        if self.table is not None:
            return pd.Index(pc.unique(self.table["user_id"]).to_pandas()).sort_values()
        return pd.Index(self.frame.select("user_id").distinct().toPandas()["user_id"]).sort_values()


def eligible_pairs(night: Night, items: pd.DataFrame, users: pd.DataFrame) -> Pairs:
    """Pairs of the night at or above the bar, of the given items (item_id) and of shoppers who consent.

    users: user_id, consents; those of the arm where a test runs. Raises LongtailError where no pair is left, or the
    night was not scored by one version.
    """
    plan, spark = night.conf.plan, night.spark
    scored, version = _scored(night)
    rows = night.tables.read_date(RELEVANCE, night.as_of).where(
        (F.col("policy") == plan.scored_as) & (F.col("relevance") >= plan.relevance_bar)
    )
    cause = F.coalesce(F.get(F.col("top_reasons"), F.lit(0)), F.lit(""))
    frame = rows.select("user_id", "item_id", "relevance", cause.alias("cause"))
    may_enter = F.broadcast(spark.createDataFrame(items[["item_id"]]))
    frame = frame.join(may_enter, on="item_id", how="inner")
    refusing = users.loc[~users["consents"], ["user_id"]]
    if runs(night):
        planned = F.broadcast(spark.createDataFrame(users.loc[users["consents"], ["user_id"]], "user_id string"))
        frame = frame.join(planned, on="user_id", how="left_semi")
    elif len(refusing):
        refused = F.broadcast(spark.createDataFrame(refusing))
        frame = frame.join(refused, on="user_id", how="left_anti")
    frame = without_frequent(night, frame).select("user_id", "item_id", "relevance", "cause")
    table = frame.toArrow() if scored <= plan.driver_pairs else None
    if table.num_rows == 0 if table is not None else frame.isEmpty():
        raise LongtailError(
            f"No pair of relevance for {night.as_of} is of an eligible item and reaches the bar.",
            "Look at plan.segments, plan.relevance_bar and plan.frequency, at is_eligible in item_features and at "
            "consent_personalisation in user_features.",
        )
    return Pairs(frame, table, version)


def _scored(night: Night) -> tuple[int, str]:
    """Rows of relevance of the night and policy, and the one version that scored them."""
    plan = night.conf.plan
    rows = night.tables.read_date(RELEVANCE, night.as_of).where(F.col("policy") == plan.scored_as)
    versions = rows.groupBy("model_version").count().collect()
    if len(versions) != 1:
        found = f"scores of {len(versions)} model versions" if versions else "no rows"
        raise LongtailError(
            f"relevance has {found} for {night.as_of} and policy {plan.scored_as}.",
            f"Run score for {night.as_of} again.",
        )
    return versions[0]["count"], versions[0]["model_version"]
