"""Reads what the figures of the tail's health need, and keeps them in `metrics`."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES, ITEM_EXPOSURE, METRICS, RELEVANCE
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.health.calibration import calibration_health
from features.health.figures import ALL, Figure
from features.health.lists import listed_items, lists_count
from features.health.planned_items import of_items
from features.health.providers import provider_health
from features.health.spread import purchase_shares, spread_health
from jobs.delivery.accounting import PREFIX as DELIVERY
from jobs.delivery.learned_weights import with_learned_weights
from jobs.execution.night import Night
from jobs.forecasting.weekly_fit import PREFIX as DEMAND
from jobs.planning.shoppers.visits import VISIT_COLUMNS, planned_visits
from jobs.quality.delivered_health import delivered_figures
from jobs.quality.drift import PREFIX as DRIFT
from jobs.quality.gate import PREFIX as FEATURE
from jobs.tables.sql import sql_starts_with

WINDOW_DAYS = 28  # of items never shown

# Those of features, forecasts and delivery are written by other steps.
_NOT_OTHERS = " AND ".join(f"NOT {sql_starts_with('name', prefix)}" for prefix in (FEATURE, DEMAND, DELIVERY, DRIFT))


def keep_health(night: Night) -> None:
    """Replaces the night's figures of exposure, planned and delivered, purchases, novelty, providers and calibration in
    `metrics`."""
    plan = with_learned_weights(night).conf.plan
    scores = _tonight(night, EXPOSURE_SCORES)
    given = _tonight(night, ITEM_EXPOSURE)
    features = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of)
    listed = listed_items(scores, _visits(night), plan.position_weights)
    earlier = _window_before(night)
    items = of_items(given, features, _tonight(night, RELEVANCE), listed, earlier).toPandas()
    figures = [
        *spread_health(items),
        *provider_health(items),
        *lists_count(scores, given),
        *purchase_shares(features),
        _nights_of_window(earlier),
        *delivered_figures(night, WINDOW_DAYS),
        *_calibration(night),
    ]
    versions = dict(night.tables.inputs)
    rows = [(night.as_of, name, segment, value, versions) for name, segment, value in figures]
    frame = night.spark.createDataFrame(rows, METRICS.schema).coalesce(1)
    night.tables.replace_date(frame, METRICS, night.as_of, _NOT_OTHERS)


def _visits(night: Night) -> DataFrame:
    """user_id, visits of the night's shoppers, in the units of the plan."""
    users = night.tables.read_date(USER_FEATURES_TABLE, night.as_of).select(*VISIT_COLUMNS).toPandas()
    users = users.sort_values("user_id", ignore_index=True)  # as the plan has them
    return night.spark.createDataFrame(users[["user_id"]].assign(visits=planned_visits(night, users)))


def _calibration(night: Night) -> list[Figure]:
    """Of the night whose horizon ends tonight, where it was scored and its relevance is of the whole horizon."""
    if night.conf.relevance.per == "exposure":
        night.record.decisions["calibration_of"] = "none: relevance is of one exposure, the gate judges it by the log"
        return []
    then = night.as_of - timedelta(days=night.conf.relevance.horizon_days)
    if not _was_planned(night, then):
        night.record.decisions["calibration_of"] = f"no night of {then} was scored"
        return []
    night.record.decisions["calibration_of"] = str(then)
    return _calibration_of(night, then)


def _policy(night: Night, table: Table) -> Column:
    plan = night.conf.plan
    return F.col("policy") == (plan.scored_as if table is RELEVANCE else plan.policy)


def _tonight(night: Night, table: Table) -> DataFrame:
    return night.tables.read_date(table, night.as_of).where(_policy(night, table))


def _window_before(night: Night) -> DataFrame:
    """item_exposure of the nights of the window before tonight."""
    since = night.as_of - timedelta(days=WINDOW_DAYS - 1)
    inside = (F.col("as_of") >= F.lit(since)) & (F.col("as_of") < F.lit(night.as_of))
    return night.tables.read(ITEM_EXPOSURE).where(inside & _policy(night, ITEM_EXPOSURE))


def _nights_of_window(earlier: DataFrame) -> Figure:
    """How many nights the count of items never shown looks back on, tonight included."""
    return "nights_planned_28d_count", ALL, float(earlier.select("as_of").distinct().count() + 1)


def _was_planned(night: Night, then: date) -> bool:
    at = F.col("as_of") == F.lit(then)
    return not any(
        night.tables.read_or_empty(table).where(at & _policy(night, table)).isEmpty()
        for table in (RELEVANCE, ITEM_EXPOSURE)
    )


def _calibration_of(night: Night, then: date) -> list[Figure]:
    at = F.col("as_of") == F.lit(then)
    scored = night.tables.read(RELEVANCE).where(at & _policy(night, RELEVANCE))
    segments = night.tables.read(ITEM_EXPOSURE).where(at & _policy(night, ITEM_EXPOSURE))
    inside = (F.col("event_date") >= F.lit(then)) & (F.col("event_date") < F.lit(night.as_of))
    responses = night.tables.read(EVENTS).where(inside & (F.col("event_type") == night.conf.relevance.target))
    return calibration_health(scored, segments, responses)
