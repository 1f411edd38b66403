"""The pairs that may enter a night's plan: on the driver where they fit there, else with Spark."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import RELEVANCE
from features.contract.fallback_lists import EVERYONE
from jobs.config.configuration import Config
from jobs.config.relevance import Response
from jobs.execution.night import Night
from jobs.experiments.arms import runs
from jobs.planning.candidates.frequency import without_frequent
from jobs.planning.shoppers.exact_sums import of_units, summed_units, units_of
from jobs.planning.shoppers.planned_shoppers import Shoppers
from jobs.runtime.errors import LongtailError
from model.uplift.model import planned_response

_COLUMNS = ("user_id", "item_id", "relevance", "cause", "visits", "shopper_segment", "place")


@dataclass(frozen=True)
class Candidates:
    """Pairs of a shopper and an item that may enter the plan.

    frame: user_id, item_id, relevance, cause (the main reason of the relevance, empty where there is none), visits and
    shopper_segment of the shopper, place, a 64-bit hash of user_id, and, where uplift or relevance.values are planned,
    counted: the responses, or their values, that the plan counts a view for
    table: the same rows, where they fit on the driver; None where they stay with Spark
    model_version: the one version that scored them
    shoppers, visits: how many shoppers have a pair, and their visits together
    mean: by segment of shoppers, float64 (items), mean relevance over its consenting shoppers; a missing pair counts 0
    mean_counted: the same of the responses that the plan counts a view for
    largest: float64 (items), relevance of the best pair of each item
    """

    frame: DataFrame
    table: pa.Table | None
    model_version: str
    shoppers: int
    visits: float
    mean: Mapping[str, np.ndarray]
    mean_counted: Mapping[str, np.ndarray]
    largest: np.ndarray


def read_candidates(night: Night, shoppers: Shoppers, item_ids: np.ndarray) -> Candidates:
    """Pairs of the night at or above plan.relevance_bar, of these items and of shoppers with consent.

    Raises LongtailError when no pair is left, when shoppers have no features, when a relevance is NaN, or when more
    than one version scored the night.
    """
    plan = night.conf.plan
    scored = _scored(night)
    frame = _eligible_pairs(night, shoppers, item_ids, _counted(night, scored))
    table = frame.toArrow() if scored.rows <= plan.driver_pairs else None
    users = _users(frame, table)
    if users.number == 0:
        raise LongtailError(
            f"No pair of relevance for {night.as_of} is of an eligible item and reaches the bar.",
            "Look at plan.segments, plan.relevance_bar and plan.frequency, at is_eligible in item_features and at "
            "consent_personalisation in user_features.",
        )
    if users.unknown:
        raise LongtailError(
            f"{users.unknown} shoppers of relevance have no row in user_features.",
            "Run build_features and score for the night again.",
        )
    sums = _sums(frame, table)
    if sums["total"].isna().any():
        first = sums.loc[sums["total"].isna(), "item_id"].min()
        raise LongtailError(
            f"relevance is NaN for some pairs of {night.as_of}, among them some of the item {first}.",
            "Run score again; if it stays, look at the features of that item.",
        )
    place = pd.Index(item_ids)
    return Candidates(
        frame,
        table,
        scored.version,
        users.number,
        users.visits,
        mean=_mean_relevance(sums, "total", shoppers.consenting, place),
        mean_counted=_mean_relevance(sums, "counted", shoppers.consenting, place),
        largest=_largest_relevance(sums, place),
    )


@dataclass(frozen=True)
class _Scored:
    """Rows of relevance of the night and policy, the one version that scored them, and how many rows have an uplift, or
    the chance of every response of relevance.values."""

    rows: int
    version: str
    effects: int
    valued: int


def _scored(night: Night) -> _Scored:
    plan = night.conf.plan
    rows = night.tables.read_date(RELEVANCE, night.as_of).where(F.col("policy") == plan.scored_as)
    valued = F.lit(None) if night.conf.relevance.values is None else summed_values(night.conf.relevance.values)
    counts = (F.count("*").alias("rows"), F.count("uplift").alias("effects"), F.count(valued).alias("valued"))
    versions = rows.groupBy("model_version").agg(*counts).collect()
    if len(versions) != 1:
        scores = f"scores of {len(versions)} model versions" if versions else "no rows"
        raise LongtailError(
            f"relevance has {scores} for {night.as_of} and policy {plan.scored_as}.",
            f"Run score for {night.as_of} again.",
        )
    row = versions[0]
    return _Scored(row["rows"], row["model_version"], row["effects"], row["valued"])


def _counted(night: Night, scored: _Scored) -> Column | None:
    """What the plan counts a view for where it is not f; reports it.

    Raises LongtailError where only some pairs have it. Before the first version of the uplift model the plan counts f,
    as it does where that model knows little; before the champion predicts each response of relevance.values, the target
    alone.
    """
    plan, values = night.conf.plan, night.conf.relevance.values
    if plan.weight_of_uplift == 0 and values is None:
        return None
    what, known = (
        ("uplift", scored.effects) if values is None else ("chance of each of relevance.values", scored.valued)
    )
    if 0 < known < scored.rows:
        raise LongtailError(
            f"{scored.rows - known} of {scored.rows} pairs of relevance have no {what} for {night.as_of}.",
            f"Run score for {night.as_of} again.",
        )
    if values is not None:
        night.record.decisions["objective"] = values_in_words(night.conf.relevance.counted(values if known else ()))
        return counted_response(night.conf)
    night.record.decisions["objective"] = "uplift" if known else "response, as no uplift model was trained yet"
    return counted_response(night.conf) if known else None


def values_in_words(values: Mapping[Response, float]) -> str:
    """'purchase 1, cart 0.2'."""
    return ", ".join(f"{response} {value:g}" for response, value in values.items())


def summed_values(values: Mapping[Response, float]) -> Column:
    """The sum of the chances of a row of relevance times their values; NULL where it lacks one."""
    terms = [F.col("chances")[response] * F.lit(value) for response, value in sorted(values.items())]
    return reduce(operator.add, terms)


def counted_response(conf: Config) -> Column:
    """What the plan counts a view of a row of relevance for.

    f, or `planned_response` where the row has an uplift; with relevance.values the sum of chances times values, or f
    times its value where the row has no other chances.
    """
    plan, values = conf.plan, conf.relevance.values
    if values is not None:
        return F.coalesce(summed_values(values), F.col("relevance") * F.lit(values[conf.relevance.target]))
    effect = F.coalesce("uplift", "relevance")
    return F.greatest(F.col("relevance") + plan.weight_of_uplift * (effect - F.col("relevance")), F.lit(0.0))


def counted_in_memory(conf: Config, rows: pd.DataFrame) -> np.ndarray:
    """`counted_response` of rows in memory, float64.

    rows: relevance and uplift of rows of relevance; with relevance.values relevance and chances, None or a dictionary
    """
    relevance = rows["relevance"].to_numpy(np.float64)
    if conf.relevance.values is not None:
        return np.array([conf.relevance.value_of(*row) for row in zip(relevance, rows["chances"], strict=True)])
    effect = rows["uplift"].astype(np.float64).fillna(rows["relevance"])
    return planned_response(relevance, effect.to_numpy(np.float64), conf.plan.weight_of_uplift)


def _eligible_pairs(night: Night, shoppers: Shoppers, item_ids: np.ndarray, counted: Column | None = None) -> DataFrame:
    """The columns of `Candidates.frame`; visits is NULL for shoppers without features."""
    plan, spark = night.conf.plan, night.spark
    rows = night.tables.read_date(RELEVANCE, night.as_of).where(
        (F.col("policy") == plan.scored_as) & (F.col("relevance") >= plan.relevance_bar)
    )
    cause = F.coalesce(F.get(F.col("top_reasons"), F.lit(0)), F.lit(""))
    columns: list[str | Column] = ["user_id", "item_id", "relevance", cause.alias("cause")]
    names: tuple[str, ...] = _COLUMNS
    if counted is not None:
        columns.append(counted.alias("counted"))
        names = (*_COLUMNS, "counted")
    pairs = rows.select(*columns)
    may_enter = spark.createDataFrame(pd.DataFrame({"item_id": item_ids}))
    pairs = pairs.join(F.broadcast(may_enter), on="item_id", how="inner")
    # The shoppers of other arms, or out of the sample, are none of this plan; any other who is none is an error.
    some = runs(night) or shoppers.is_sample
    pairs = pairs.join(shoppers.frame, on="user_id", how="inner" if some else "left")
    pairs = pairs.where(F.coalesce("consents", F.lit(True)))
    return without_frequent(night, pairs).withColumn("place", F.xxhash64("user_id")).select(*names)


@dataclass(frozen=True)
class _Users:
    """Shoppers with a pair: their number, their visits together, and how many have no features."""

    number: int
    visits: float
    unknown: int


def _users(frame: DataFrame, table: pa.Table | None) -> _Users:
    if table is not None:
        users = table.group_by("user_id", use_threads=False).aggregate([("visits", "max")])
        visits = users["visits_max"].drop_null().to_numpy()
        return _Users(users.num_rows, of_units(units_of(visits)), users["visits_max"].null_count)
    row = (
        frame.groupBy("user_id")
        .agg(F.max("visits").alias("visits"))
        .agg(
            F.count("*").alias("number"), F.count("visits").alias("known"), summed_units(F.col("visits")).alias("units")
        )
        .first()
    )
    assert row is not None
    return _Users(row["number"], of_units(row["units"]), row["number"] - row["known"])


def _sums(frame: DataFrame, table: pa.Table | None) -> pd.DataFrame:
    """shopper_segment, item_id, total and largest relevance, and total of the responses that a view counts for."""
    counted = "counted" if "counted" in frame.columns else "relevance"
    if table is not None:
        sums = table.group_by(["shopper_segment", "item_id"], use_threads=False)
        named = {"total": ("relevance", "sum"), "largest": ("relevance", "max"), "counted": (counted, "sum")}
        known = sums.aggregate(list(dict.fromkeys(named.values()))).to_pandas()
        return known[["shopper_segment", "item_id"]].assign(
            **{name: known[f"{column}_{kind}"] for name, (column, kind) in named.items()}
        )
    return (
        frame.groupBy("shopper_segment", "item_id")
        .agg(F.sum("relevance").alias("total"), F.max("relevance").alias("largest"), F.sum(counted).alias("counted"))
        .toPandas()
    )


def _mean_relevance(sums: pd.DataFrame, total: str, consenting: pd.Series, place: pd.Index) -> dict[str, np.ndarray]:
    """By segment, of everyone first: float64 (items). total: column; consenting: by segment the number of shoppers"""
    means = {EVERYONE: _mean_over(sums, total, int(consenting.sum()), place)}
    for segment, rows in sums.groupby("shopper_segment"):
        if segment and isinstance(segment, str):
            means[segment] = _mean_over(rows, total, int(consenting.get(segment, 1)), place)
    return means


def _mean_over(sums: pd.DataFrame, total: str, shoppers: int, place: pd.Index) -> np.ndarray:
    mean = np.zeros(len(place))
    np.add.at(mean, place.get_indexer(pd.Index(sums["item_id"])), sums[total].to_numpy() / max(shoppers, 1))
    # Spark adds up in no fixed order; the last digits must not decide ranks.
    mean = np.round(mean, 12)
    # A sum of values may be above 1, a mean of chances only by its last digit.
    return mean if total == "counted" else np.minimum(mean, 1.0)


def _largest_relevance(sums: pd.DataFrame, place: pd.Index) -> np.ndarray:
    largest = np.zeros(len(place))
    best = sums.groupby("item_id")["largest"].max()
    largest[place.get_indexer(best.index)] = best.to_numpy()
    return largest
