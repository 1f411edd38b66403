"""Strata of exposures within which attraction is proportional to the predicted relevance, whatever the position."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract.events import SESSION_ORDER

STRATUM = ("relevance_bin", "boost_bin", "level_bin")
# Widths in units of the logarithm. Within a bin of relevance the answers are in proportion to it.
RELEVANCE_WIDTH, BOOST_WIDTH, LEVEL_WIDTH = 0.25, 0.25, 0.1
_LEAST = 1e-12


def in_planned_order() -> Column:
    """Whether a logged list was shown in the order of the plan, live factors aside: given its relevance, an item's
    position then says nothing of the shopper's interest. In a session the likeliest items are moved up.
    """
    return F.coalesce(F.col("list_order") != SESSION_ORDER, F.lit(True))


def shopper_levels(relevance: DataFrame) -> DataFrame:
    """as_of, user_id, level: the mean logarithm of the predicted relevance of all of a shopper's candidates.

    relevance: as_of, user_id, item_id, relevance
    """
    mean = F.round(F.avg(F.log(_positive("relevance"))), 6)
    return relevance.groupBy("as_of", "user_id").agg(mean.alias("level"))


def with_stratum(exposures: DataFrame, lists: DataFrame, levels: DataFrame) -> DataFrame:
    """The columns of the exposures, relevance and STRATUM; NULL for a pair that was not in the shopper's own list.

    A list is sorted by score, so given the relevance a pair's position depends on its boost and on the shopper's other
    candidates. Answers depend on both as well where the prediction errs for boosted items, or holds what is no
    attraction, such as how often the shopper comes. So strata have one relevance, one boost and one shopper's level.

    exposures: as_of, policy, user_id, item_id and any others
    lists: as_of, policy, user_id, item_id, relevance, score of the nights
    levels: as of `shopper_levels`
    """
    relevance = _positive("relevance")
    boost = F.asinh((F.col("score") - relevance) / relevance)
    binned = (
        lists.join(levels, on=["as_of", "user_id"], how="inner")
        .withColumn("relevance_bin", F.floor(F.log(relevance) / RELEVANCE_WIDTH))
        .withColumn("boost_bin", F.floor(F.round(boost, 6) / BOOST_WIDTH))
        .withColumn("level_bin", F.floor(F.col("level") / LEVEL_WIDTH))
        .select("as_of", "policy", "user_id", "item_id", relevance.alias("relevance"), *STRATUM)
    )
    return exposures.join(binned, on=["as_of", "policy", "user_id", "item_id"], how="left")


def _positive(name: str) -> Column:
    return F.greatest(F.col(name), F.lit(_LEAST))
