"""One day of one item: what windows are summed from."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from features.contract.money import MONEY
from features.contract.table import Column, Invariant, Table

DAILY_ITEM = Table(
    name="daily_item",
    meaning="One day of one item: what windows are summed from.",
    columns=(
        Column("day", DateType(), "Day, UTC."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("purchases_count", LongType(), "Purchase lines."),
        Column("units_sum", LongType(), "Units bought."),
        Column("spend_sum", MONEY, "Amount paid."),
        Column("discount_sum", MONEY, "Amount taken off."),
        Column("discounted_count", LongType(), "Purchase lines with a discount."),
        Column("returns_count", LongType(), "Lines sent back."),
        Column("exposures_weight", DoubleType(), "Exposures, by sample weight."),
        Column(
            "responses_weight", DoubleType(), "Of exposures_weight: what was followed by a purchase on the same day."
        ),
        Column("clicks_weight", DoubleType(), "Clicks, by sample weight."),
        Column("carts_weight", DoubleType(), "Additions to the cart, by sample weight."),
        Column("buyers_count", LongType(), "Different shoppers who bought on the day."),
        Column(
            "new_buyers_count", LongType(), "Of these: who bought the item for the first time; they sum up over days."
        ),
    ),
    key=("day", "item_id"),
    invariants=(
        Invariant("counts_not_negative", "purchases_count >= 0 AND units_sum >= 0 AND exposures_weight >= 0"),
        Invariant("new_buyers_are_buyers", "new_buyers_count BETWEEN 0 AND buyers_count"),
    ),
)
