"""Predicted demand on weekly sales with known answers."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.demand.forecast import POOLED, errors, forecasts, modelled, pooled, with_outcomes
from features.demand.intermittent import MODELS, _forecasters, _rates
from features.demand.pooled import pooled_rate
from features.demand.weekly import WEEKS, weekly_sales

DAY = date(2017, 12, 1)
SALES = "as_of date, item_id string, category string, weeks array<bigint>"


def test_weeks_end_at_the_date(spark: SparkSession) -> None:
    daily = spark.createDataFrame(
        [
            (DAY - timedelta(days=days), "a", lines)
            for days, lines in ((0, 100), (1, 1), (7, 2), (8, 4), (14, 8), (7 * WEEKS, 16), (7 * WEEKS + 1, 32))
        ],
        "day date, item_id string, purchases_count bigint",
    )
    items = spark.createDataFrame([(DAY, "a", "tea"), (DAY, "b", None)], "as_of date, item_id string, category string")
    weeks = {row["item_id"]: row["weeks"] for row in weekly_sales(items, daily, (DAY,)).collect()}
    assert weeks["a"] == [1 + 2, 4 + 8, *[0] * (WEEKS - 3), 16]  # the day itself is not known, the last is too old
    assert weeks["b"] == [0] * WEEKS


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ([0.0] * 26, 0.0),
        ([2.0] * 26, 2.0),
        ([0.0] * 20 + [3.0] * 6, 3.0),  # the weeks before the first sale do not count
    ],
)
def test_constant_sales_are_forecast_exactly(series: list[float], expected: float) -> None:
    rates = dict(zip(MODELS, _rates(_forecasters(), np.array(series)), strict=True))
    biased = {"CrostonSBA": 0.95}  # the bias correction of Syntetos and Boylan: 1 - alpha / 2
    for model, rate in rates.items():
        assert rate == pytest.approx(expected * biased.get(model, 1.0), abs=1e-6), model


def test_every_model_of_intermittent_sales_is_within_their_range() -> None:
    series = np.array([0, 0, 2, 0, 0, 0, 1, 0, 0, 3, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2], dtype=float)
    rates = dict(zip(MODELS, _rates(_forecasters(), series), strict=True))
    assert all(0.1 < rate < 1.5 for rate in rates.values())
    assert rates["Naive"] == 0.5  # 0 0 0 2
    assert rates["WindowAverage"] == pytest.approx(12 / 24)  # from the first sale on


def test_the_pooled_rate_shrinks_items_to_their_category(spark: SparkSession) -> None:
    def item(number: int, category: str | None, lines: int) -> tuple[date, str, str | None, list[int]]:
        return (DAY, f"{category}{number}", category, [0, lines, *[0] * (WEEKS - 2)])

    # 30 teas, half with 4 lines, half without; 30 salts, one with a line; one item without category and lines.
    rows = [item(number, "tea", 4 * (number % 2)) for number in range(30)]
    rows += [item(number, "salt", 1 if number == 0 else 0) for number in range(30)]
    rows.append(item(0, None, 0))
    sales = spark.createDataFrame(rows, SALES)
    rates = {row["item_id"]: row["rate"] for row in pooled_rate(sales, 0, "rate").collect()}
    # Tea: 2 lines in 26 weeks on the mean, E n^2 = 8: m = 1/13, v = (8 - 4 - 2) / 26^2; a = 2, b = 26.
    assert rates["tea1"] == pytest.approx((2 + 4) / (26 + 26))
    assert rates["tea0"] == pytest.approx((2 + 0) / (26 + 26))
    assert 0 < rates["salt1"] < rates["salt0"] < rates["tea0"]
    assert rates["salt1"] < rates["None0"] < rates["tea1"]


def test_intervals_of_forecasts_cover_most_held_out_sales(spark: SparkSession) -> None:
    draw = np.random.default_rng(17)
    rows = [(DAY, f"often{n}", "tea", draw.poisson(2.0, WEEKS).tolist()) for n in range(150)]
    rows += [(DAY, f"rare{n}", "tea", draw.poisson(0.05, WEEKS).tolist()) for n in range(150)]
    rows.append((DAY, "never", None, [0] * WEEKS))
    sales = with_outcomes(spark.createDataFrame(rows, SALES), 8).persist()
    frequent, rare = modelled(sales, sales.count()).persist(), pooled(sales).persist()
    judged = frequent.unionByName(rare)
    figures = {row["model"]: row for row in errors(judged).collect()}
    assert set(figures) == {*MODELS, POOLED, f"{POOLED} Naive", f"{POOLED} WindowAverage"}
    # Poisson counts: no model can have an error below the root of the variance; four weeks are worse than all.
    assert figures["WindowAverage"]["error_28d"] < figures["Naive"]["error_28d"]
    assert 0.8 < figures["WindowAverage"]["error_28d"] < 1.3
    assert figures[POOLED]["error_28d"] < figures[f"{POOLED} Naive"]["error_28d"]
    chosen = forecasts(judged.where(F.col("model").isin("WindowAverage", POOLED))).persist()
    assert chosen.count() == len(rows)
    assert chosen.where("NOT (0 <= low_28d AND low_28d <= mean_28d AND mean_28d <= high_28d)").isEmpty()
    averaged = chosen.where("model = 'WindowAverage'")
    assert averaged.agg(F.mean("mean_28d")).first()[0] == pytest.approx(8.0, rel=0.1)
    covered = averaged.agg(F.mean(F.col("covered_28d").cast("double"))).first()[0]
    assert 0.65 < covered < 0.95  # 80 % in the long run, here of 150
    for frame in (sales, frequent, rare, chosen):
        frame.unpersist()
