"""One day of one item: what windows are summed from."""

from pyspark.sql.types import ArrayType, DateType, DoubleType, LongType, StringType

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
        Column("exposures_weight", DoubleType(), "Exposures, by sample weight."),
        Column("buyers", ArrayType(StringType()), "Shoppers who bought, sorted: exact distinct counts merge."),
    ),
    key=(
        "day",
        "item_id",
    ),
    invariants=(Invariant("counts_not_negative", "purchases_count >= 0 AND units_sum >= 0 AND exposures_weight >= 0"),),
)
