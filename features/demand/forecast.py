"""Forecasts of all items with intervals, and how they did on held-out weeks."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import DEMAND_FORECAST
from features.demand.intermittent import MODELS, fitted, sells_enough
from features.demand.pooled import pooled_rate
from features.demand.weekly import HELD_OUT_WEEKS, TRAINING_WEEKS

POOLED = "pooled"
LOW, HIGH = 0.1, 0.9  # the interval holds 80 %
_HORIZONS = {"7d": 1, "28d": HELD_OUT_WEEKS}


def candidates(sales: DataFrame, least_weeks: int) -> DataFrame:
    """One row for each item, date and model: held and final rates a week, and what the held-out weeks brought.

    sales: of `weekly_sales`. Items with a sale in `least_weeks` of the training weeks before the held-out ones have
    all MODELS, the others the pooled estimate and those to be compared with it (mean and naive).
    Columns: as_of, item_id, model, is_pooled, held, final, actual_7d, actual_28d, usual (the mean of 4 training weeks).
    """
    weeks = F.col("weeks")
    enough = sells_enough(weeks, HELD_OUT_WEEKS, least_weeks) & sells_enough(weeks, 0, least_weeks)
    told = sales.withColumns(
        {
            "actual_7d": F.element_at("weeks", HELD_OUT_WEEKS),
            "actual_28d": _lines(0, HELD_OUT_WEEKS),
            "usual": _lines(HELD_OUT_WEEKS, TRAINING_WEEKS) * HELD_OUT_WEEKS / TRAINING_WEEKS,
        }
    )
    outcomes = ["actual_7d", "actual_28d", "usual"]
    many, few = told.where(enough), told.where(~enough)
    each = F.arrays_zip(F.array(*map(F.lit, MODELS)).alias("model"), "held", "final")
    modelled = (
        fitted(many)
        .select("as_of", "item_id", F.explode(each).alias("one"))
        .select("as_of", "item_id", F.col("one.model").alias("model"), "one.held", "one.final")
        .join(many.select("as_of", "item_id", *outcomes), on=["as_of", "item_id"], how="inner")
        .withColumn("is_pooled", F.lit(False))
    )
    estimated = pooled_rate(pooled_rate(few, HELD_OUT_WEEKS, "held"), 0, "final")
    compared = F.array(
        F.struct(F.lit(POOLED).alias("model"), F.col("held"), F.col("final")),
        F.struct(
            F.lit(f"{POOLED} Naive").alias("model"),
            (_lines(HELD_OUT_WEEKS, HELD_OUT_WEEKS) / HELD_OUT_WEEKS).alias("held"),
            (_lines(0, HELD_OUT_WEEKS) / HELD_OUT_WEEKS).alias("final"),
        ),
        F.struct(
            F.lit(f"{POOLED} WindowAverage").alias("model"),
            (_lines(HELD_OUT_WEEKS, TRAINING_WEEKS) / TRAINING_WEEKS).alias("held"),
            (_lines(0, TRAINING_WEEKS) / TRAINING_WEEKS).alias("final"),
        ),
    )
    pooled = (
        estimated.select(
            "as_of", "item_id", *outcomes, F.explode(compared).alias("one"), F.lit(True).alias("is_pooled")
        )
        .select("*", "one.*")
        .drop("one")
    )
    columns = ["as_of", "item_id", "model", "is_pooled", "held", "final", *outcomes]
    return modelled.select(*columns).unionByName(pooled.select(*columns))


def errors(judged: DataFrame) -> DataFrame:
    """as_of, model, items, error_7d, error_28d, mae_28d, bias_28d over the held-out weeks of `candidates`.

    error is the root of the mean of (forecast - actual)^2 / (1 + usual): a squared error in units of the variance that
    counts of this size have, so that neither best sellers nor zeros decide alone. mae and bias are in purchase lines.
    """
    off = {name: F.col("held") * weeks - F.col(f"actual_{name}") for name, weeks in _HORIZONS.items()}
    return judged.groupBy("as_of", "model").agg(
        F.count(F.lit(1)).alias("items"),
        *(
            F.sqrt(F.mean(off[name] * off[name] / (1 + F.col("usual") * weeks / HELD_OUT_WEEKS))).alias(f"error_{name}")
            for name, weeks in _HORIZONS.items()
        ),
        F.mean(F.abs(off["28d"])).alias("mae_28d"),
        F.mean(off["28d"]).alias("bias_28d"),
    )


def forecasts(judged: DataFrame, best: DataFrame) -> DataFrame:
    """The columns of demand_forecast, and covered_28d: whether the interval would have held what came.

    judged: of `candidates`; best: as_of, model, the models to be taken. Intervals are conformal: quantiles of
    (actual - forecast) / sqrt(1 + forecast) over the held-out weeks of all items of the date, apart for modelled and
    pooled ones (Vovk, Gammerman and Shafer 2005). For covered_28d they come from the other half of the items.
    """
    taken = judged.join(F.broadcast(best), on=["as_of", "model"], how="left_semi").withColumn(
        "half", F.pmod(F.xxhash64("item_id"), F.lit(2))
    )
    scaled = taken.withColumns(
        {
            # Rounded, so that the exact quantile needs little memory and does not depend on the last digit.
            f"off_{name}": F.round((F.col(f"actual_{name}") - _held(weeks)) / F.sqrt(1 + _held(weeks)), 2)
            for name, weeks in _HORIZONS.items()
        }
    )
    ends = F.array(F.lit(LOW), F.lit(HIGH))
    of_all = scaled.groupBy("as_of", "is_pooled").agg(
        *(F.percentile(f"off_{name}", ends).alias(f"ends_{name}") for name in _HORIZONS)
    )
    of_other = scaled.groupBy("as_of", "is_pooled", (1 - F.col("half")).alias("half")).agg(
        F.percentile("off_28d", ends).alias("other_28d")
    )
    whole = scaled.join(F.broadcast(of_all), on=["as_of", "is_pooled"], how="inner").join(
        F.broadcast(of_other), on=["as_of", "is_pooled", "half"], how="left"
    )
    held = _held(HELD_OUT_WEEKS)
    covered = F.col("actual_28d").between(_end(held, "other_28d", 0), _end(held, "other_28d", 1))
    columns = {"covered_28d": covered}
    for name, weeks in _HORIZONS.items():
        mean = F.col("final") * weeks
        columns[f"mean_{name}"] = mean
        columns[f"low_{name}"] = F.least(_end(mean, f"ends_{name}", 0), mean)
        columns[f"high_{name}"] = F.greatest(_end(mean, f"ends_{name}", 1), mean)
    return whole.withColumns(columns).select(*DEMAND_FORECAST.column_names, "is_pooled", "covered_28d")


def _held(weeks: int) -> Column:
    return F.col("held") * weeks


def _end(forecast: Column, ends: str, place: int) -> Column:
    return F.greatest(forecast + F.col(ends)[place] * F.sqrt(1 + forecast), F.lit(0.0))


def _lines(newest: int, weeks: int) -> Column:
    return F.aggregate(F.slice("weeks", newest + 1, weeks), F.lit(0).cast("long"), lambda total, week: total + week)
