"""One day of one item: windows are summed from these rows."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from features.contract.money import MONEY
from features.contract.table import Column, Invariant, Table

DAILY_ITEM = Table(
    name="daily_item",
    meaning="One day of one item: windows are summed from these rows.",
    columns=(
        Column("day", DateType(), "Day, UTC."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("purchases_count", LongType(), "Purchase lines.", event="purchase"),
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
        Column("clicks_weight", DoubleType(), "Clicks, by sample weight.", event="click", of="sample_weight"),
        Column(
            "carts_weight", DoubleType(), "Additions to the cart, by sample weight.", event="cart", of="sample_weight"
        ),
        Column("buyers_count", LongType(), "Distinct shoppers who bought on the day.", event="purchase"),
        Column(
            "new_buyers_count",
            LongType(),
            "Distinct shoppers who bought the item for the first time; their sum over days is their number.",
            event="purchase",
        ),
    ),
    key=("day", "item_id"),
    invariants=(
        Invariant("count_negative", "purchases_count >= 0 AND units_sum >= 0 AND exposures_weight >= 0"),
        Invariant("new_buyers_count_out_of_range", "new_buyers_count BETWEEN 0 AND buyers_count"),
    ),
)
