"""The expected visits of shoppers on the night's day, from their responses alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import DAILY_PAIR, DAILY_USER
from features.contract.responses import DAILY_COUNT, PURCHASE, met_by
from features.shopper_sample import shopper_sample
from jobs.execution.night import Night
from model.exposure.visit_model import HISTORY_DAYS, NEEDED_DAYS, VisitModel, fit_visit_model

SAMPLE = 5_000  # shoppers that the model is trained on: on the driver are NEEDED_DAYS small numbers of each
CHANCE = "visit_chance"
_DAYS = 28
_MOST_A_DAY = 24  # visits; more on one day are an error or a reseller


def with_visit_chance(night: Night, users: DataFrame) -> DataFrame:
    """Adds CHANCE, double: expected visits of the store on the night's day.

    By plan.visits it is `visit_probability`, or `model.exposure.visit_model` of the shopper's earlier visits: baskets,
    or purchase lines on a day without baskets. With too few visits for a model it is visit_probability as well, and
    the step's decisions say so. Where relevance.target is not a purchase, a day with such a response or a purchase is
    one visit, and the probability is (days with a visit in 28 + 1) / 30 of these days.

    users: user_id, visit_probability, days_since_signed_up and any others
    """
    response = night.conf.relevance.target
    probability = F.col("visit_probability").cast("double")
    if response != PURCHASE:
        users = users.join(_days_with_visit(night), on="user_id", how="left")
        probability = (F.coalesce("_with_visit", F.lit(0)) + 1.0) / (_DAYS + 2.0)
    return _with_chance(night, users, probability).drop("_with_visit")


def _with_chance(night: Night, users: DataFrame, probability: Column) -> DataFrame:
    if night.conf.plan.visits == "days":
        return users.withColumn(CHANCE, probability)
    weekday = night.as_of.weekday()
    rows = users.join(_earlier_visits(night), on="user_id", how="left")
    ids = shopper_sample(users.where(F.col("days_since_signed_up") > 0).select("user_id"), SAMPLE)
    sample = (
        rows.join(F.broadcast(ids), on="user_id", how="left_semi")
        .select("user_id", "_days", "_visits", F.col("days_since_signed_up").cast("double").alias("known"))
        .toPandas()
        .sort_values("user_id")
    )
    matrix = _matrix(sample["_days"], sample["_visits"], NEEDED_DAYS)
    model = fit_visit_model(matrix, sample["known"].to_numpy(), weekday, night.conf.seed)
    night.record.decisions["visits"] = (
        "visit_probability: too few visits for a model" if model is None else f"model of {len(sample)} shoppers"
    )
    if model is None:
        return users.withColumn(CHANCE, probability)
    predicted = F.pandas_udf(_prediction(model, weekday), "double")  # type: ignore[call-overload]
    known = F.col("days_since_signed_up").cast("double")
    return rows.withColumn(CHANCE, predicted("_days", "_visits", known)).drop("_days", "_visits")


def _earlier_visits(night: Night) -> DataFrame:
    """user_id, _days and _visits: how many days ago the shopper visited, and how often on each of these days."""
    if night.conf.relevance.target != PURCHASE:
        return _by_user(_response_days(night).select("user_id", "days_ago", F.lit(1).alias("visits")))
    baskets, lines = F.col("baskets_count"), F.col("purchases_count")
    visits = F.least(F.when(baskets > 0, baskets).otherwise(lines), F.lit(_MOST_A_DAY)).cast("int")
    days_ago = F.date_diff(F.lit(night.as_of), F.col("day"))
    daily = night.tables.read_or_empty(DAILY_USER).where(
        (F.col("day") < F.lit(night.as_of)) & (days_ago <= NEEDED_DAYS) & (F.col("purchases_count") > 0)
    )
    return _by_user(daily.select("user_id", days_ago.alias("days_ago"), visits.alias("visits")))


def _by_user(visits: DataFrame) -> DataFrame:
    of_day = F.struct(F.col("days_ago").alias("d"), F.col("visits").alias("v"))
    by_user = visits.groupBy("user_id").agg(F.sort_array(F.collect_list(of_day)).alias("of"))
    return by_user.select("user_id", F.col("of.d").alias("_days"), F.col("of.v").alias("_visits"))


def _response_days(night: Night) -> DataFrame:
    """user_id, days_ago: the days of the last NEEDED_DAYS on which a shopper responded or bought."""
    days_ago = F.date_diff(F.lit(night.as_of), F.col("day"))
    counts = [F.col(DAILY_COUNT[kind]) > 0 for kind in met_by(night.conf.relevance.target)]
    return (
        night.tables.read(DAILY_PAIR)
        .where((F.col("day") < F.lit(night.as_of)) & (days_ago <= NEEDED_DAYS) & reduce(or_, counts))
        .select("user_id", days_ago.alias("days_ago"))
        .distinct()
    )


def _days_with_visit(night: Night) -> DataFrame:
    days = _response_days(night).where(F.col("days_ago") <= _DAYS)
    return days.groupBy("user_id").agg(F.count("*").alias("_with_visit"))


def _prediction(model: VisitModel, weekday: int) -> Callable[[pd.Series, pd.Series, pd.Series], pd.Series]:
    def predict(days: pd.Series, visits: pd.Series, known: pd.Series) -> pd.Series:
        return pd.Series(model.predict(_matrix(days, visits, HISTORY_DAYS), known.to_numpy(dtype=np.float64), weekday))

    return predict


def _matrix(days: pd.Series, visits: pd.Series, width: int) -> np.ndarray:
    """int32 (shoppers, width): visits on each of the last days, the newest last; NULL is a shopper without visits."""
    matrix = np.zeros((len(days), width), dtype=np.int32)
    for row, (of_days, of_visits) in enumerate(zip(days, visits, strict=True)):
        if of_days is not None:
            days_ago = np.asarray(of_days)
            inside = days_ago <= width
            matrix[row, width - days_ago[inside]] = np.asarray(of_visits)[inside]
    return matrix
