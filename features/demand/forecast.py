"""Forecasts of all items with intervals, and their errors on held-out weeks."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.contract import DEMAND_FORECAST
from features.demand.intermittent import fitted, sells_enough
from features.demand.pooled import pooled_rate
from features.demand.weekly import HELD_OUT_WEEKS, TRAINING_WEEKS

POOLED = "pooled"
LOW, HIGH = 0.1, 0.9  # the interval holds 80 %
_OUTCOMES = ("actual_7d", "actual_28d", "usual", "is_pooled")
_HORIZONS = {"7d": 1, "28d": HELD_OUT_WEEKS}


def with_outcomes(sales: DataFrame, least_weeks: int) -> DataFrame:
    """`weekly_sales` with the sales of the held-out weeks, and is_pooled: whether an item sells too rarely for a model.

    Adds actual_7d, actual_28d, usual (training sales in 4 weeks on average) and is_pooled: fewer than `least_weeks` of
    the training weeks before the held-out ones, or of the newest training weeks, have a sale.
    """
    weeks = F.col("weeks")
    enough = sells_enough(weeks, HELD_OUT_WEEKS, least_weeks) & sells_enough(weeks, 0, least_weeks)
    return sales.select(
        "*",
        F.element_at("weeks", HELD_OUT_WEEKS).alias("actual_7d"),
        _lines(0, HELD_OUT_WEEKS).alias("actual_28d"),
        (_lines(HELD_OUT_WEEKS, TRAINING_WEEKS) * HELD_OUT_WEEKS / TRAINING_WEEKS).alias("usual"),
        (~enough).alias("is_pooled"),
    )


def modelled(sales: DataFrame, items: int) -> DataFrame:
    """Held-out and final forecasts of all MODELS for the items that sell enough.

    Columns: as_of, item_id, model, held, final, actual_7d, actual_28d, usual, is_pooled.

    sales: as returned by `with_outcomes`
    items: of a date, about
    """
    frequent = sales.where(~F.col("is_pooled"))
    return fitted(frequent, items).join(
        frequent.select("as_of", "item_id", *_OUTCOMES), on=["as_of", "item_id"], how="inner"
    )


def pooled(sales: DataFrame) -> DataFrame:
    """As `modelled`, for the items that sell rarely: the pooled estimate, and two simple means to compare it with."""
    rare = sales.where("is_pooled")
    estimated = pooled_rate(pooled_rate(rare, HELD_OUT_WEEKS, "held"), 0, "final")

    def mean_of(weeks: int) -> tuple[Column, Column]:
        return _lines(HELD_OUT_WEEKS, weeks) / weeks, _lines(0, weeks) / weeks

    estimates = {
        POOLED: (F.col("held"), F.col("final")),
        f"{POOLED} Naive": mean_of(HELD_OUT_WEEKS),
        f"{POOLED} WindowAverage": mean_of(TRAINING_WEEKS),
    }
    each = F.array(
        *(
            F.struct(F.lit(model).alias("model"), held.alias("held"), final.alias("final"))
            for model, (held, final) in estimates.items()
        )
    )
    return estimated.select("as_of", "item_id", *_OUTCOMES, F.explode(each).alias("estimate")).select(
        "as_of", "item_id", "estimate.model", "estimate.held", "estimate.final", *_OUTCOMES
    )


def errors(judged: DataFrame) -> DataFrame:
    """as_of, model, items, error_7d, error_28d, mae_28d, bias_28d over the held-out weeks.

    error is the root of the mean of (forecast - actual)^2 / (1 + usual): a squared error relative to the variance of
    counts of this size, so that neither best sellers nor zeros dominate. mae and bias are in purchase lines.
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


def forecasts(chosen: DataFrame) -> DataFrame:
    """The columns of demand_forecast, is_pooled, and covered_28d: whether the interval covers the held-out sales.

    Intervals are conformal: quantiles of (actual - forecast) / sqrt(1 + forecast) over the held-out weeks of all items
    of the date, separately for modelled and pooled ones (Vovk, Gammerman and Shafer 2005). For covered_28d they come
    from the other half of the items.

    chosen: rows as returned by `modelled`, one for each item and date
    """
    halved = chosen.withColumn("half", F.pmod(F.xxhash64("item_id"), F.lit(2)))
    scaled = halved.withColumns(
        {
            # Rounded, so that the exact quantile needs little memory and is independent of the last digits.
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
    joined = scaled.join(F.broadcast(of_all), on=["as_of", "is_pooled"], how="inner").join(
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
    return joined.withColumns(columns).select(*DEMAND_FORECAST.column_names, "is_pooled", "covered_28d")


def _held(weeks: int) -> Column:
    return F.col("held") * weeks


def _end(forecast: Column, ends: str, place: int) -> Column:
    return F.greatest(forecast + F.col(ends)[place] * F.sqrt(1 + forecast), F.lit(0.0))


def _lines(newest: int, weeks: int) -> Column:
    return F.aggregate(F.slice("weeks", newest + 1, weeks), F.lit(0).cast("long"), lambda total, week: total + week)
