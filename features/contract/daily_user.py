"""One day of one shopper: what windows are summed from."""

from pyspark.sql.types import ArrayType, DateType, DoubleType, LongType, StringType

from features.contract.money import MONEY
from features.contract.table import Column, Invariant, Table

DAILY_USER = Table(
    name="daily_user",
    meaning="One day of one shopper: what windows are summed from.",
    columns=(
        Column("day", DateType(), "Day, UTC."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("purchases_count", LongType(), "Purchase lines."),
        Column("baskets_count", LongType(), "Baskets."),
        Column("units_sum", LongType(), "Units bought."),
        Column("spend_sum", MONEY, "Amount paid."),
        Column("discount_sum", MONEY, "Amount taken off."),
        Column("discounted_count", LongType(), "Purchase lines with a discount."),
        Column("returns_count", LongType(), "Lines sent back."),
        Column("exposures_weight", DoubleType(), "Exposures, by sample weight."),
        Column(
            "responses_weight", DoubleType(), "Of exposures_weight: what was followed by a purchase on the same day."
        ),
        Column("items_count", LongType(), "Different items bought on the day."),
        Column("new_items_count", LongType(), "Of these: bought for the first time; they sum up over days."),
        Column("night_count", LongType(), "Purchase lines from 0 to 6 h, UTC."),
        Column("morning_count", LongType(), "Purchase lines from 6 to 12 h, UTC."),
        Column("afternoon_count", LongType(), "Purchase lines from 12 to 18 h, UTC."),
        Column("evening_count", LongType(), "Purchase lines from 18 to 24 h, UTC."),
        Column("stores", ArrayType(StringType()), "Stores visited, sorted."),
    ),
    key=("day", "user_id"),
    invariants=(
        Invariant("counts_not_negative", "purchases_count >= 0 AND baskets_count >= 0 AND units_sum >= 0"),
        Invariant("new_items_are_items", "new_items_count BETWEEN 0 AND items_count"),
    ),
)
