"""The log that uplift is learnt from: recorded draws of the last nights with the shoppers' responses, as units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPLORATION_DRAWS, ITEMS
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.delivery.attention import with_attention
from features.delivery.units import UNIT, with_outcomes
from features.delivery.validity import COUNTED, nights_of_days, with_verdict
from features.drift.frames import sampled_by
from features.point_in_time import versions_at
from jobs.delivery.learned_weights import learned_plan
from jobs.delivery.live_nights import live_nights
from jobs.execution.night import Night
from jobs.uplift.inputs import ITEM_COLUMNS, USER_COLUMNS, of_items, of_users, pair_inputs
from model.uplift.units import Units


@dataclass(frozen=True)
class UpliftLog:
    """units and the items that they name, sorted; nights: how many are in it; sampled: share of the shoppers."""

    units: Units
    item_ids: np.ndarray
    nights: int
    sampled: float


def read_uplift_log(night: Night) -> UpliftLog | None:
    """The units of the last uplift.nights live nights whose outcomes are known; None where no draw is of a visit.

    On the driver is a sample of shoppers, with about uplift.sample_units recorded pairs.
    """
    days = _days(night)
    if days is None:
        return None
    setting = night.conf.uplift
    nights = [row["as_of"] for row in days.select("as_of").distinct().collect()]
    last_day = F.max("event_date").over(Window.partitionBy("as_of"))
    # Later days count for what is shown again; a night counts once the window of its last day is over.
    ended = days.withColumn("last_day", last_day).where(
        F.date_add("last_day", setting.outcome_days + 1) <= F.lit(night.as_of)
    )
    draws = (
        night.tables.read(EXPLORATION_DRAWS)
        .where((F.col("placement") == night.conf.plan.placement) & F.col("as_of").isin(nights))
        .join(F.broadcast(ended.select("as_of").distinct()), on="as_of", how="left_semi")
    )
    recorded = draws.count()
    if not recorded:
        return None
    share = min(1.0, setting.sample_units / recorded)
    draws = sampled_by(draws, "user_id", share).select(*UNIT, "relevance", "propensity", "is_drawn", "weight")
    units = with_outcomes(draws, _exposures(night, days), _responses(night, min(nights)), setting.outcome_days)
    rows = _with_features(night, units.where("dose > 0")).toPandas().sort_values(list(UNIT), ignore_index=True)
    if rows.empty or not rows["is_drawn"].any():
        return None
    item_ids = np.sort(rows["item_id"].unique())
    return UpliftLog(_units(rows, item_ids), item_ids, rows["as_of"].nunique(), share)


def _days(night: Night) -> DataFrame | None:
    """event_date, as_of, live_days of the days since the oldest night of the log; None without a night."""
    setting = night.conf.uplift
    since = night.as_of - timedelta(days=setting.nights + setting.outcome_days + 1)
    rows = night.tables.read_or_empty(EXPLORATION_DRAWS).where(
        (F.col("as_of") >= F.lit(since)) & (F.col("as_of") < F.lit(night.as_of))
    )
    planned: list[date] = [row["as_of"] for row in rows.select("as_of").distinct().collect()]
    nights = live_nights(night.tables, planned)
    return nights_of_days(night.spark, nights, night.as_of) if nights else None


def _exposures(night: Night, days: DataFrame) -> DataFrame:
    conf = night.conf
    events = night.tables.read(EVENTS).join(F.broadcast(days), on="event_date", how="inner")
    shown = events.where((F.col("event_type") == "exposure") & (F.col("placement") == conf.plan.placement))
    ends = versions_at(night.tables.read(ITEMS), [night.as_of], "item_id")
    withdrawals = ends.where("withdrawn_at IS NOT NULL").select("item_id", "withdrawn_at")
    judged = with_verdict(shown, withdrawals, conf.account.most_exposures_a_day).where(F.col("verdict") == COUNTED)
    # Tonight's weights are learnt after this step.
    weights = learned_plan(night.tables, conf.plan, night.as_of - timedelta(days=1)).position_weights
    named = judged.withColumn("policy", F.coalesce("policy", F.lit(conf.plan.policy)))
    return with_attention(named, weights).select(*UNIT, "event_time", "sample_weight", "attention")


def _responses(night: Night, first: date) -> DataFrame:
    return night.tables.read(EVENTS).where(
        (F.col("event_type") == night.conf.relevance.target)
        & (F.col("event_date") >= F.lit(first))
        & (F.col("event_date") < F.lit(night.as_of))
    )


def _with_features(night: Night, units: DataFrame) -> DataFrame:
    """Features as they were known on the night of the unit."""
    items = night.tables.read(ITEM_FEATURES_TABLE).select(
        "as_of", "item_id", *(F.col(name).alias(of_items(name)) for name in ITEM_COLUMNS)
    )
    users = night.tables.read(USER_FEATURES_TABLE).select(
        "as_of", "user_id", *(F.col(name).alias(of_users(name)) for name in USER_COLUMNS)
    )
    return units.join(items, on=["as_of", "item_id"], how="inner").join(users, on=["as_of", "user_id"], how="inner")


def _units(rows: pd.DataFrame, item_ids: np.ndarray) -> Units:
    return Units(
        pair_inputs(rows, pd.Index(item_ids)),
        rows["user_id"].astype("category").cat.codes.to_numpy(dtype=np.int64),
        rows["is_drawn"].to_numpy(dtype=bool),
        *(rows[name].to_numpy(dtype=np.float64) for name in ("propensity", "weight", "dose", "response")),
    )
