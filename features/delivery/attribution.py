"""Attribution of responses to exposures."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.delivery.strata import STRATUM

SECONDS_A_DAY = 86_400
_RESPONSE = ("event_id", "user_id", "item_id", "event_time", "event_type", "price", "sample_weight")


def attributed(exposures: DataFrame, responses: DataFrame, days: int) -> DataFrame:
    """as_of, item_id, views, clicks, carts, purchases, revenue, by the night of the last exposure before each response.

    A response is attributed to the shopper's newest exposure of the item that is not after it and at most `days` old;
    without one it is attributed to none. Each response counts once.

    exposures: as_of, user_id, item_id, event_time of the valid ones
    responses: event_id, user_id, item_id, event_time, event_type, price, sample_weight
    """
    shown = exposures.select("as_of", "user_id", "item_id", F.col("event_time").alias("shown_at")).distinct()
    age = F.unix_timestamp("event_time") - F.unix_timestamp("shown_at")
    by_exposure = (
        responses.select(*_RESPONSE)
        .join(shown, on=["user_id", "item_id"], how="inner")
        .where((F.col("shown_at") <= F.col("event_time")) & (age <= days * SECONDS_A_DAY))
        .groupBy("event_id", "item_id", "event_type", "price", "sample_weight")
        .agg(F.max_by("as_of", "shown_at").alias("as_of"))
    )
    return by_exposure.groupBy("as_of", "item_id").agg(
        F.sum(F.when(F.col("event_type") == "view", F.col("sample_weight"))).alias("views"),
        _sum("click", F.col("sample_weight")).alias("clicks"),
        _sum("cart", F.col("sample_weight")).alias("carts"),
        F.count_if(F.col("event_type") == "purchase").alias("purchases"),
        F.sum(F.when(F.col("event_type") == "purchase", F.col("price"))).alias("revenue"),
    )


def answers_by_position(exposures: DataFrame, clicks: DataFrame, days: int) -> DataFrame:
    """STRATUM, position (1 is the first), shown, answered: sums over the exposures of a stratum at a position.

    shown: the predicted relevance times the sample weight; answered: clicks by sample weight, at most the exposure's.
    Clicks are attributed as in `attributed`. Only the first exposure of each shopper and item counts, by
    `is_first_exposure`. Exposures without a position or a stratum are left out.

    exposures: user_id, item_id, event_time, position, sample_weight, relevance, STRATUM
    clicks: event_id, user_id, item_id, event_time, sample_weight
    """
    placed = exposures.where(F.col("position").isNotNull()).withColumn("is_first", is_first_exposure())
    places = placed.select("user_id", "item_id", "is_first", F.col("event_time").alias("shown_at"))
    age = F.unix_timestamp("event_time") - F.unix_timestamp("shown_at")
    clicked = (
        clicks.select("event_id", "user_id", "item_id", "event_time", "sample_weight")
        .join(places, on=["user_id", "item_id"], how="inner")
        .where((F.col("shown_at") <= F.col("event_time")) & (age <= days * SECONDS_A_DAY))
        .groupBy("event_id", "user_id", "item_id", "sample_weight")
        .agg(F.max_by("is_first", "shown_at").alias("is_first"))
        .where("is_first")
        .groupBy("user_id", "item_id")
        .agg(F.sum("sample_weight").alias("clicks"))
    )
    answered = F.least(F.coalesce("clicks", F.lit(0.0)), F.col("sample_weight"))
    return (
        placed.where(F.col("is_first") & F.col("relevance").isNotNull())
        .join(clicked, on=["user_id", "item_id"], how="left")
        .groupBy(*STRATUM, "position")
        .agg(F.sum(F.col("sample_weight") * F.col("relevance")).alias("shown"), F.sum(answered).alias("answered"))
    )


def is_first_exposure(*ties: str) -> Column:
    """Whether an exposure is the first one of its shopper and item.

    Interest falls with repetition, so that later exposures would bias the positions of items that stay in a list.

    ties: columns by which exposures at the same time and position are ordered
    """
    of_pair = Window.partitionBy("user_id", "item_id").orderBy("event_time", "position", *ties)
    return F.row_number().over(of_pair) == 1


def _sum(kind: str, value: Column) -> Column:
    return F.sum(F.when(F.col("event_type") == kind, value).otherwise(0.0))
