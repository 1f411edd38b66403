"""The expected visits of shoppers on the night's day, from their purchases alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import DAILY_USER
from features.shopper_sample import shopper_sample
from jobs.execution.night import Night
from model.exposure.visit_model import HISTORY_DAYS, NEEDED_DAYS, VisitModel, fit_visit_model

SAMPLE = 5_000  # shoppers that the model is trained on: on the driver are NEEDED_DAYS small numbers of each
CHANCE = "visit_chance"
_MOST_A_DAY = 24  # visits; more on one day are an error or a reseller


def with_visit_chance(night: Night, users: DataFrame) -> DataFrame:
    """Adds CHANCE, double: expected visits of the store on the night's day.

    By plan.visits it is `visit_probability`, or `model.exposure.visit_model` of the shopper's earlier visits: baskets,
    or purchase lines on a day without baskets. With too few purchases for a model it is visit_probability as well, and
    the step's decisions say so.

    users: user_id, visit_probability, days_since_signed_up and any others
    """
    probability = F.col("visit_probability").cast("double")
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
        "visit_probability: too few purchases for a model" if model is None else f"model of {len(sample)} shoppers"
    )
    if model is None:
        return users.withColumn(CHANCE, probability)
    predicted = F.pandas_udf(_prediction(model, weekday), "double")  # type: ignore[call-overload]
    known = F.col("days_since_signed_up").cast("double")
    return rows.withColumn(CHANCE, predicted("_days", "_visits", known)).drop("_days", "_visits")


def _earlier_visits(night: Night) -> DataFrame:
    """user_id, _days and _visits: how many days ago the shopper visited, and how often on each of these days."""
    baskets, lines = F.col("baskets_count"), F.col("purchases_count")
    visits = F.least(F.when(baskets > 0, baskets).otherwise(lines), F.lit(_MOST_A_DAY)).cast("int")
    days_ago = F.date_diff(F.lit(night.as_of), F.col("day"))
    daily = night.tables.read(DAILY_USER).where(
        (F.col("day") < F.lit(night.as_of)) & (days_ago <= NEEDED_DAYS) & (F.col("purchases_count") > 0)
    )
    by_user = daily.groupBy("user_id").agg(
        F.sort_array(F.collect_list(F.struct(days_ago.alias("d"), visits.alias("v")))).alias("of")
    )
    return by_user.select("user_id", F.col("of.d").alias("_days"), F.col("of.v").alias("_visits"))


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
