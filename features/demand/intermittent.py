"""Models of intermittent demand from statsforecast, fitted to weekly sales a group of items at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.demand.weekly import HELD_OUT_WEEKS, TRAINING_WEEKS

# All forecast a flat weekly rate. Naive and the window average are baselines.
MODELS = ("CrostonClassic", "CrostonSBA", "TSB", "ADIDA", "IMAPA", "SES", "WindowAverage", "Naive")
Forecaster = Callable[[np.ndarray], float]

# Groups of items of a date are fitted by tasks of their own; one group fits into the memory of a worker.
_FEWEST_GROUPS, _ITEMS_A_GROUP = 16, 5_000
_FITTED = "as_of date, item_id string, model string, held double, final double"


def fitted(sales: DataFrame, items: int) -> DataFrame:
    """as_of, item_id, model, held and final: purchase lines a week, one row for each of MODELS of an item.

    `held` is forecast from the training weeks before the newest HELD_OUT_WEEKS, which it is evaluated on; `final` from
    the newest training weeks.

    sales: as_of, item_id, weeks of `weekly_sales`
    items: of a date, about; each is fitted alone, so that their number changes no forecast
    """
    groups = max(_FEWEST_GROUPS, -(-items // _ITEMS_A_GROUP))
    part = F.pmod(F.xxhash64("item_id"), F.lit(groups)).alias("part")
    return sales.select("as_of", "item_id", "weeks", part).groupBy("as_of", "part").applyInPandas(_fit_group, _FITTED)


def sells_enough(weeks: Column, newest: int, at_least: int) -> Column:
    """Whether at least `at_least` of the training weeks from week `newest` on have a sale."""
    return F.size(F.filter(F.slice(weeks, newest + 1, TRAINING_WEEKS), lambda week: week > 0)) >= at_least


def _fit_group(group: pd.DataFrame) -> pd.DataFrame:
    forecasters = _forecasters()
    series = np.array(group["weeks"].tolist(), dtype=np.float64)[:, ::-1]  # oldest first
    return pd.DataFrame(
        {
            "as_of": np.repeat(group["as_of"].to_numpy(), len(MODELS)),
            "item_id": np.repeat(group["item_id"].to_numpy(), len(MODELS)),
            "model": list(MODELS) * len(group),
            "held": np.ravel([_rates(forecasters, weeks[:-HELD_OUT_WEEKS]) for weeks in series]),
            "final": np.ravel([_rates(forecasters, weeks[HELD_OUT_WEEKS:]) for weeks in series]),
        }
    )


def _rates(forecasters: list[Forecaster], series: np.ndarray) -> list[float]:
    sold = np.flatnonzero(series)
    if not len(sold):
        return [0.0] * len(forecasters)
    # The weeks before the first sale follow from the item's launch, not from its demand.
    return [max(0.0, forecaster(series[sold[0] :])) for forecaster in forecasters]


def _forecasters() -> list[Forecaster]:
    """In the order of MODELS."""
    from statsforecast import models

    def rate_of(model: Any) -> Forecaster:
        return lambda series: float(model.forecast(y=series, h=1)["mean"][0])

    def mean_of(weeks: int) -> Forecaster:
        return lambda series: float(series[-weeks:].mean())

    return [
        rate_of(models.CrostonClassic()),
        rate_of(models.CrostonSBA()),  # Syntetos and Boylan 2005
        rate_of(models.TSB(alpha_d=0.1, alpha_p=0.1)),  # Teunter, Syntetos and Babai 2011
        rate_of(models.ADIDA()),  # Nikolopoulos et al. 2011
        rate_of(models.IMAPA()),  # Petropoulos and Kourentzes 2015
        rate_of(models.SimpleExponentialSmoothing(alpha=0.1)),
        mean_of(TRAINING_WEEKS),
        mean_of(HELD_OUT_WEEKS),
    ]
