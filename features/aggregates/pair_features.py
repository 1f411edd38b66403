"""The features of shoppers and items together at one date, for those that a model reads."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import reduce
from operator import or_

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import NumericType

from features.aggregates.windows import with_default
from features.contract import DAILY_PAIR
from features.declarations import PAIR_FEATURES
from features.declarations.pairs import PAIR_DAYS
from features.derived.days import days_before_dates

PAIRS = "pairs"


def pair_features(daily_pair: DataFrame, as_of: date, names: Collection[str]) -> DataFrame:
    """user_id, item_id and the features of these names: a row for each pair with an event that one of them counts.

    daily_pair: daily partials of at least all days before the date
    """
    chosen = [feature for feature in PAIR_FEATURES if feature.name in names]
    sources = {name for feature in chosen for name in feature.sources}
    counted = [
        column.name for column in DAILY_PAIR.columns if column.name in sources and isinstance(column.type, NumericType)
    ]
    happened = reduce(or_, (F.col(name) > 0 for name in counted))
    return (
        days_before_dates(daily_pair.where(happened), (as_of,), PAIR_DAYS)
        .groupBy("user_id", "item_id", "as_of")
        .agg(*(feature.computed() for feature in chosen))
        .select("user_id", "item_id", *(with_default(feature) for feature in chosen))
    )


def pairs_of_shoppers(daily_pair: DataFrame, as_of: date, names: Collection[str]) -> DataFrame:
    """user_id, and PAIRS: `pair_features` of the shopper as structs without user_id, ordered by item_id.

    One row a shopper, so that candidates need no shuffle of their own: a worker looks them up by item.
    """
    rows = pair_features(daily_pair, as_of, names)
    of_item = F.struct(*(name for name in rows.columns if name != "user_id"))
    return rows.groupBy("user_id").agg(F.array_sort(F.collect_list(of_item)).alias(PAIRS))
