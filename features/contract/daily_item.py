"""One day of one item: windows are summed from these rows."""

from pyspark.sql.types import DateType, LongType, StringType

from features.contract.daily_columns import (
    CARTS_WEIGHT,
    CLICKS_WEIGHT,
    DISCOUNT_SUM,
    DISCOUNTED_COUNT,
    EXITS_WEIGHT,
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

DAILY_ITEM = Table(
    name="daily_item",
    meaning="One day of one item: windows are summed from these rows.",
    columns=(
        Column("day", DateType(), "Day, UTC."),
        Column("item_id", StringType(), "Identifier of the product."),
        PURCHASES_COUNT,
        UNITS_SUM,
        SPEND_SUM,
        DISCOUNT_SUM,
        DISCOUNTED_COUNT,
        RETURNS_COUNT,
        EXPOSURES_WEIGHT,
        RESPONSES_WEIGHT,
        CLICKS_WEIGHT,
        CARTS_WEIGHT,
        Column("buyers_count", LongType(), "Distinct shoppers who bought on the day.", event="purchase"),
        Column(
            "new_buyers_count",
            LongType(),
            "Distinct shoppers who bought the item for the first time; their sum over days is their number.",
            event="purchase",
        ),
        VIEWS_WEIGHT,
        FAVOURITES_WEIGHT,
        EXITS_WEIGHT,
    ),
    key=("day", "item_id"),
    invariants=(
        Invariant("count_negative", "purchases_count >= 0 AND units_sum >= 0 AND exposures_weight >= 0"),
        Invariant("new_buyers_count_out_of_range", "new_buyers_count BETWEEN 0 AND buyers_count"),
    ),
)
