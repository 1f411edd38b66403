"""Features as columns: of windows over dated rows, and in the declared type."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from features.contract import DAILY_PAIR
from features.declarations import Feature
from features.declarations.aggregate import counted_column
from features.declarations.feature import by_expression
from features.derived.days import days_before_dates


def computed(features: Sequence[Feature], table: str) -> list[Column]:
    """The features that expressions over the rows of a table compute, as columns of their names."""
    return [feature.computed() for feature in by_expression(features, table)]


def windowed(dated: DataFrame, key: str, features: Sequence[Feature], table: str, *further: Column) -> DataFrame:
    """as_of, the key, the features of a table's dated rows, and further named aggregates.

    A key without a row is absent, and a ratio over nothing is NULL: `with_defaults` fills in the defaults.
    """
    return dated.groupBy("as_of", key).agg(*computed(features, table), *further)


def pairs_before_dates(daily_pair: DataFrame, dates: Sequence[date], features: Sequence[Feature]) -> DataFrame:
    """Rows of daily_pair before each date with an event that one of the features counts, within the longest window."""
    counting = by_expression(features, DAILY_PAIR.name)
    columns = {DAILY_PAIR.column(name) for feature in counting for name in feature.sources}
    events = sorted({column.event for column in columns if column is not None and column.event is not None})
    happened = reduce(or_, (F.col(str(counted_column(DAILY_PAIR, event))) > 0 for event in events))
    longest = max(feature.days for feature in counting if feature.days is not None)
    return days_before_dates(daily_pair.where(happened), dates, longest)


def with_defaults(frame: DataFrame, key: str, features: Sequence[Feature]) -> DataFrame:
    """as_of, the key and every feature in its declared type, NULL replaced by its default."""
    return frame.select("as_of", key, *(with_default(feature) for feature in features))


def with_default(feature: Feature) -> Column:
    """The feature's column in its declared type, NULL replaced by its default."""
    default = F.array() if isinstance(feature.type, ArrayType) else F.lit(feature.default)
    return F.coalesce(F.col(feature.name).cast(feature.type), default.cast(feature.type)).alias(feature.name)
