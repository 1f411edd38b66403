"""Reorder point, days of cover and overstock of each item."""

from pyspark.sql.types import DateType, DoubleType, LongType, StringType

from features.contract.table import Column, Invariant, Table

REORDER, ENOUGH, OVERSTOCK, UNKNOWN = "reorder", "enough", "overstock", "unknown"
STATES = (REORDER, ENOUGH, OVERSTOCK, UNKNOWN)

STOCK_SUGGESTIONS = Table(
    name="stock_suggestions",
    meaning="Reorder point, days of cover and overstock of each item whose stock is tracked; nothing is ordered.",
    columns=(
        Column("as_of", DateType(), "Night."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("stock_state", StringType(), ", ".join(STATES) + ", the last where no demand is forecast."),
        Column("stock_on_hand", LongType(), "Units in stock."),
        Column("units_28d", DoubleType(), "Units expected to sell in 28 days."),
        Column("units_low_28d", DoubleType(), "Lower end of its 80 % interval."),
        Column("units_high_28d", DoubleType(), "Upper end of its 80 % interval."),
        Column(
            "reorder_point",
            DoubleType(),
            "Units at or below which to reorder: they cover the demand of suggestions.lead_days with a probability of "
            "suggestions.service_level.",
            nullable=True,
        ),
        Column("days_of_cover", DoubleType(), "Days that the stock lasts at the expected demand.", nullable=True),
        Column("days_of_cover_low", DoubleType(), "The same at the upper end of the demand.", nullable=True),
        Column(
            "days_of_cover_high",
            DoubleType(),
            "The same at the lower end of the demand; NULL if that is 0.",
            nullable=True,
        ),
        Column(
            "overstock_units",
            DoubleType(),
            "Units beyond what the upper end of the demand takes in suggestions.overstock_days.",
        ),
        Column(
            "overstock_segment",
            StringType(),
            "Segment (head, tail, cold) of an item with stock_state overstock, empty for others: a group that a floor "
            "can name.",
        ),
        Column("lead_days", LongType(), "suggestions.lead_days of the night."),
        Column("service_level", DoubleType(), "suggestions.service_level of the night."),
    ),
    key=("as_of", "item_id"),
    partitioned_by=("as_of",),
    invariants=(
        Invariant("stock_state_unknown", f"stock_state IN ({', '.join(map(repr, STATES))})"),
        Invariant("overstock_negative", "overstock_units >= 0"),
        Invariant("days_of_cover_out_of_order", "days_of_cover_low <= days_of_cover"),
        Invariant("days_of_cover_high_out_of_order", "days_of_cover <= days_of_cover_high"),
    ),
)
