"""One day of one visitor without a shopper's id and one item: what items count in addition to `daily_pair`."""

from pyspark.sql.types import DateType, StringType

from features.contract.daily_pair import COUNT_NEGATIVE, PAIR_SUMS
from features.contract.table import Column, Table

DAILY_VISITOR = Table(
    name="daily_visitor",
    meaning="One day of one visitor and one item, of the events without a shopper; absent in a store without any.",
    columns=(
        Column("day", DateType(), "Day, UTC."),
        Column("visitor_id", StringType(), "Identifier of the visitor."),
        Column("item_id", StringType(), "Identifier of the product."),
        *PAIR_SUMS,
    ),
    key=("day", "visitor_id", "item_id"),
    invariants=(COUNT_NEGATIVE,),
)
