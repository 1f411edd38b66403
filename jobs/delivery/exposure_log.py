"""The log of the accounted days: every exposure of the placement with its verdict, and the responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES, ITEMS, RELEVANCE
from features.contract.responses import PURCHASE
from features.delivery.attention import with_attention
from features.delivery.strata import in_planned_order, shopper_levels, with_stratum
from features.delivery.validity import COUNTED, with_verdict
from features.drift.frames import sampled_by
from features.point_in_time import versions_at
from features.visitors import of_shoppers
from jobs.delivery.learned_weights import weights_known_before
from jobs.delivery.live_periods import LivePeriod, live_days, live_periods, plan_runs, with_night
from jobs.delivery.new_pairs import not_shown_before
from jobs.delivery.position_weights import PositionWeights, position_weights
from jobs.execution.night import Night

_RESPONSES = ("click", "cart", PURCHASE)  # and those of relevance.target
# Enough for weights within .01; of a longer log they are learnt from a sample of shoppers.
_SAMPLED_EXPOSURES = 10_000_000


@dataclass(frozen=True)
class DeliveryLog:
    """Exposures of the placement and the responses of the same days.

    days: as_of, days (for which readers saw its lists so far)
    judged: the exposures of all policies, with their verdict
    counted: the exposures that count, with policy (the night's where the store names none) and attention
    responses: clicks, additions to a cart, purchases, and views where these are the target; weights: of the positions
    """

    days: DataFrame
    judged: DataFrame
    counted: DataFrame
    responses: DataFrame
    weights: PositionWeights


def delivery_log(night: Night, nights: list[date]) -> DeliveryLog:
    """The log since the first of these nights. `judged` is persisted; the caller unpersists it."""
    runs = plan_runs(night.tables, night.conf.plan, nights)
    periods = live_periods(night.tables, nights, runs, night.conf.plan.policy, night.as_of)
    days = night.spark.createDataFrame(sorted(live_days(periods).items()), "as_of date, days double")
    judged = judged_exposures(night, nights, runs, periods).persist()
    counted = counted_exposures(night, judged)
    responses = _events_since(night, nights[0]).where(
        F.col("event_type").isin(*_RESPONSES, night.conf.relevance.target)
    )
    known = weights_known_before(night.tables, night.conf, nights[0])
    weights = position_weights(night.conf, _placed(night, nights, counted), responses, known)
    return DeliveryLog(days, judged, with_attention(counted, weights.used), responses, weights)


def judged_exposures(night: Night, nights: list[date], runs: Sequence[Row], periods: Sequence[LivePeriod]) -> DataFrame:
    """Exposures of the placement since the first of these nights, of all policies: columns of events, as_of, verdict.

    runs, periods: of `jobs.delivery.live_periods`
    """
    of_placement = (F.col("event_type") == "exposure") & (F.col("placement") == night.conf.plan.placement)
    exposures = with_night(_events_since(night, nights[0]).where(of_placement), nights, runs, periods)
    ends = versions_at(night.tables.read(ITEMS), [night.as_of], "item_id")
    withdrawals = ends.where("withdrawn_at IS NOT NULL").select("item_id", "withdrawn_at")
    return with_verdict(exposures, withdrawals, night.conf.account.most_exposures_a_day)


def counted_exposures(night: Night, judged: DataFrame) -> DataFrame:
    """The judged exposures that count, with the plan's policy where a store that runs one does not say which."""
    named = F.coalesce("policy", F.lit(night.conf.plan.policy))
    return judged.where(F.col("verdict") == COUNTED).withColumn("policy", named)


def _events_since(night: Night, first: date) -> DataFrame:
    """The shoppers' events from a day on that were known on the night."""
    return of_shoppers(night.tables.read(EVENTS)).where(
        (F.col("event_date") >= F.lit(first)) & (F.col("event_date") < F.lit(night.as_of))
    )


def _placed(night: Night, nights: list[date], counted: DataFrame) -> DataFrame:
    """The exposures that count of pairs not shown before, of lists in planned order, with the predicted relevance and
    the stratum of it.

    Of a longer log than _SAMPLED_EXPOSURES those of a sample of shoppers.
    """
    counted = counted.where(in_planned_order())
    share = min(1.0, _SAMPLED_EXPOSURES / max(counted.count(), 1))
    sampled = not_shown_before(night.tables, sampled_by(counted, "user_id", share), nights[0])
    of_nights = F.col("as_of").isin(nights)
    lists = night.tables.read_or_empty(EXPOSURE_SCORES).where(
        of_nights & (F.col("placement") == night.conf.plan.placement)
    )
    relevance = sampled_by(night.tables.read_or_empty(RELEVANCE).where(of_nights), "user_id", share)
    shoppers = sampled.select("user_id").distinct()
    levels = shopper_levels(relevance.join(shoppers, on="user_id", how="left_semi"))
    entries = lists.select("as_of", "policy", "user_id", "item_id", "relevance", "score")
    return with_stratum(sampled, entries, levels)
