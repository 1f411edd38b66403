"""One day of one shopper and one item: source of distinct counts and of the other daily partials."""

from pyspark.sql.types import BooleanType, DateType, StringType

from features.contract.daily_columns import (
    CARTS_WEIGHT,
    CLICKS_WEIGHT,
    DISCOUNT_SUM,
    DISCOUNTED_COUNT,
    EXPOSURES_WEIGHT,
    FAVOURITES_WEIGHT,
    PURCHASES_COUNT,
    RETURNS_COUNT,
    SPEND_SUM,
    UNITS_SUM,
    VIEWS_WEIGHT,
)
from features.contract.table import Column, Invariant, Table

# The sums of a day, and what a day knows of the purchase days before it.
PAIR_SUMS = (
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
    Column("earlier_day", DateType(), "Last day of a purchase before previous_day.", nullable=True, event="purchase"),
    VIEWS_WEIGHT,
    FAVOURITES_WEIGHT,
)
COUNT_NEGATIVE = Invariant("count_negative", "purchases_count >= 0 AND units_sum >= 0 AND exposures_weight >= 0")

DAILY_PAIR = Table(
    name="daily_pair",
    meaning="One day of one shopper and one item: source of distinct counts and of the other daily partials.",
    columns=(
        Column("day", DateType(), "Day, UTC; of joined events that of the identification."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("item_id", StringType(), "Identifier of the product."),
        *PAIR_SUMS,
        Column(
            "joined",
            BooleanType(),
            "Whether the events are those of a visitor who was identified as the shopper; items count them from "
            "daily_visitor.",
            default=False,
        ),
    ),
    key=("day", "user_id", "item_id", "joined"),
    invariants=(
        COUNT_NEGATIVE,
        # A purchase that joins the shopper's on its own day follows it.
        Invariant(
            "purchase_days_out_of_order",
            "(previous_day < day OR joined AND previous_day = day) AND coalesce(earlier_day <= previous_day, true)",
        ),
    ),
)
