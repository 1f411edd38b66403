"""One day of one shopper: windows are summed from these rows."""

from pyspark.sql.types import ArrayType, DateType, DoubleType, LongType, StringType

from features.contract.money import MONEY
from features.contract.table import Column, Invariant, Table

DAILY_USER = Table(
    name="daily_user",
    meaning="One day of one shopper: windows are summed from these rows.",
    columns=(
        Column("day", DateType(), "Day, UTC."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("purchases_count", LongType(), "Purchase lines.", event="purchase"),
        Column("baskets_count", LongType(), "Baskets.", event="purchase", of="basket_id"),
        Column("units_sum", LongType(), "Units bought.", event="purchase", of="quantity"),
        Column("spend_sum", MONEY, "Amount paid.", event="purchase", of="price"),
        Column("discount_sum", MONEY, "Discount.", event="purchase", of="discount"),
        Column("discounted_count", LongType(), "Purchase lines with a discount.", event="purchase", of="discount"),
        Column("returns_count", LongType(), "Lines sent back.", event="return"),
        Column("exposures_weight", DoubleType(), "Exposures, by sample weight.", event="exposure", of="sample_weight"),
        Column(
            "responses_weight",
            DoubleType(),
            "Exposures with a purchase on the same day, by sample weight.",
            event="exposure",
            of="sample_weight",
        ),
        Column("items_count", LongType(), "Distinct items bought on the day.", event="purchase"),
        Column(
            "new_items_count",
            LongType(),
            "Distinct items bought for the first time; their sum over days is their number.",
            event="purchase",
        ),
        Column("night_count", LongType(), "Purchase lines from 0 to 6 h, UTC.", event="purchase"),
        Column("morning_count", LongType(), "Purchase lines from 6 to 12 h, UTC.", event="purchase"),
        Column("afternoon_count", LongType(), "Purchase lines from 12 to 18 h, UTC.", event="purchase"),
        Column("evening_count", LongType(), "Purchase lines from 18 to 24 h, UTC.", event="purchase"),
        Column("stores", ArrayType(StringType()), "Stores visited, sorted.", event="purchase", of="store_id"),
    ),
    key=("day", "user_id"),
    invariants=(
        Invariant("count_negative", "purchases_count >= 0 AND baskets_count >= 0 AND units_sum >= 0"),
        Invariant("new_items_count_out_of_range", "new_items_count BETWEEN 0 AND items_count"),
    ),
)
