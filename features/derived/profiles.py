"""Purchases and views of a shopper by the attributes that the items have at the date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract.segments import TAIL
from features.derived.days import days_before_dates

PROFILE_LENGTH = 5  # entries of a profile, the strongest first
_DAYS = 90
_MEMBERS = {"categories": "category", "types": "product_type", "brands": "brand"}
_PROFILED = ("categories", "brands")
_BROWSED_DAYS = 28
_BROWSED_MEMBERS = {kind: _MEMBERS[kind] for kind in _PROFILED}
_PARTS = 1_000_000  # percentiles are summed as whole millionths: exact in any order


def price_and_tail(daily_pair: DataFrame, item_features: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of, user_id, tail_share_90d, price_percentile_mean_90d, over the purchase lines of 90 days."""
    lines = F.col("lines")
    return (
        _bought(daily_pair, item_features, dates)
        .groupBy("as_of", "user_id")
        .agg(
            F.try_divide(F.sum(F.when(F.col("segment") == TAIL, lines).otherwise(F.lit(0))), F.sum(lines)).alias(
                "tail_share_90d"
            ),
            _mean_price_percentile().alias("price_percentile_mean_90d"),
        )
    )


def browsed(daily_pair: DataFrame, item_features: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of, user_id, browsed_categories_names_28d and _shares_28d, the same of brands, and
    browsed_price_percentile_mean_28d, over the views of 28 days by their weight.

    As `profiles`, of views instead of purchase lines.
    """
    # Whole parts of a view, which are summed exactly in any order.
    views = F.round(F.col("views_weight") * _PARTS).cast("long").alias("views")
    pairs = daily_pair.where(F.col("views_weight") > 0).select("day", "user_id", "item_id", views)
    attributes = item_features.select("as_of", "item_id", *_BROWSED_MEMBERS.values(), "price_percentile_90d")
    viewed = (
        days_before_dates(pairs, dates, _BROWSED_DAYS)
        .groupBy("as_of", "user_id", "item_id")
        .agg(F.sum("views").alias("lines"))
        .join(attributes, on=["as_of", "item_id"], how="inner")
    )
    prices = viewed.groupBy("as_of", "user_id").agg(_mean_price_percentile().alias("browsed_price_percentile_mean_28d"))
    return prices.join(_strongest(viewed, _BROWSED_MEMBERS), on=["as_of", "user_id"], how="left").select(
        "as_of",
        "user_id",
        *(F.col(f"{kind}.member").alias(f"browsed_{kind}_names_28d") for kind in _PROFILED),
        *(_shares(kind).alias(f"browsed_{kind}_shares_28d") for kind in _PROFILED),
        "browsed_price_percentile_mean_28d",
    )


def profiles(daily_pair: DataFrame, item_features: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of, user_id, <members>_count_90d of categories, types and brands, top_<members>_names_90d and _shares_90d.

    The strongest members come first, ties by name; shares are of the lines whose item has such a member.
    """
    gathered = _strongest(_bought(daily_pair, item_features, dates), _MEMBERS)
    return gathered.select(
        "as_of",
        "user_id",
        *(F.col(f"{kind}_count").alias(f"{kind}_count_90d") for kind in _MEMBERS),
        *(F.col(f"{kind}.member").alias(f"top_{kind}_names_90d") for kind in _PROFILED),
        *(_shares(kind).alias(f"top_{kind}_shares_90d") for kind in _PROFILED),
    )


def _strongest(lines: DataFrame, members: Mapping[str, str]) -> DataFrame:
    """as_of, user_id; by kind of `members` <kind>_count, of _PROFILED <kind>_lines and <kind>, the strongest members.

    lines: as_of, user_id, lines and the columns that `members` names by kind
    """
    kinds = F.array(
        *(F.struct(F.lit(kind).alias("kind"), F.col(column).alias("member")) for kind, column in members.items())
    )
    counted = (
        lines.select("as_of", "user_id", "lines", F.explode(kinds).alias("of"))
        .where(F.col("of.member") != "")
        .groupBy("as_of", "user_id", F.col("of.kind").alias("kind"), F.col("of.member").alias("member"))
        .agg(F.sum("lines").alias("lines"))
    )
    strongest_first = F.struct((-F.col("lines")).alias("order"), "member")
    return counted.groupBy("as_of", "user_id").agg(
        *(F.count_if(F.col("kind") == kind).alias(f"{kind}_count") for kind in members),
        *(F.sum(F.when(F.col("kind") == kind, F.col("lines"))).alias(f"{kind}_lines") for kind in _PROFILED),
        *(
            F.slice(
                F.array_sort(F.collect_list(F.when(F.col("kind") == kind, strongest_first))), 1, PROFILE_LENGTH
            ).alias(kind)
            for kind in _PROFILED
        ),
    )


def stores(daily_user: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of, user_id, stores_count_90d, store_favourite_90d: the store of the most days, ties by the later name."""
    visited = (
        days_before_dates(daily_user.select("day", "user_id", F.explode("stores").alias("store")), dates, _DAYS)
        .groupBy("as_of", "user_id", "store")
        .agg(F.count(F.lit(1)).alias("days"))
    )
    return visited.groupBy("as_of", "user_id").agg(
        F.count(F.lit(1)).alias("stores_count_90d"),
        F.max(F.struct("days", "store"))["store"].alias("store_favourite_90d"),
    )


def _bought(daily_pair: DataFrame, item_features: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of, user_id, lines of 90 days and the attributes of the item at as_of."""
    pairs = daily_pair.where(F.col("purchases_count") > 0).select("day", "user_id", "item_id", "purchases_count")
    # All days of a shopper in one partition, so that the counts that follow need no further shuffle.
    lines = (
        days_before_dates(pairs, dates, _DAYS)
        .repartition("as_of", "user_id")
        .groupBy("as_of", "user_id", "item_id")
        .agg(F.sum("purchases_count").alias("lines"))
    )
    attributes = item_features.where(F.col("purchases_count_90d") > 0).select(
        "as_of", "item_id", "category", "product_type", "brand", "segment", "price_percentile_90d"
    )
    return lines.join(attributes, on=["as_of", "item_id"], how="inner")


def _shares(kind: str) -> Column:
    return F.transform(kind, lambda entry: -entry["order"] / F.col(f"{kind}_lines"))


def _mean_price_percentile() -> Column:
    """The mean of price_percentile_90d, weighted by lines, over the items that have one."""
    lines, percentile = F.col("lines"), F.round(F.col("price_percentile_90d") * _PARTS).cast("long")
    return F.try_divide(F.sum(percentile * lines), F.sum(F.when(percentile.isNotNull(), lines))) / _PARTS
