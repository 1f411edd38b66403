"""Reorder point, days of cover and overstock of each item, from the forecast of demand."""

from __future__ import annotations

from statistics import NormalDist

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract.stock_suggestions import ENOUGH, OVERSTOCK, REORDER, UNKNOWN

_DAYS = 28  # of the forecast
_UPPER = NormalDist().inv_cdf(0.9)  # standard deviations up to the end of its 80 % interval


def stock_suggestions(items: DataFrame, lead_days: int, service_level: float, overstock_days: int) -> DataFrame:
    """item_id and the other columns of the contract's stock_suggestions but as_of, of items with tracked stock.

    The reorder point is the mean of the demand during the lead time plus z standard deviations of it (Silver, Pyke and
    Thomas, Inventory and Production Management in Supply Chains, 4th edition, chapter 6), z the quantile of the normal
    distribution at the service level. The deviation over 28 days is that of the forecast's upper end; over L days it is
    sqrt(L / 28) of it, or L / 28 where L is longer, since a wrong level does not average out.

    items: item_id, segment, stock_on_hand, is_stock_tracked, demand_next_28d with its ends in purchase lines, and
        purchases_count_28d, units_sum_28d, by which a line takes as many units as those of the last 28 days
    """
    sold = (F.col("units_sum_28d") > 0) & (F.col("purchases_count_28d") > 0)
    a_line = F.when(sold, F.greatest(F.lit(1.0), F.try_divide("units_sum_28d", "purchases_count_28d"))).otherwise(1.0)
    lines = {"units_28d": "demand_next_28d", "units_low_28d": "demand_low_28d", "units_high_28d": "demand_high_28d"}
    units = {name: F.col(of) * a_line for name, of in lines.items()}
    tracked = items.where("is_stock_tracked").withColumns(units)
    is_known, part = F.col("units_high_28d") > 0, lead_days / _DAYS
    deviation = (F.col("units_high_28d") - F.col("units_28d")) / _UPPER * max(part**0.5, part)
    point = F.col("units_28d") * part + deviation * NormalDist().inv_cdf(service_level)
    enough = F.col("units_high_28d") * (overstock_days / _DAYS)
    too_many = F.when(is_known, F.floor(F.greatest(F.col("stock_on_hand") - enough, F.lit(0.0)))).otherwise(0.0)
    return (
        tracked.withColumn("reorder_point", F.when(is_known, F.ceil(point)).cast("double"))
        .withColumn("overstock_units", too_many.cast("double"))
        .withColumn("stock_state", _state(is_known))
        .select(
            "item_id", "stock_state", "stock_on_hand", *lines, "reorder_point",
            _cover("units_28d").alias("days_of_cover"),
            _cover("units_high_28d").alias("days_of_cover_low"),
            _cover("units_low_28d").alias("days_of_cover_high"),
            "overstock_units",
            F.when(F.col("stock_state") == OVERSTOCK, F.col("segment")).otherwise("").alias("overstock_segment"),
            F.lit(lead_days).cast("long").alias("lead_days"),
            F.lit(service_level).alias("service_level"),
        )
    )  # fmt: skip


def _state(is_known: Column) -> Column:
    return (
        F.when(~is_known, F.lit(UNKNOWN))
        .when(F.col("stock_on_hand") <= F.col("reorder_point"), F.lit(REORDER))
        .when(F.col("overstock_units") >= 1, F.lit(OVERSTOCK))
        .otherwise(F.lit(ENOUGH))
    )


def _cover(units: str) -> Column:
    return F.try_divide(F.col("stock_on_hand") * F.lit(float(_DAYS)), F.col(units))
