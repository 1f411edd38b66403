"""What shoppers get by values of the attributes that the configuration names."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, ITEM_EXPOSURE, USERS
from features.contract.metrics import GROUP_BOOST, GROUP_LISTED, GROUP_RELEVANCE, GROUP_RESPONSES, GROUP_TAIL
from features.contract.segments import TAIL
from features.contract.table import Table
from features.declarations import USER_FEATURES_TABLE
from features.health.figures import Figure
from features.health.lists import viewed
from features.health.shopper_groups import shopper_figures
from jobs.delivery.learned_weights import with_learned_weights
from jobs.execution.night import Night
from jobs.experiments.arms import policies_of_arms
from jobs.planning.shoppers.visits import VISIT_COLUMNS, with_visits


def figures_of_shoppers(night: Night) -> list[Figure]:
    """`shopper_figures` of report.shopper_attributes; none where it is empty.

    Of shoppers with consent alone: the others all have one list, and their attributes stay unread.
    """
    report = night.conf.report
    if not report.shopper_attributes:
        return []
    features = night.tables.read_date(USER_FEATURES_TABLE, night.as_of).where("consent_personalisation")
    attributes = night.tables.read(USERS).select("user_id", "attributes")
    shoppers = (
        with_visits(night, features.select(*VISIT_COLUMNS))
        .select("user_id", "visits")
        .join(_lists(night), on="user_id", how="left")
        .join(attributes, on="user_id", how="left")
    )
    return shopper_figures(
        shoppers.select(
            "attributes",
            F.col("relevance").isNotNull().cast("double").alias(GROUP_LISTED),
            F.col("relevance").alias(GROUP_RELEVANCE),
            F.col("tail_share").alias(GROUP_TAIL),
            F.col("boost").alias(GROUP_BOOST),
            (F.col("visits") * F.coalesce("responses", F.lit(0.0))).alias(GROUP_RESPONSES),
        ),
        report.shopper_attributes,
        report.least_shoppers,
    )


def _lists(night: Night) -> DataFrame:
    """user_id, relevance, tail_share and boost (means over the places of the list), responses (expected of a visit)."""
    weights = with_learned_weights(night).conf.plan.position_weights
    segments = _tonight(night, ITEM_EXPOSURE).groupBy("item_id").agg(F.first("segment").alias("segment"))
    entries = _tonight(night, EXPOSURE_SCORES).join(segments, on="item_id", how="left")
    return entries.groupBy("user_id").agg(
        F.avg("relevance").alias("relevance"),
        F.avg((F.col("segment") == TAIL).cast("double")).alias("tail_share"),
        F.avg("boost").alias("boost"),
        F.sum(F.col("relevance") * viewed(weights)).alias("responses"),
    )


def _tonight(night: Night, table: Table) -> DataFrame:
    """The rows of the night of every arm of a running test."""
    rows = night.tables.read_date(table, night.as_of)
    of_placement = F.col("placement") == night.conf.plan.placement
    return rows.where(F.col("policy").isin(list(policies_of_arms(night))) & of_placement)
