"""Demand forecasts of dates: fitted if none is recent enough, stored in demand_forecast, with errors in metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import DAILY_ITEM, DEMAND_FORECAST, ITEMS, METRICS
from features.contract.metrics import DEMAND
from features.demand.forecast import POOLED, errors, forecasts, modelled, pooled, with_outcomes
from features.demand.intermittent import MODELS
from features.demand.weekly import weekly_sales
from features.point_in_time import versions_at
from jobs.execution.night import Night
from jobs.runtime.logs import event
from jobs.tables.sql import sql_in, sql_literal, sql_starts_with

_FEWEST_COMPARED = 30  # items; an error over fewer is no basis for a choice
UNCOMPARED = "CrostonSBA"  # the model of a date with fewer
_CHOSEN = "as_of date, model string"
Figure = tuple[Any, str, str, float]
Keep = Callable[[], None]


def demand_at(night: Night, dates: Sequence[date]) -> tuple[DataFrame, Keep]:
    """as_of, item_id and the forecasts of the newest fit within `demand.refit_days` before each date.

    A date without such a fit is fitted on the events before it. Also returns a function that writes the errors of the
    new fits to `metrics`; the caller calls it, but need not wait for it.
    """
    fitted = night.tables.read_or_empty(DEMAND_FORECAST).select("as_of").distinct().collect()
    fits = {row["as_of"] for row in fitted}
    of_date: dict[date, date] = {}
    for day in dates:
        recent = [fit for fit in fits if day - timedelta(days=night.conf.demand.refit_days) < fit <= day]
        of_date[day] = max(recent, default=day)
    missing = sorted({fit for day, fit in of_date.items() if fit not in fits})
    keep = _fit(night, missing) if missing else _nothing
    rows = night.tables.read(DEMAND_FORECAST).withColumnRenamed("as_of", "fitted_at")
    pairs = " UNION ALL ".join(
        f"SELECT {sql_literal(day)} AS as_of, {sql_literal(fit)} AS fitted_at" for day, fit in sorted(of_date.items())
    )
    return rows.join(F.broadcast(night.spark.sql(pairs)), on="fitted_at", how="inner"), keep


def _nothing() -> None:
    """Writes no errors: nothing was fitted."""


def _fit(night: Night, dates: Sequence[date]) -> Keep:
    items = versions_at(night.tables.read(ITEMS), dates, "item_id").select("as_of", "item_id", "category")
    sales = with_outcomes(
        weekly_sales(items, night.tables.read(DAILY_ITEM), dates), night.conf.demand.least_weeks
    ).persist()
    # A fit takes microseconds, loading the library seconds: so all models of all items in one pass.
    candidates = modelled(sales, sales.count() // len(dates)).unionByName(pooled(sales)).persist()
    figures = errors(candidates).toPandas()
    best = dict.fromkeys(dates, UNCOMPARED) | _best(figures)
    models = night.spark.createDataFrame([(day, model) for day in dates for model in (best[day], POOLED)], _CHOSEN)
    chosen = forecasts(candidates.join(F.broadcast(models), on=["as_of", "model"], how="inner")).persist()
    where = sql_in("as_of", dates)
    night.tables.replace(chosen, DEMAND_FORECAST, where)
    for day, model in best.items():
        event("demand fitted", step="build_features", as_of=day, model=model)

    def keep() -> None:
        _keep(night, _figures(figures, chosen, best), where)
        for frame in (sales, candidates, chosen):
            frame.unpersist()

    return keep


def _best(figures: pd.DataFrame) -> dict[date, str]:
    """By date: the model with the smallest error, if enough items have a model; ties by name."""
    compared = figures[figures["model"].isin(MODELS) & (figures["items"] >= _FEWEST_COMPARED)]
    best = compared.sort_values(["as_of", "error_28d", "model"]).drop_duplicates("as_of")
    return dict(zip(best["as_of"], best["model"], strict=True))


def _figures(held_out: pd.DataFrame, chosen: DataFrame, best: dict[Any, str]) -> list[Figure]:
    """as_of, name, model, value: errors of every model, and the share of held-out weeks within the interval."""
    names = ("items", "error_7d", "error_28d", "mae_28d", "bias_28d")
    rows = [
        (row["as_of"], f"{DEMAND}{name}", row["model"], float(row[name]))
        for row in held_out.to_dict("records")
        for name in names
    ]
    covered = chosen.groupBy("as_of", "is_pooled").agg(F.mean(F.col("covered_28d").cast("double")).alias("share"))
    for row in covered.collect():
        model = POOLED if row["is_pooled"] else best[row["as_of"]]
        rows.append((row["as_of"], f"{DEMAND}coverage_28d", model, row["share"]))
    return rows


def _keep(night: Night, figures: list[Figure], where: str) -> None:
    versions = {DEMAND_FORECAST.name: night.tables.outputs[DEMAND_FORECAST.name]}
    frame = night.spark.createDataFrame([(*row, versions) for row in figures], METRICS.schema).coalesce(1)
    night.tables.replace(frame, METRICS, f"{where} AND {sql_starts_with('name', DEMAND)}")
