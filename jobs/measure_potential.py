"""Measures what each item could bring if its best audience saw it, and how far it is from that."""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from features.contract import EXPOSURE_ACCOUNT, ITEM_POTENTIAL, RELEVANCE
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from features.potential import item_potential, received_per_day
from jobs.execution.command import main_of
from jobs.execution.night import Night
from jobs.planning.shoppers.visits import VISIT_COLUMNS, with_visits
from jobs.tables.sql import sql_equals


def measure_potential(night: Night) -> None:
    """Measures what each item could bring if its best audience saw it, and how far it is from that.

    Reads relevance, item_features and user_features of the night and exposure_account of the last account.nights
    nights; writes item_potential of every eligible item. While a test runs, exposures of all arms count. Does nothing
    where potential.shoppers is 0.
    """
    if not night.conf.potential.is_measured:
        night.record.status = "skipped"
        return
    tables, plan = night.tables, night.conf.plan
    eligible = tables.read_date(ITEM_FEATURES_TABLE, night.as_of).where("is_eligible")
    rows = item_potential(_pairs(night), eligible, received_per_day(_account(night)), night.conf.potential.shoppers)
    rows = rows.select(F.lit(night.as_of).alias("as_of"), F.lit(plan.scored_as).alias("policy"), "*")
    counts = Observation()  # counted as the rows are written: reading them again takes longer than their sums
    with_audience = F.count_if(F.col("audience_count") > 0)
    rows = rows.observe(counts, F.count(F.lit(1)).alias("items"), with_audience.alias("with_audience"))
    tables.replace_date(rows, ITEM_POTENTIAL, night.as_of, sql_equals(policy=plan.scored_as))
    night.record.rows = counts.get


def _pairs(night: Night) -> DataFrame:
    """item_id, relevance, visits of the shoppers with consent, at or above plan.relevance_bar."""
    plan = night.conf.plan
    scored = night.tables.read_date(RELEVANCE, night.as_of).where(
        (F.col("policy") == plan.scored_as) & (F.col("relevance") >= plan.relevance_bar)
    )
    users = night.tables.read_date(USER_FEATURES_TABLE, night.as_of).where("consent_personalisation")
    visits = with_visits(night, users.select(*VISIT_COLUMNS)).select("user_id", "visits")
    return scored.select("user_id", "item_id", "relevance").join(visits, on="user_id", how="inner")


def _account(night: Night) -> DataFrame:
    since = night.as_of - timedelta(days=night.conf.account.nights)
    return night.tables.read_or_empty(EXPOSURE_ACCOUNT).where(
        (F.col("as_of") >= F.lit(since))
        & (F.col("as_of") < F.lit(night.as_of))
        & (F.col("placement") == night.conf.plan.placement)
    )


if __name__ == "__main__":
    main_of(measure_potential)
