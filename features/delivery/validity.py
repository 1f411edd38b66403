"""Which logged exposures count, and the defect of the others."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from features.contract.metrics import (
    ALL,
    LOG_BOTS,
    LOG_COUNTED,
    LOG_DUPLICATES,
    LOG_LATE,
    LOG_NEWEST_AGE_DAYS,
    LOG_WITHDRAWN,
    LOG_WITHOUT_PLAN,
    LOG_WITHOUT_PROPENSITY,
    LOG_WITHOUT_REQUEST,
)

COUNTED, BOT, DUPLICATE, WITHDRAWN, WITHOUT_PLAN = "counted", "bot", "duplicate", "withdrawn", "without_plan"
VERDICTS = (COUNTED, BOT, DUPLICATE, WITHDRAWN, WITHOUT_PLAN)
_NAMES = {
    COUNTED: LOG_COUNTED,
    BOT: LOG_BOTS,
    DUPLICATE: LOG_DUPLICATES,
    WITHDRAWN: LOG_WITHDRAWN,
    WITHOUT_PLAN: LOG_WITHOUT_PLAN,
}


def with_verdict(exposures: DataFrame, withdrawals: DataFrame, most_a_day: float) -> DataFrame:
    """The columns of the exposures and verdict.

    A duplicate is a further row of the same request and item, or, without a request, of the same shopper, item,
    position and time; the first by time and event_id counts. An exposure with several defects has one verdict: bot
    before duplicate before withdrawn before one without a plan, whose list was rolled back, planned again or not live.

    exposures: rows of events of one placement, with as_of, the night whose list was shown, NULL without a plan
    withdrawals: item_id, withdrawn_at of the withdrawn items, once each
    most_a_day: a shopper with more exposures on a day is bot traffic on that day
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
        .when(F.col("as_of").isNull(), WITHOUT_PLAN)
        .otherwise(COUNTED)
    )


def event_counts(judged: DataFrame, as_of: date) -> DataFrame:
    """name, segment, value: rows of each verdict; of those that count, rows without propensity, without request, late.

    An exposure is late if the source recorded it after its day (UTC). Every count has a value, also 0; no rows if no
    exposure was logged. The newest age is the number of days from the newest exposure that counts to `as_of`; absent
    without one.
    """
    newest = F.max(F.when(F.col("verdict") == COUNTED, F.col("event_date")))
    counts = judged.agg(
        F.count("*").alias("rows"),
        *(F.count_if(F.col("verdict") == name).alias(_NAMES[name]) for name in VERDICTS),
        *(F.count_if((F.col("verdict") == COUNTED) & holds).alias(name) for name, holds in _kinds().items()),
        F.date_diff(F.lit(as_of), newest).alias(LOG_NEWEST_AGE_DAYS),
    ).where("rows > 0")
    names = [*_NAMES.values(), *_kinds(), LOG_NEWEST_AGE_DAYS]
    pairs = F.explode(
        F.array(*(F.struct(F.lit(n).alias("name"), F.col(n).cast("double").alias("value")) for n in names))
    )
    rows = counts.select(pairs.alias("figure")).where("figure.value IS NOT NULL")
    return rows.select("figure.name", F.lit(ALL).alias("segment"), "figure.value")


def _kinds() -> dict[str, Column]:
    return {
        LOG_WITHOUT_PROPENSITY: F.col("propensity").isNull(),
        LOG_WITHOUT_REQUEST: F.col("request_id").isNull(),
        LOG_LATE: F.col("ingested_at") >= F.date_add(F.col("event_date"), 1).cast("timestamp"),
    }
