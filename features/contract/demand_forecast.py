"""Expected purchase lines of an item after a date."""

from pyspark.sql.types import DateType, DoubleType, StringType

from features.contract.table import Column, Invariant, Table

DEMAND_FORECAST = Table(
    name="demand_forecast",
    meaning="Expected purchase lines of an item after a date, with an interval.",
    columns=(
        Column("as_of", DateType(), "Date of the fit, which uses the days before this date, 00:00 UTC."),
        Column("item_id", StringType(), "Identifier of the product."),
        Column("model", StringType(), "Name of the model; pooled for items with few sales."),
        Column("mean_7d", DoubleType(), "Purchase lines expected in the 7 days from as_of on."),
        Column("low_7d", DoubleType(), "Lower end of the 80 % interval for the 7 days."),
        Column("high_7d", DoubleType(), "Upper end of the 80 % interval for the 7 days."),
        Column("mean_28d", DoubleType(), "Purchase lines expected in the 28 days from as_of on."),
        Column("low_28d", DoubleType(), "Lower end of the 80 % interval for the 28 days."),
        Column("high_28d", DoubleType(), "Upper end of the 80 % interval for the 28 days."),
    ),
    key=("as_of", "item_id"),
    partitioned_by=("as_of",),
    invariants=(
        Invariant("mean_negative", "mean_7d >= 0 AND mean_28d >= 0"),
        Invariant(
            "interval_out_of_order", "0 <= low_7d AND low_7d <= high_7d AND 0 <= low_28d AND low_28d <= high_28d"
        ),
    ),
)
