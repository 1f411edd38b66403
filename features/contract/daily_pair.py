"""One day of one shopper and one item: what distinct counts and the other daily partials are made from."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from features.contract.money import MONEY
from features.contract.table import Column, Invariant, Table

DAILY_PAIR = Table(
    name="daily_pair",
    meaning="One day of one shopper and one item: what distinct counts and the other daily partials are made from.",
    columns=(
        Column("day", DateType(), "Day, UTC."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("purchases_count", LongType(), "Purchase lines."),
        Column("units_sum", LongType(), "Units bought."),
        Column("spend_sum", MONEY, "Amount paid."),
        Column("discount_sum", MONEY, "Amount taken off."),
        Column("discounted_count", LongType(), "Purchase lines with a discount."),
        Column("returns_count", LongType(), "Lines sent back."),
        Column("exposures_weight", DoubleType(), "Exposures, by sample weight."),
        Column("clicks_weight", DoubleType(), "Clicks, by sample weight."),
        Column("carts_weight", DoubleType(), "Additions to the cart, by sample weight."),
        Column(
            "previous_day",
            DateType(),
            "The last day before on which the shopper bought the item; NULL at the first, and without a purchase.",
            nullable=True,
        ),
        Column("earlier_day", DateType(), "The day of a purchase before previous_day.", nullable=True),
    ),
    key=("day", "user_id", "item_id"),
    invariants=(
        Invariant("counts_not_negative", "purchases_count >= 0 AND units_sum >= 0 AND exposures_weight >= 0"),
        Invariant("days_in_order", "previous_day < day AND coalesce(earlier_day < previous_day, true)"),
    ),
)
