"""Comparison of an item with others at a date: shares of groups, ranks and percentiles."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

# Group of an item -> the column that names it; the share is named after the group.
GROUPS = {"category": "category", "type": "product_type", "brand": "brand", "provider": "provider_id"}
_NUMBERS = ("purchases_count_28d", "purchases_count_90d", "spend_units_90d")
_LINES = "purchases_count_90d"


def standing(rows: DataFrame) -> DataFrame:
    """as_of, item_id and the features that compare the item with others, one row an item and date.

    <group>_share_90d of each of GROUPS, category_purchases_count_28d, price_ratio_90d (the mean amount paid for a line
    over that of the category), price_percentile_90d among the items of the category that sold, category_percentile_90d,
    popularity_percentile_90d and popularity_rank_90d. A percentile is the share of lower values; equal ones count half.
    An item outside a group has NULL for the group's features.

    rows: as_of, item_id, the columns of GROUPS, purchases_count_28d, purchases_count_90d, price_mean_90d, and
    spend_units_90d (LONG ten-thousandths)
    """
    narrow = rows.select(
        "as_of",
        "item_id",
        *GROUPS.values(),
        *(F.coalesce(name, F.lit(0)).alias(name) for name in _NUMBERS),
        F.when(F.col(_LINES) > 0, F.col("price_mean_90d")).alias("price"),
    )
    category = Window.partitionBy("as_of", "category")
    whole = category.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    price = F.try_divide("spend_units_90d", _LINES)
    category_price = F.try_divide(F.sum("spend_units_90d").over(whole), F.sum(_LINES).over(whole))
    has_category = F.col("category") != ""
    narrow = narrow.withColumns(
        {
            "category_purchases_count_28d": F.when(has_category, F.sum("purchases_count_28d").over(whole)),
            "price_ratio_90d": F.when(has_category, F.try_divide(price, category_price)),
            "category_percentile_90d": F.when(has_category, _percentile(category, _LINES, F.count(_LINES).over(whole))),
            "price_percentile_90d": F.when(
                has_category & F.col("price").isNotNull(), _percentile(category, "price", F.count("price").over(whole))
            ),
        }
    )
    for group, column in GROUPS.items():
        members = Window.partitionBy("as_of", column).rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
        share = F.try_divide(F.col(_LINES), F.sum(_LINES).over(members))
        narrow = narrow.withColumn(f"{group}_share_90d", F.when(F.col(column) != "", share))
    popularity = _popularity(narrow)
    ranked = narrow.join(F.broadcast(popularity), on=["as_of", _LINES], how="left")
    return ranked.select(
        "as_of",
        "item_id",
        *(f"{group}_share_90d" for group in GROUPS),
        "category_purchases_count_28d",
        "price_ratio_90d",
        "price_percentile_90d",
        "category_percentile_90d",
        "popularity_percentile_90d",
        "popularity_rank_90d",
    )


def _percentile(partition: WindowSpec, value: str, total: Column) -> Column:
    """(lower + equal / 2) / total; NULL sorts first and is not part of the total."""
    equal = partition.orderBy(value).rangeBetween(Window.currentRow, Window.currentRow)
    up_to = partition.orderBy(value).rangeBetween(Window.unboundedPreceding, Window.currentRow)
    return (F.count(value).over(up_to) - F.count(value).over(equal) / 2) / total


def _popularity(rows: DataFrame) -> DataFrame:
    """Rank and percentile of each number of lines at a date; over distinct numbers: no partition holds all items."""
    of_date = Window.partitionBy("as_of")
    lower = of_date.orderBy(_LINES).rowsBetween(Window.unboundedPreceding, -1)
    whole = of_date.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    counted = rows.groupBy("as_of", _LINES).agg(F.count(F.lit(1)).alias("equal"))
    below, total, equal = F.coalesce(F.sum("equal").over(lower), F.lit(0)), F.sum("equal").over(whole), F.col("equal")
    return counted.select(
        "as_of",
        _LINES,
        (total - below - equal + 1).alias("popularity_rank_90d"),
        ((below + equal / 2) / total).alias("popularity_percentile_90d"),
    )
