"""Head and tail of the catalogue by trailing responses: purchases, unless relevance.target is another one."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from features.contract.segments import HEAD, TAIL


def with_segment(met: DataFrame, head_share: float) -> DataFrame:
    """as_of, item_id, segment of items with responses. Needs as_of, item_id, responses (of the window, above 0).

    Items are sorted by responses, the most first, ties by item_id. Head is the smallest set that holds `head_share` of
    all responses: an item belongs to it when the items before it hold less than that share. The others are the tail.
    """
    of_date = Window.partitionBy("as_of")
    sorted_items = of_date.orderBy(F.desc("responses"), "item_id").rowsBetween(Window.unboundedPreceding, -1)
    whole = of_date.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    before = F.coalesce(F.sum("responses").over(sorted_items), F.lit(0)).cast("double")
    return (
        met.withColumn("before", before)
        .withColumn("total", F.sum("responses").over(whole))
        .select(
            "as_of",
            "item_id",
            F.when(F.col("before") < F.lit(head_share) * F.col("total"), F.lit(HEAD))
            .otherwise(F.lit(TAIL))
            .alias("segment"),
        )
    )
