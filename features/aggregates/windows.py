"""Windows of days before each date, summed from daily partials as the declarations say, for many dates in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DecimalType

from features.contract.money import MINOR_UNITS, minor_units
from features.declarations import Feature
from features.point_in_time import dates_frame

# Sums of money are whole ten-thousandths until they become a feature.
_MONEY_SUMS = frozenset({"spend_sum", "discount_sum", "full_price_sum"})


def days_before_dates(daily: DataFrame, dates: Sequence[date], days: int | None = None) -> DataFrame:
    """Each daily row once for every date that has it in [as_of - days, as_of); in its past for None.

    Adds as_of and days_ago (1 is the day before as_of). Amounts of money become LONG ten-thousandths.
    """
    amounts = {field.name: minor_units(field.name) for field in daily.schema if isinstance(field.dataType, DecimalType)}
    inside = F.col("day") < F.col("as_of")
    if days is not None:
        inside = inside & (F.col("day") >= F.date_sub("as_of", days))
        daily = daily.where(F.col("day") >= F.date_sub(F.lit(min(dates)), days))
    asked = F.broadcast(dates_frame(daily.sparkSession, dates))
    return (
        daily.where(F.col("day") < F.lit(max(dates)))
        .withColumns(amounts)
        .join(asked, on=inside, how="inner")
        .select("as_of", F.date_diff("as_of", "day").alias("days_ago"), *daily.columns)
    )


def windowed(dated: DataFrame, key: str, features: Sequence[Feature], *further: Column) -> DataFrame:
    """as_of, the key, the features (all with a window) and further named aggregates.

    `dated` comes from `days_before_dates` over the longest window. A key without a day is absent, a ratio over nothing
    is NULL: defaults are filled in where the rows of a table are made.
    """
    return dated.groupBy("as_of", key).agg(*(_aggregate(feature).alias(feature.name) for feature in features), *further)


def within(days: int | None, value: Column, not_within: int = 0) -> Column:
    """The value of a dated row where it is of the last `days` days but not of the last `not_within`; NULL elsewhere."""
    if days is None:
        return value
    inside = F.col("days_ago") <= days
    return F.when(inside & (F.col("days_ago") > not_within) if not_within else inside, value)


def with_defaults(frame: DataFrame, key: str, features: Sequence[Feature]) -> DataFrame:
    """as_of, the key and every feature in its declared type, NULL replaced by its default."""
    return frame.select("as_of", key, *(with_default(feature) for feature in features))


def with_default(feature: Feature) -> Column:
    """The feature's column in its declared type, NULL replaced by its default."""
    default = F.array() if isinstance(feature.type, ArrayType) else F.lit(feature.default)
    return F.coalesce(F.col(feature.name).cast(feature.type), default.cast(feature.type)).alias(feature.name)


def _aggregate(feature: Feature) -> Column:
    if feature.aggregation in ("count", "sum"):
        return _total(feature.source, feature.days)
    if feature.aggregation == "days":
        return F.count_if(within(feature.days, F.col(feature.source) > 0))
    if feature.aggregation in ("mean", "share") and feature.per is not None:
        # Both sums are exact; only their ratio is a floating-point number.
        return F.try_divide(_total(feature.source, feature.days), _total(feature.per, feature.days).cast("double"))
    if feature.aggregation == "distinct" and feature.days is not None:
        return F.count_if(first_within(feature.days))
    raise ValueError(f"the feature {feature.name} has the aggregation {feature.aggregation}, which windows do not know")


def first_within(days: int) -> Column:
    """True for the first purchase day of a pair in the window: counting these counts pairs, so members of a key."""
    before = F.col("previous_day").isNull() | (F.date_diff("as_of", "previous_day") > days)
    return (F.col("purchases_count") > 0) & (F.col("days_ago") <= days) & before


def second_within(days: int) -> Column:
    """True for the second purchase day of a pair in the window: counting these counts pairs that came back."""
    before = F.col("earlier_day").isNull() | (F.date_diff("as_of", "earlier_day") > days)
    return (F.col("days_ago") <= days) & (F.date_diff("as_of", "previous_day") <= days) & before


def _total(column: str, days: int | None) -> Column:
    total = F.sum(within(days, F.col(column)))
    return total / F.lit(float(MINOR_UNITS)) if column in _MONEY_SUMS else total
