"""Expected visits of the night's shoppers, from the lists that they asked for."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import EVENTS
from features.visitors import of_shoppers
from jobs.execution.night import Night
from jobs.planning.shoppers.exact_sums import of_units, summed_units
from jobs.planning.shoppers.visit_chance import CHANCE, with_visit_chance
from model.exposure.visits import BUCKET_WIDTH, FOLDS, STEPS_PER_UNIT, Rates, RequestSums, fitted_rates

# Counts over so many days. They differ between shoppers who come daily, whose visit_probability is near 1 for all.
_ACTIVITY = {"visit_days_90d": 90, "baskets_count_90d": 90, "purchases_count_28d": 28, "purchases_count_90d": 90}
LEAST_DAYS = 28
VISIT_COLUMNS = ("user_id", "visit_probability", "days_since_signed_up", *_ACTIVITY)
_SUMS = ("requests", "days", "requests_squared", "days_squared", "product")


def with_visits(night: Night, users: DataFrame) -> DataFrame:
    """Adds `visits`: lists that each shopper is expected to ask for in a day, double.

    users: VISIT_COLUMNS and any others. Visits are those of `with_visit_chance` where the store logged no exposure of
    the placement in the last account.nights days. A shopper's day with more exposures than
    account.most_exposures_a_day is bot traffic and counts as a day without requests.
    """
    conf, as_of = night.conf, F.lit(night.as_of)
    columns = users.columns
    users = with_visit_chance(night, users)
    first = F.date_sub(as_of, conf.account.nights)
    exposures = of_shoppers(night.tables.read_or_empty(EVENTS)).where(
        (F.col("event_date") >= first)
        & (F.col("event_date") < as_of)
        & (F.col("event_type") == "exposure")
        & (F.col("placement") == conf.plan.placement)
    )
    # Without request ids, exposures of one moment count as one list. A sampled row counts as several requests.
    request = F.coalesce("request_id", F.col("event_time").cast("string")).alias("request")
    by_request = exposures.groupBy("user_id", "event_date", request).agg(
        F.max("sample_weight").alias("requests"), F.sum("sample_weight").alias("exposures")
    )
    by_day = by_request.groupBy("user_id", "event_date").agg(
        F.sum("requests").alias("requests"), F.sum("exposures").alias("exposures")
    )
    logged = by_day.agg(F.date_diff(as_of, F.min("event_date")).alias("days")).first()
    if logged is None or logged["days"] is None:
        return users.select(*columns, F.col(CHANCE).alias("visits"))
    by_people = by_day.where(F.col("exposures") <= conf.account.most_exposures_a_day)
    # Sums of doubles differ in the last digits by their order.
    sums = by_people.groupBy("user_id").agg(F.round(F.sum("requests"), 6).alias("_requests"))
    counted = users.join(sums, on="user_id", how="left").withColumns(
        {"_requests": F.coalesce("_requests", F.lit(0.0)), "_days": _days_known(1.0, float(logged["days"]))}
    )
    measures = {
        CHANCE: F.col(CHANCE),
        # One basket on the first day is not one basket a day: rates are over four weeks at least, as visit_probability.
        **{name: F.col(name).cast("double") / _days_known(LEAST_DAYS, most) for name, most in _ACTIVITY.items()},
    }
    rates = fitted_rates(_sums(counted, measures))
    if rates is None:
        return users.select(*columns, F.col(CHANCE).alias("visits"))
    return _posterior(counted, measures[rates.measure], rates).select(*columns, "visits")


def _days_known(least: float, most: float) -> Column:
    return F.greatest(F.lit(float(least)), F.least(F.col("days_since_signed_up").cast("double"), F.lit(float(most))))


def _bucket(measure: Column) -> Column:
    """The bucket of values >= 0 of a measure."""
    return F.floor(F.log1p(measure * STEPS_PER_UNIT) / BUCKET_WIDTH).cast("int")


def _sums(counted: DataFrame, measures: dict[str, Column]) -> dict[str, RequestSums]:
    """By measure: the sums of shoppers with like values of it, which are few whatever the number of shoppers."""
    requests, days = F.col("_requests"), F.col("_days")
    values = dict(zip(_SUMS, (requests, days, requests * requests, days * days, requests * days), strict=True))
    by_measure = F.explode(
        F.array(*(F.struct(F.lit(name).alias("measure"), _bucket(of).alias("bucket")) for name, of in measures.items()))
    )
    fold = F.pmod(F.xxhash64("user_id"), F.lit(FOLDS)).cast("int").alias("fold")
    rows = counted.select(by_measure.alias("of"), fold, *(value.alias(name) for name, value in values.items()))
    sums = rows.groupBy("of.measure", "of.bucket", "fold").agg(
        F.count("*").alias("shoppers"), *(summed_units(F.col(name)).alias(name) for name in _SUMS)
    )
    known = sums.orderBy("measure", "bucket", "fold").toPandas()
    for name in _SUMS:
        known[name] = known[name].map(of_units).astype("float64")
    by_name = dict(tuple(known.groupby("measure")))
    columns = ("bucket", "fold", "shoppers", *_SUMS)
    return {name: RequestSums(**{column: by_name[name][column].to_numpy() for column in columns}) for name in measures}


def _posterior(counted: DataFrame, measure: Column, rates: Rates) -> DataFrame:
    means = counted.sparkSession.createDataFrame(pd.DataFrame({"_bucket": rates.bucket, "_mean": rates.mean}))
    rows = counted.withColumn("_bucket", _bucket(measure)).join(F.broadcast(means), on="_bucket", how="left")
    mean, requests, days = F.col("_mean"), F.col("_requests"), F.col("_days")
    shape = F.lit(rates.shape)
    posterior = mean if rates.is_poisson else mean * (shape + requests) / (shape + mean * days)
    return rows.withColumn("visits", posterior)
