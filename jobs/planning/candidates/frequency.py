"""Pairs that a shopper has seen often enough."""

from __future__ import annotations

import json
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES
from features.visitors import of_shoppers
from jobs.execution.manifest import done_runs
from jobs.execution.night import Night
from jobs.experiments.arms import POLICIES


def without_frequent(night: Night, pairs: DataFrame) -> DataFrame:
    """Drops pairs that were exposed plan.frequency.times times in the plan.frequency.days before the night.

    Counts the nights whose list held the pair, whichever policy planned the list, or the exposure events of the
    placement by their weight.
    """
    frequency = night.conf.plan.frequency
    if frequency.times is None:
        return pairs
    since = night.as_of - timedelta(days=frequency.days)
    if frequency.counted == "lists":
        seen = night.tables.read_or_empty(EXPOSURE_SCORES).where(
            (F.col("as_of") >= F.lit(since))
            & (F.col("as_of") < F.lit(night.as_of))
            & (F.col("placement") == night.conf.plan.placement)
        )
        seen = seen.join(F.broadcast(_shown_policies(night, since)), on=["as_of", "policy"], how="left_semi")
        seen = seen.select("as_of", "user_id", "item_id").distinct().withColumn("times", F.lit(1.0))
    else:
        seen = of_shoppers(night.tables.read(EVENTS)).where(
            (F.col("event_date") >= F.lit(since))
            & (F.col("event_date") < F.lit(night.as_of))
            & (F.col("event_type") == "exposure")
            & (F.col("placement") == night.conf.plan.placement)
        )
        seen = seen.select("user_id", "item_id", F.col("sample_weight").alias("times"))
    frequent = seen.groupBy("user_id", "item_id").agg(F.sum("times").alias("times"))
    frequent = frequent.where(F.col("times") >= frequency.times).select("user_id", "item_id")
    return pairs.join(frequent, on=["user_id", "item_id"], how="left_anti")


def _shown_policies(night: Night, since: date) -> DataFrame:
    """as_of, policy: whose lists shoppers were shown on the nights from `since` to before the night.

    During a test, and after it, some lists of a shopper are of another policy. For unpublished nights, assume that the
    lists of tonight's policy were shown, or those of the policy whose relevance it takes.
    """
    plan = night.conf.plan
    assumed = sorted({plan.policy, plan.scored_as})
    published = {run["as_of"]: run["decisions"].get(POLICIES) for run in done_runs(night.tables, "publish")}
    days = [since + timedelta(days=number) for number in range((night.as_of - since).days)]
    rows = [(day, policy) for day in days for policy in (json.loads(published[day]) if published.get(day) else assumed)]
    return night.spark.createDataFrame(rows, "as_of date, policy string")
