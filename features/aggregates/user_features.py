"""user_features: one row for each shopper and date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.aggregates.windows import computed, pairs_before_dates, windowed, with_defaults
from features.contract import USER_HISTORY
from features.declarations import USER_FEATURES
from features.declarations.users import RESPONSE_WINDOWS
from features.derived.activity import session_categories
from features.derived.carts import left_in_cart
from features.derived.days import days_before_dates, total
from features.derived.profiles import browsed, price_and_tail, profiles, stores
from features.derived.responses import with_response_shares
from features.derived.searches import searched
from features.point_in_time import dates_frame, midnight


def users_at(users: DataFrame, dates: Sequence[date]) -> DataFrame:
    """as_of and the columns of `users` of those who had signed up before each date."""
    wanted = F.broadcast(dates_frame(users.sparkSession, dates))
    return users.join(wanted, on=F.col("signed_up_at") < midnight("as_of"), how="inner").select("as_of", *users.columns)


def user_rows(
    users: DataFrame, daily_user: DataFrame, daily_pair: DataFrame, searches: DataFrame, dates: Sequence[date]
) -> DataFrame:
    """Features that need no item's features: one row for everyone who had signed up before the date.

    daily_user, daily_pair: daily partials of at least all days before the dates
    searches: of `features.derived.searches.searched`
    """
    responses = (total(days, "responses_weight").alias(f"responses_{days}d") for days in RESPONSE_WINDOWS)
    of_days = days_before_dates(daily_user, dates)
    of_pairs = pairs_before_dates(daily_pair, dates, USER_FEATURES)
    rows = users_at(users, dates).select("as_of", "user_id", *computed(USER_FEATURES, "users"))
    for frame in (
        windowed(of_days, "user_id", USER_FEATURES, "daily_user", *responses),
        windowed(of_pairs, "user_id", USER_FEATURES, "daily_pair"),
        stores(daily_user, dates),
        left_in_cart(daily_pair, dates),
        searched(searches, dates),
    ):
        rows = rows.join(frame, on=["as_of", "user_id"], how="left")
    return rows


def user_features(
    rows: DataFrame,
    daily_pair: DataFrame,
    item_features: DataFrame,
    dates: Sequence[date],
    activity: DataFrame | None = None,
) -> DataFrame:
    """The columns of user_features for each date from `user_rows`.

    daily_pair: daily partials of at least all days before the dates
    activity: of `features.derived.activity.active`; None where no one browsed, whose features have their defaults
    item_features: as_of, item_id, category, product_type, brand, segment, price_percentile_90d and purchases_count_90d
        of each date
    """
    for compared in (price_and_tail, profiles, browsed):
        frame = compared(daily_pair, item_features, dates)
        rows = rows.join(frame, on=["as_of", "user_id"], how="left")
    if activity is None:
        rows = rows.withColumns(
            {feature.name: F.lit(None) for feature in USER_FEATURES if feature.table == USER_HISTORY.name}
        )
    else:
        for frame in (activity, session_categories(activity, item_features)):
            rows = rows.join(frame, on=["as_of", "user_id"], how="left")
    return with_defaults(with_response_shares(rows, RESPONSE_WINDOWS), "user_id", USER_FEATURES)
