"""user_features: one row for each shopper and date."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.aggregates.windows import array_features, days_before_dates, distinct_members, windowed, with_defaults
from features.declarations import USER_FEATURES, Feature
from features.segments import TAIL


def users_at(users: DataFrame, dates: DataFrame) -> DataFrame:
    """as_of and the columns of `users` of those who had signed up before each date."""
    return users.join(
        F.broadcast(dates.select("as_of")), on=F.col("signed_up_at") < F.col("as_of").cast("timestamp"), how="inner"
    ).select("as_of", *users.columns)


def user_features(
    users: DataFrame, daily_user: DataFrame, purchases: DataFrame, segments: DataFrame, dates: DataFrame
) -> DataFrame:
    """The columns of user_features for each `as_of` of `dates`: everyone who had signed up before it.

    daily_user: at least all days before the dates. purchases: user_id, item_id, event_date, one row a purchase line.
    segments: as_of, item_id, segment at each date.
    """
    daily = daily_user.withColumn("full_price_sum", F.col("spend_sum") + F.col("discount_sum"))
    tail = tail_purchases(purchases, segments, dates, _longest_tail_window())
    dated = days_before_dates(daily, dates).join(tail, on=["as_of", "day", "user_id"], how="left")
    rows = users_at(users, dates).select("as_of", "user_id", "consent_personalisation")
    rows = rows.join(
        windowed(dated.na.fill(0, ["tail_purchases_count"]), "user_id", USER_FEATURES),
        on=["as_of", "user_id"],
        how="left",
    )
    for feature in array_features(daily, USER_FEATURES):
        rows = rows.join(distinct_members(daily, dates, "user_id", feature), on=["as_of", "user_id"], how="left")
    rows = rows.withColumn("days_since_last_purchase", F.date_diff("as_of", "last_purchase_day")).withColumn(
        "visit_probability", (F.col("visit_days_28d") + 1) / (28 + 2)
    )
    return with_defaults(rows, "user_id", USER_FEATURES)


def tail_purchases(purchases: DataFrame, segments: DataFrame, dates: DataFrame, days: int) -> DataFrame:
    """as_of, day, user_id, tail_purchases_count: lines of a day whose item is of the tail at as_of."""
    lines = purchases.select(F.col("event_date").alias("day"), "user_id", "item_id")
    of_tail = segments.where(F.col("segment") == TAIL).select("as_of", "item_id")
    return (
        days_before_dates(lines, dates, days)
        .join(of_tail, on=["as_of", "item_id"], how="left_semi")
        .groupBy("as_of", "day", "user_id")
        .agg(F.count(F.lit(1)).alias("tail_purchases_count"))
        .select("as_of", "day", "user_id", "tail_purchases_count")
    )


def _longest_tail_window() -> int:
    def days(feature: Feature) -> int:
        if feature.days is None:
            raise ValueError(f"the feature {feature.name} needs a window of days, as segments are of a date")
        return feature.days

    return max(days(feature) for feature in USER_FEATURES if feature.source == "tail_purchases_count")
