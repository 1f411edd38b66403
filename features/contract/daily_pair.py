"""One day of one shopper and one item: source of distinct counts and of the other daily partials."""

from pyspark.sql.types import DateType, StringType

from features.contract.daily_columns import (
    CARTS_WEIGHT,
    CLICKS_WEIGHT,
    DISCOUNT_SUM,
    DISCOUNTED_COUNT,
    EXPOSURES_WEIGHT,
    PURCHASES_COUNT,
    RETURNS_COUNT,
    SPEND_SUM,
    UNITS_SUM,
)
from features.contract.table import Column, Invariant, Table

DAILY_PAIR = Table(
    name="daily_pair",
    meaning="One day of one shopper and one item: source of distinct counts and of the other daily partials.",
    columns=(
        Column("day", DateType(), "Day, UTC."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("item_id", StringType(), "Identifier of the product."),
        PURCHASES_COUNT,
        UNITS_SUM,
        SPEND_SUM,
        DISCOUNT_SUM,
        DISCOUNTED_COUNT,
        RETURNS_COUNT,
        EXPOSURES_WEIGHT,
        CLICKS_WEIGHT,
        CARTS_WEIGHT,
        Column(
            "previous_day",
            DateType(),
            "Last earlier day on which the shopper bought the item; NULL if none, and on a day without a purchase.",
            nullable=True,
            event="purchase",
        ),
        Column(
            "earlier_day", DateType(), "Last day of a purchase before previous_day.", nullable=True, event="purchase"
        ),
    ),
    key=("day", "user_id", "item_id"),
    invariants=(
        Invariant("count_negative", "purchases_count >= 0 AND units_sum >= 0 AND exposures_weight >= 0"),
        Invariant("purchase_days_out_of_order", "previous_day < day AND coalesce(earlier_day < previous_day, true)"),
    ),
)
