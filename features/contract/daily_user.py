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
        Column("exposures_weight", DoubleType(), "Exposures, by sample weight."),
        Column("items", ArrayType(StringType()), "Items bought, sorted: exact distinct counts merge."),
        Column("stores", ArrayType(StringType()), "Stores visited, sorted."),
    ),
    key=(
        "day",
        "user_id",
    ),
    invariants=(Invariant("counts_not_negative", "purchases_count >= 0 AND baskets_count >= 0 AND units_sum >= 0"),),
)
