"""One day of one shopper: windows are summed from these rows."""

from dataclasses import replace

from pyspark.sql.types import ArrayType, DateType, LongType, StringType

from features.contract.daily_columns import (
    CARTS_WEIGHT,
    DISCOUNT_SUM,
    DISCOUNTED_COUNT,
    EXPOSURES_WEIGHT,
    FAVOURITES_WEIGHT,
    PURCHASES_COUNT,
    RESPONSES_WEIGHT,
    RETURNS_COUNT,
    SPEND_SUM,
    UNITS_SUM,
    VIEWS_WEIGHT,
)
from features.contract.table import Column, Invariant, Table

DAILY_USER = Table(
    name="daily_user",
    meaning="One day of one shopper: windows are summed from these rows.",
    columns=(
        Column("day", DateType(), "Day, UTC."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        PURCHASES_COUNT,
        Column("baskets_count", LongType(), "Baskets.", event="purchase", of="basket_id"),
        UNITS_SUM,
        SPEND_SUM,
        DISCOUNT_SUM,
        DISCOUNTED_COUNT,
        RETURNS_COUNT,
        EXPOSURES_WEIGHT,
        RESPONSES_WEIGHT,
        Column("items_count", LongType(), "Distinct items bought on the day.", event="purchase"),
        Column(
            "new_items_count",
            LongType(),
            "Distinct items bought for the first time; their sum over days is their number.",
            event="purchase",
        ),
        Column("night_count", LongType(), "Purchase lines from 0 to 6 h in the store's time zone.", event="purchase"),
        Column(
            "morning_count", LongType(), "Purchase lines from 6 to 12 h in the store's time zone.", event="purchase"
        ),
        Column(
            "afternoon_count", LongType(), "Purchase lines from 12 to 18 h in the store's time zone.", event="purchase"
        ),
        Column(
            "evening_count", LongType(), "Purchase lines from 18 to 24 h in the store's time zone.", event="purchase"
        ),
        Column("stores", ArrayType(StringType()), "Stores visited, sorted.", event="purchase", of="store_id"),
        VIEWS_WEIGHT,
        replace(CARTS_WEIGHT, default=0.0),
        FAVOURITES_WEIGHT,
    ),
    key=("day", "user_id"),
    invariants=(
        Invariant("count_negative", "purchases_count >= 0 AND baskets_count >= 0 AND units_sum >= 0"),
        Invariant("new_items_count_out_of_range", "new_items_count BETWEEN 0 AND items_count"),
    ),
)
