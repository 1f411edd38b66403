"""Windows of days before each date, summed from daily partials as the declarations say, for many dates in one pass."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from features.declarations import Feature
from features.declarations.feature import LIFE


def days_before_dates(daily: DataFrame, dates: DataFrame, days: int | None = None) -> DataFrame:
    """Each daily row once for every `as_of` of `dates` that has it in [as_of - days, as_of); in its past for None."""
    inside = F.col("day") < F.col("as_of")
    if days is not None:
        inside = inside & (F.col("day") >= F.date_sub("as_of", days))
    return daily.join(F.broadcast(dates.select("as_of")), on=inside, how="inner").select("as_of", *daily.columns)


def windowed(dated: DataFrame, key: str, features: Sequence[Feature]) -> DataFrame:
    """as_of, the key, last_purchase_day and the features with a window over columns that are no arrays.

    `dated` comes from `days_before_dates` over the longest window. A key without a day is absent, a ratio over nothing
    is NULL: defaults are filled in where the rows of a table are made.
    """
    summed = [feature for feature in features if feature.window is not None and not _is_array(dated, feature)]
    bought = F.max(F.when(F.col("purchases_count") > 0, F.col("day")))
    return (
        dated.groupBy("as_of", key)
        .agg(*(_aggregate(feature).alias(feature.name) for feature in summed), bought.alias("last_purchase_day"))
        .select("as_of", key, "last_purchase_day", *(feature.name for feature in summed))
    )


def distinct_members(daily: DataFrame, dates: DataFrame, key: str, feature: Feature) -> DataFrame:
    """as_of, the key, the feature: different members of an array column of the partials within the feature's window."""
    members = daily.select("day", key, F.explode(feature.source).alias("member"))
    if feature.window == LIFE:
        # A member counts from its first day on, so one row a member is enough for every date.
        members = members.groupBy(key, "member").agg(F.min("day").alias("day"))
        counted = F.count(F.lit(1))
    else:
        counted = F.count_distinct("member")
    return (
        days_before_dates(members, dates, feature.days)
        .groupBy("as_of", key)
        .agg(counted.alias(feature.name))
        .select("as_of", key, feature.name)
    )


def array_features(daily: DataFrame, features: Sequence[Feature]) -> list[Feature]:
    """The features that count members of array columns."""
    return [feature for feature in features if feature.window is not None and _is_array(daily, feature)]


def with_defaults(frame: DataFrame, key: str, features: Sequence[Feature]) -> DataFrame:
    """as_of, the key and every feature in its declared type, NULL replaced by its default."""
    return frame.select(
        "as_of",
        key,
        *(
            F.coalesce(F.col(feature.name).cast(feature.type), F.lit(feature.default).cast(feature.type)).alias(
                feature.name
            )
            for feature in features
        ),
    )


def _is_array(frame: DataFrame, feature: Feature) -> bool:
    return feature.source in frame.columns and isinstance(frame.schema[feature.source].dataType, ArrayType)


def _aggregate(feature: Feature) -> Column:
    inside = F.lit(True) if feature.days is None else F.col("day") >= F.date_sub("as_of", feature.days)

    def total(column: str) -> Column:
        return F.sum(F.when(inside, F.col(column)))

    if feature.aggregation in ("count", "sum"):
        return total(feature.source)
    if feature.aggregation == "days":
        return F.count_if(inside & (F.col(feature.source) > 0))
    if feature.aggregation in ("mean", "share") and feature.per is not None:
        # Both sums are exact; only their ratio is a floating-point number.
        return F.try_divide(total(feature.source).cast("double"), total(feature.per).cast("double"))
    raise ValueError(f"the feature {feature.name} has the aggregation {feature.aggregation}, which windows do not know")
