"""One day of one shopper and one item: source of distinct counts and of the other daily partials."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from features.contract.money import MONEY
from features.contract.table import Column, Invariant, Table

DAILY_PAIR = Table(
    name="daily_pair",
    meaning="One day of one shopper and one item: source of distinct counts and of the other daily partials.",
    columns=(
        Column("day", DateType(), "Day, UTC."),
        Column("user_id", StringType(), "Identifier of the shopper."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("purchases_count", LongType(), "Purchase lines.", event="purchase"),
        Column("units_sum", LongType(), "Units bought.", event="purchase", of="quantity"),
        Column("spend_sum", MONEY, "Amount paid.", event="purchase", of="price"),
        Column("discount_sum", MONEY, "Discount.", event="purchase", of="discount"),
        Column("discounted_count", LongType(), "Purchase lines with a discount.", event="purchase", of="discount"),
        Column("returns_count", LongType(), "Lines sent back.", event="return"),
        Column("exposures_weight", DoubleType(), "Exposures, by sample weight.", event="exposure", of="sample_weight"),
        Column("clicks_weight", DoubleType(), "Clicks, by sample weight.", event="click", of="sample_weight"),
        Column(
            "carts_weight", DoubleType(), "Additions to the cart, by sample weight.", event="cart", of="sample_weight"
        ),
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
