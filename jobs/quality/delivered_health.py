"""Figures of what was delivered of the newest accounted night."""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import functions as F

from features.contract import EXPOSURE_ACCOUNT, ITEM_EXPOSURE
from features.health.delivered import delivered_health
from features.health.figures import Figure
from jobs.execution.night import Night


def delivered_figures(night: Night, window_days: int) -> list[Figure]:
    """The figures of the policy's newest accounted night with any logged exposure; without one, none and a decision."""
    plan = night.conf.plan
    of_policy = (F.col("policy") == plan.policy) & (F.col("placement") == plan.placement)
    since = night.as_of - timedelta(days=window_days)
    inside = (F.col("as_of") >= F.lit(since)) & (F.col("as_of") < F.lit(night.as_of))
    accounts = night.tables.read_or_empty(EXPOSURE_ACCOUNT).where(of_policy & inside)
    logged = accounts.where("logged > 0")
    newest = logged.agg(F.max("as_of").alias("as_of")).first()
    as_of = None if newest is None else newest["as_of"]
    if as_of is None:
        night.record.decisions["delivered_of"] = f"none: no exposure of a night of the last {window_days} was logged"
        return []
    night.record.decisions["delivered_of"] = str(as_of)
    at = F.col("as_of") == F.lit(as_of)
    eligible = night.tables.read(ITEM_EXPOSURE).where(of_policy & at).select("item_id", "segment")
    delivered = accounts.where(at).select("item_id", "delivered")
    ever = logged.select("item_id").distinct().withColumn("was_logged", F.lit(True))
    rows = eligible.join(delivered, on="item_id", how="left").join(ever, on="item_id", how="left")
    return delivered_health(
        rows.select(
            "item_id", "segment",
            F.coalesce("delivered", F.lit(0.0)).alias("delivered"),
            F.coalesce("was_logged", F.lit(False)).alias("was_logged"),
        ).toPandas()
    )  # fmt: skip
