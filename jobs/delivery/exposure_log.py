"""The log of the accounted days: every exposure of the placement with its verdict, and what answered it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS, ITEMS
from features.delivery.attention import with_attention
from features.delivery.validity import COUNTED, nights_of_days, with_verdict
from features.point_in_time import versions_at
from jobs.delivery.position_weights import PositionWeights, position_weights
from jobs.execution.night import Night

_RESPONSES = ("click", "cart", "purchase")


@dataclass(frozen=True)
class DeliveryLog:
    """days: event_date, as_of, live_days; judged: the exposures of the placement, of all policies, with verdict
    counted: those that count, with policy (that of the night where the store names none) and attention
    responses: clicks, puts into a cart and purchases of these days; weights: what the positions count
    """

    days: DataFrame
    judged: DataFrame
    counted: DataFrame
    responses: DataFrame
    weights: PositionWeights


def delivery_log(night: Night, nights: list[date]) -> DeliveryLog:
    """The log since the first of these nights; `judged` is held in memory until it is unpersisted."""
    days = nights_of_days(night.spark, nights, night.as_of)
    events = night.tables.read(EVENTS).join(F.broadcast(days), on="event_date", how="inner")
    exposures = events.where((F.col("event_type") == "exposure") & (F.col("placement") == night.conf.plan.placement))
    ends = versions_at(night.tables.read(ITEMS), [night.as_of], "item_id")
    withdrawals = ends.where("withdrawn_at IS NOT NULL").select("item_id", "withdrawn_at")
    judged = with_verdict(exposures, withdrawals, night.conf.account.most_exposures_a_day).persist()
    # A store that runs one policy need not say which.
    named = F.coalesce("policy", F.lit(night.conf.plan.policy))
    counted = judged.where(F.col("verdict") == COUNTED).withColumn("policy", named)
    responses = events.where(F.col("event_type").isin(*_RESPONSES))
    weights = position_weights(night.conf, counted, responses)
    return DeliveryLog(days, judged, with_attention(counted, weights.used), responses, weights)
