"""Which logged exposures count, and the name of what is wrong with the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

COUNTED, BOT, DUPLICATE, WITHDRAWN = "counted", "bot", "duplicate", "withdrawn"
VERDICTS = (COUNTED, BOT, DUPLICATE, WITHDRAWN)
NEWEST_AGE = "delivery_newest_age_days"


def nights_of_days(spark: SparkSession, nights: Sequence[date], last: date) -> DataFrame:
    """event_date, as_of, live_days: for each day from the first night to before `last` the newest night not after it.

    live_days: how many of these days each night has
    """
    ordered = sorted(nights)
    rows = [
        (date.fromordinal(day), night, min(until, last.toordinal()) - night.toordinal())
        for night, until in zip(ordered, [*(night.toordinal() for night in ordered[1:]), last.toordinal()], strict=True)
        for day in range(night.toordinal(), until)
    ]
    return spark.createDataFrame(rows, "event_date date, as_of date, live_days long")


def with_verdict(exposures: DataFrame, withdrawals: DataFrame, most_a_day: float) -> DataFrame:
    """The columns of the exposures, with verdict.

    exposures: rows of events of one placement; withdrawals: item_id, withdrawn_at of the items that were withdrawn,
    once each; most_a_day: exposures of a shopper on a day above which they are taken for a program's, all of that day.
    A duplicate is a further row of the same request and item, or, without a request, of the same shopper, item,
    position and time; the first by time and event_id counts. What is wrong in two ways is named once: as a bot's, then
    as a duplicate.
    """
    of_day = Window.partitionBy("event_date", "user_id").rowsBetween(
        Window.unboundedPreceding, Window.unboundedFollowing
    )
    by_request = ("request_id", "item_id")
    by_time = ("user_id", "item_id", "position", "event_time")
    order = (F.col("event_time"), F.col("event_id"))
    return (
        exposures.join(withdrawals.select("item_id", "withdrawn_at"), on="item_id", how="left")
        .withColumn("of_shopper", F.sum("sample_weight").over(of_day))
        .withColumn("of_request", F.row_number().over(Window.partitionBy(*by_request).orderBy(*order)))
        .withColumn("of_time", F.row_number().over(Window.partitionBy(*by_time).orderBy(*order)))
        .withColumn("copy", F.when(F.col("request_id").isNotNull(), F.col("of_request")).otherwise(F.col("of_time")))
        .withColumn("verdict", _verdict(most_a_day))
        .select(*exposures.columns, "verdict")
    )


def _verdict(most_a_day: float) -> Column:
    return (
        F.when(F.col("of_shopper") > most_a_day, BOT)
        .when(F.col("copy") > 1, DUPLICATE)
        .when(F.col("event_time") >= F.col("withdrawn_at"), WITHDRAWN)
        .otherwise(COUNTED)
    )


def event_counts(judged: DataFrame, as_of: date) -> DataFrame:
    """name, segment, value: rows of each verdict, and of those that count: without propensity, without request, late.

    Late is an exposure that the source had only after its day (UTC) was over. Every count has a value, 0 included, so
    that none is missing because there was none; there are no rows at all where nothing was logged.
    delivery_newest_age_days is how many days before `as_of` the newest exposure that counts was; none without one.
    """
    newest = F.max(F.when(F.col("verdict") == COUNTED, F.col("event_date")))
    counts = judged.agg(
        F.count("*").alias("rows"),
        *(F.count_if(F.col("verdict") == name).alias(f"delivery_{name}_count") for name in VERDICTS),
        *(F.count_if((F.col("verdict") == COUNTED) & holds).alias(name) for name, holds in _kinds().items()),
        F.date_diff(F.lit(as_of), newest).alias(NEWEST_AGE),
    ).where("rows > 0")
    names = [*(f"delivery_{name}_count" for name in VERDICTS), *_kinds(), NEWEST_AGE]
    pairs = F.explode(
        F.array(*(F.struct(F.lit(n).alias("name"), F.col(n).cast("double").alias("value")) for n in names))
    )
    rows = counts.select(pairs.alias("one")).where("one.value IS NOT NULL")
    return rows.select("one.name", F.lit("all").alias("segment"), "one.value")


def _kinds() -> dict[str, Column]:
    return {
        "delivery_without_propensity_count": F.col("propensity").isNull(),
        "delivery_without_request_count": F.col("request_id").isNull(),
        "delivery_late_count": F.col("ingested_at") >= F.date_add(F.col("event_date"), 1).cast("timestamp"),
    }
