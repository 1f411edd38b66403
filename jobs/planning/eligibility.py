"""Which items and pairs may enter the lists of a night."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES
from jobs.config.plan import Plan
from jobs.execution.manifest import done_runs
from jobs.execution.night import Night
from jobs.experiments.arms import POLICIES
from jobs.planning.merchandising import Merchandising


def why_excluded(plan: Plan, items: pd.DataFrame, wishes: Merchandising) -> pd.Series:
    """Why an item enters no list, in words; empty where it may. items: item_id, is_eligible, segment, category."""
    why = pd.Series("", index=items.index, dtype=object)
    for path in plan.sensitive_categories:
        why[is_under(items["category"], path)] = f"its category is under {path}, which is never shown"
    for item_id, ban in wishes.bans.items():
        why[items["item_id"] == item_id] = f"it is {ban.in_words}"
    for segment in set(items["segment"]) - set(plan.segments):
        own = f"its segment is {segment}" if segment else "it has no segment"
        why[items["segment"] == segment] = f"{own}; plan.segments lets in {', '.join(plan.segments)}"
    why[~items["is_eligible"].astype(bool)] = "it was not listed, or out of stock"
    return why


def is_under(categories: pd.Series, path: str) -> pd.Series:
    """Whether each category path is the given one or below it, whatever the case and the blanks around `>`."""
    wanted, found = _levels(path), categories.fillna("").map(_levels)
    return found.map(lambda levels: levels[: len(wanted)] == wanted).astype(bool)


def _levels(path: str) -> tuple[str, ...]:
    return tuple(" ".join(level.split()).casefold() for level in path.split(">"))


def without_frequent(night: Night, pairs: DataFrame) -> DataFrame:
    """Drops pairs that were exposed plan.frequency.times times in the days before the night.

    Counted are the nights whose list held the pair, of whatever plan the shopper's list was, or exposure events of the
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
        seen = night.tables.read(EVENTS).where(
            (F.col("event_date") >= F.lit(since))
            & (F.col("event_date") < F.lit(night.as_of))
            & (F.col("event_type") == "exposure")
            & (F.col("placement") == night.conf.plan.placement)
        )
        seen = seen.select("user_id", "item_id", F.col("sample_weight").alias("times"))
    tired = seen.groupBy("user_id", "item_id").agg(F.sum("times").alias("times"))
    tired = tired.where(F.col("times") >= frequency.times).select("user_id", "item_id")
    return pairs.join(tired, on=["user_id", "item_id"], how="left_anti")


def _shown_policies(night: Night, since: date) -> DataFrame:
    """as_of, policy: whose lists shoppers were shown on the nights from `since` to before the night.

    Where a test ran, or has ended, a shopper's lists of some nights are of another policy. Of nights that were not
    published the lists of tonight's policy and of that whose relevance it has are taken for shown.
    """
    plan = night.conf.plan
    usual = {plan.policy, plan.scored_as}
    told = {run["as_of"]: run["decisions"].get(POLICIES) for run in done_runs(night.tables, "publish")}
    days = [since + timedelta(days=number) for number in range((night.as_of - since).days)]
    rows = [(day, policy) for day in days for policy in (json.loads(told[day]) if told.get(day) else sorted(usual))]
    return night.spark.createDataFrame(rows, "as_of date, policy string")
