"""user_features: one row for each shopper and date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.aggregates.item_features import smoothed_share
from features.aggregates.profiles import price_and_tail, profiles, stores
from features.aggregates.windows import days_before_dates, second_within, windowed, with_defaults, within
from features.declarations import USER_FEATURES
from features.declarations.feature import summed
from features.declarations.users import DEMOGRAPHICS
from features.point_in_time import dates_frame, midnight

_SECONDS_A_DAY = 86_400
_WEEKDAYS = range(7)  # Monday is 0, as in Spark's weekday


def users_at(users: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of and the columns of `users` of those who had signed up before each date."""
    asked = F.broadcast(dates_frame(users.sparkSession, dates))
    return users.join(asked, on=F.col("signed_up_at") < midnight("as_of"), how="inner").select("as_of", *users.columns)


def user_rows(users: DataFrame, daily_user: DataFrame, daily_pair: DataFrame, dates: Sequence[date]) -> DataFrame:
    """What is known of each shopper at each date on their own: everyone who had signed up before it.

    Daily partials of at least all days before the dates.
    """
    rows = _persons(users, dates)
    for frame in (_of_days(daily_user, dates), _of_pairs(daily_pair, dates), stores(daily_user, dates)):
        rows = rows.join(frame, on=["as_of", "user_id"], how="left")
    return rows


def user_features(rows: DataFrame, daily_pair: DataFrame, item_features: DataFrame, dates: Sequence[date]) -> DataFrame:
    """The columns of user_features for each date from `user_rows`.

    Daily partials of at least all days before the dates. item_features: as_of, item_id, category, product_type, brand,
    segment, price_percentile_90d and purchases_count_90d of each date.
    """
    for frame in (price_and_tail(daily_pair, item_features, dates), profiles(daily_pair, item_features, dates)):
        rows = rows.join(frame, on=["as_of", "user_id"], how="left")
    overall = rows.groupBy("as_of").agg(
        F.coalesce(F.try_divide(F.sum("responses_28d"), F.sum("exposures_count_28d")), F.lit(0.0)).alias("overall")
    )
    rows = rows.join(F.broadcast(overall), on="as_of", how="left")
    weekdays = F.array(*(F.try_divide(f"weekday_{day}", "purchases_count_90d") for day in _WEEKDAYS))
    visits = F.col("visit_days_life")
    rows = rows.withColumns(
        {
            "days_since_last_purchase": F.date_diff("as_of", "last_purchase_day"),
            "days_since_first_purchase": F.date_diff("as_of", "first_purchase_day"),
            "visit_probability": (F.col("visit_days_28d") + 1) / (28 + 2),
            "visit_gap_mean_life": F.when(
                visits > 1, F.date_diff("last_purchase_day", "first_purchase_day") / (visits - 1)
            ),
            "response_share_28d": smoothed_share("responses_28d", "exposures_count_28d", "overall"),
            "weekday_shares_90d": F.when(F.col("purchases_count_90d") > 0, weekdays),
            "weekend_share_90d": F.try_divide(F.col("weekday_5") + F.col("weekday_6"), "purchases_count_90d"),
            "novelty_share_28d": F.try_divide("new_items_28d", "items_count_28d"),
            "novelty_share_90d": F.try_divide("new_items_90d", "items_count_90d"),
            "repeat_share_90d": F.try_divide("repeated_items", "items_count_90d"),
        }
    )
    return with_defaults(rows, "user_id", USER_FEATURES)


def _persons(users: DataFrame, dates: Sequence[date]) -> DataFrame:
    since = (F.unix_seconds(midnight("as_of")) - F.unix_seconds("signed_up_at")) / _SECONDS_A_DAY
    return users_at(users, dates).select(
        "as_of",
        "user_id",
        "consent_personalisation",
        since.alias("days_since_signed_up"),
        *(F.try_element_at("attributes", F.lit(name)).alias(name) for name in DEMOGRAPHICS),
    )


def _of_days(daily_user: DataFrame, dates: Sequence[date]) -> DataFrame:
    full_price = F.col("spend_sum") + F.col("discount_sum")
    daily = daily_user.drop("stores").withColumn("full_price_sum", full_price.cast("decimal(18,4)"))
    lines, bought = F.col("purchases_count"), F.col("purchases_count") > 0
    return windowed(
        days_before_dates(daily, dates),
        "user_id",
        summed(USER_FEATURES, "daily_user"),
        *(
            F.sum(within(90, F.when(F.weekday("day") == day, lines).otherwise(F.lit(0)))).alias(f"weekday_{day}")
            for day in _WEEKDAYS
        ),
        F.sum(within(28, F.col("responses_weight"))).alias("responses_28d"),
        F.max(F.when(bought, F.col("day"))).alias("last_purchase_day"),
        F.min(F.when(bought, F.col("day"))).alias("first_purchase_day"),
    )


def _of_pairs(daily_pair: DataFrame, dates: Sequence[date]) -> DataFrame:
    bought = daily_pair.where(F.col("purchases_count") > 0).select(
        "day", "user_id", "purchases_count", "previous_day", "earlier_day"
    )
    is_new = F.col("previous_day").isNull()
    return windowed(
        days_before_dates(bought, dates, 90),
        "user_id",
        summed(USER_FEATURES, "daily_pair"),
        *(F.count_if(is_new & (F.col("days_ago") <= days)).alias(f"new_items_{days}d") for days in (28, 90)),
        F.count_if(second_within(90)).alias("repeated_items"),
    )
