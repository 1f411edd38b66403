"""Computes the figures of the tail's health and writes them to `metrics`."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import DAILY_ITEM, EVENTS, EXPOSURE_SCORES, ITEM_EXPOSURE, METRICS, RELEVANCE
from features.contract.metrics import ALL, NIGHTS_PLANNED, PREFIXES, REVENUE_EXPECTED
from features.contract.responses import DAILY_COUNT, PURCHASE
from features.contract.table import Table
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.health.calibration import calibration_health
from features.health.figures import Figure
from features.health.lists import listed_items, lists_count
from features.health.planned_items import not_lifted_count, of_items
from features.health.providers import provider_health
from features.health.spread import purchase_shares, spread_health
from jobs.delivery.learned_weights import with_learned_weights
from jobs.execution.night import Night
from jobs.planning.shoppers.visits import VISIT_COLUMNS, with_visits
from jobs.quality.delivered_health import delivered_figures
from jobs.quality.shopper_health import figures_of_shoppers
from jobs.tables.sql import sql_starts_with

WINDOW_DAYS = 28  # over which an item counts as never shown
_POPULARITY_DAYS = 90

# Other steps write the figures with a prefix.
_OF_MONITOR = " AND ".join(f"NOT {sql_starts_with('name', prefix)}" for prefix in PREFIXES)


def write_health(night: Night) -> None:
    """Replaces the night's figures in `metrics`: exposure, purchases, novelty, providers, calibration, delivery.

    Responses have a revenue where they are purchases alone.
    """
    plan = with_learned_weights(night).conf.plan
    scores = _tonight(night, EXPOSURE_SCORES)
    planned = _tonight(night, ITEM_EXPOSURE)
    features = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of)
    listed = listed_items(scores, _visits(night), plan.position_weights)
    earlier = _window_before(night)
    items = of_items(
        planned, features, _tonight(night, RELEVANCE), listed, earlier, _popularity(night, features)
    ).toPandas()
    figures = [
        *spread_health(items),
        *provider_health(items),
        *lists_count(scores, planned),
        *purchase_shares(features),
        _nights_of_window(earlier),
        *delivered_figures(night, WINDOW_DAYS),
        *_calibration(night),
        *([not_lifted_count(planned)] if plan.not_lifted.words else []),
        *figures_of_shoppers(night),
    ]
    versions = dict(night.tables.inputs)
    if night.conf.relevance.target != PURCHASE:
        figures = [figure for figure in figures if figure[0] != REVENUE_EXPECTED]
    rows = [(night.as_of, name, segment, value, versions) for name, segment, value in figures]
    frame = night.spark.createDataFrame(rows, METRICS.schema).coalesce(1)
    night.tables.replace_date(frame, METRICS, night.as_of, _OF_MONITOR)


def _popularity(night: Night, features: DataFrame) -> DataFrame:
    """item_id, popularity: responses of the last 90 days."""
    if night.conf.relevance.target == PURCHASE:
        return features.select("item_id", F.col("purchases_count_90d").alias("popularity"))
    since = F.lit(night.as_of - timedelta(days=_POPULARITY_DAYS))
    days = night.tables.read(DAILY_ITEM).where((F.col("day") >= since) & (F.col("day") < F.lit(night.as_of)))
    return days.groupBy("item_id").agg(F.sum(DAILY_COUNT[night.conf.relevance.target]).alias("popularity"))


def _visits(night: Night) -> DataFrame:
    """user_id, visits: expected visits of the night's shoppers, as the plan has them."""
    users = night.tables.read_date(USER_FEATURES_TABLE, night.as_of).select(*VISIT_COLUMNS)
    return with_visits(night, users).select("user_id", "visits")


def _calibration(night: Night) -> list[Figure]:
    """Calibration of the night whose horizon ends tonight; none where it was not scored or f is per exposure."""
    if night.conf.relevance.per == "exposure":
        night.record.decisions["calibration_of"] = (
            "none: relevance is per exposure, and the gate checks it with the log"
        )
        return []
    begin = night.as_of - timedelta(days=night.conf.relevance.horizon_days)
    if not _was_planned(night, begin):
        night.record.decisions["calibration_of"] = f"no night of {begin} was scored"
        return []
    night.record.decisions["calibration_of"] = str(begin)
    return _calibration_of(night, begin)


def _policy(night: Night, table: Table) -> Column:
    plan = night.conf.plan
    return F.col("policy") == (plan.scored_as if table is RELEVANCE else plan.policy)


def _tonight(night: Night, table: Table) -> DataFrame:
    return night.tables.read_date(table, night.as_of).where(_policy(night, table))


def _window_before(night: Night) -> DataFrame:
    """item_exposure of the earlier nights of the window."""
    since = night.as_of - timedelta(days=WINDOW_DAYS - 1)
    inside = (F.col("as_of") >= F.lit(since)) & (F.col("as_of") < F.lit(night.as_of))
    return night.tables.read(ITEM_EXPOSURE).where(inside & _policy(night, ITEM_EXPOSURE))


def _nights_of_window(earlier: DataFrame) -> Figure:
    """The nights over which items count as never shown, tonight included."""
    return NIGHTS_PLANNED, ALL, float(earlier.select("as_of").distinct().count() + 1)


def _was_planned(night: Night, as_of: date) -> bool:
    at = F.col("as_of") == F.lit(as_of)
    return not any(
        night.tables.read_or_empty(table).where(at & _policy(night, table)).isEmpty()
        for table in (RELEVANCE, ITEM_EXPOSURE)
    )


def _calibration_of(night: Night, begin: date) -> list[Figure]:
    """Calibration of the relevance of night `begin` by the responses from then until tonight."""
    at = F.col("as_of") == F.lit(begin)
    scored = night.tables.read(RELEVANCE).where(at & _policy(night, RELEVANCE))
    segments = night.tables.read(ITEM_EXPOSURE).where(at & _policy(night, ITEM_EXPOSURE))
    inside = (F.col("event_date") >= F.lit(begin)) & (F.col("event_date") < F.lit(night.as_of))
    responses = night.tables.read(EVENTS).where(inside & (F.col("event_type") == night.conf.relevance.target))
    return calibration_health(scored, segments, responses)
