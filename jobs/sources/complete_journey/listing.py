"""When a product of the panel was listed: while sold in the last 150 days or promoted in the last 8 weeks."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.sources.complete_journey.weeks import first_day_of_week

DAYS_AFTER_SALE = 150
DAYS_AFTER_PROMOTION = 56


def listings(lines: DataFrame, weekly: DataFrame, before: date) -> DataFrame:
    """product_id, listed_on, withdrawn_on (dates): the union of the spans that follow from sales and promotions.

    A sale lists the product for [its day, + 150 d), a promotion for [first day of its week, + 56 d). Spans that overlap
    are one listing. Spans that only touch stay two: on the day on which the second begins, nothing before that day
    lists the product. So the state at a date follows from earlier events alone, and a later rebuild keeps it.
    """
    sold = (
        lines.select("product_id", F.to_date("transaction_timestamp").alias("listed_on"))
        .where(F.col("listed_on") < F.lit(before))
        .groupBy("product_id", "listed_on")
        .agg(F.lit(DAYS_AFTER_SALE).alias("days"))
    )
    # First reduced to product and week: a promotion is repeated for each of its stores.
    promoted = (
        weekly.where(first_day_of_week(F.col("week")) < F.lit(before))
        .groupBy("product_id", "week")
        .agg(F.lit(DAYS_AFTER_PROMOTION).alias("days"))
        .select("product_id", first_day_of_week(F.col("week")).alias("listed_on"), "days")
    )
    return merged_spans(
        sold.unionByName(promoted)
        .groupBy("product_id", "listed_on")
        .agg(F.max("days").alias("days"))
        .select("product_id", "listed_on", F.date_add("listed_on", F.col("days")).alias("withdrawn_on"))
    )


def merged_spans(spans: DataFrame) -> DataFrame:
    """Merges overlapping [listed_on, withdrawn_on) of each product_id; (product_id, listed_on) must be unique."""
    by_start = Window.partitionBy("product_id").orderBy("listed_on")
    earlier = by_start.rowsBetween(Window.unboundedPreceding, -1)
    so_far = by_start.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    latest_end = F.max("withdrawn_on").over(earlier)
    begins = F.when(latest_end.isNull() | (F.col("listed_on") >= latest_end), 1).otherwise(0)
    return (
        spans.withColumn("begins", begins)
        .withColumn("listing", F.sum("begins").over(so_far))
        .groupBy("product_id", "listing")
        .agg(F.min("listed_on").alias("listed_on"), F.max("withdrawn_on").alias("withdrawn_on"))
        .select("product_id", "listed_on", "withdrawn_on")
    )
