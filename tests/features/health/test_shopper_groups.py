"""Groups of shoppers by their attributes: none is too small, and each is compared with all."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import SparkSession

from features.contract.metrics import GROUP_MEASURES
from features.health.shopper_groups import segment_of, shopper_figures

LEAST = 10
_SCHEMA = "attributes map<string, string>, " + ", ".join(f"{name} double" for name in GROUP_MEASURES)


def figures_of(
    spark: SparkSession, countries: list[str | None], relevances: list[float | None]
) -> dict[tuple[str, str], float]:
    rows = [
        ({"country": country} if country is not None else {}, float(relevance is not None), relevance, 0.5, 0.0, 1.0)
        for country, relevance in zip(countries, relevances, strict=True)
    ]
    figures = shopper_figures(spark.createDataFrame(rows, _SCHEMA), ["country"], LEAST)
    return {(name.removeprefix("shopper_group_"), segment): value for name, segment, value in figures}


def test_a_group_is_compared_with_all_shoppers(spark: SparkSession) -> None:
    german, other = np.linspace(0.1, 0.3, 12), np.linspace(0.3, 0.4, 14)
    countries = ["DE"] * 12 + [" FR "] * 9 + [None] * 3 + [""] * 2
    figures = figures_of(spark, countries, [*german.tolist(), *other.tolist()])
    counts = {segment: value for (name, segment), value in figures.items() if name == "count"}
    assert counts == {"all": 26.0, "country=DE": 12.0, segment_of("country", None): 14.0}
    assert figures["relevance_mean", "all"] == pytest.approx((german.sum() + other.sum()) / 26)
    assert figures["relevance_mean", "country=DE"] == pytest.approx(german.mean())
    deviation = np.sqrt(german.var(ddof=1) / 12 + other.var(ddof=1) / 14)
    assert figures["relevance_mean_margin", "country=DE"] == pytest.approx(1.959964 * 14 / 26 * deviation)


def test_the_smallest_group_joins_rarer_values_that_are_too_few(spark: SparkSession) -> None:
    figures = figures_of(spark, ["DE"] * 12 + ["FR"] * 11 + ["AT"] * 2, [0.2] * 25)
    counts = {segment: value for (name, segment), value in figures.items() if name == "count"}
    assert counts == {"all": 25.0, "country=DE": 12.0, segment_of("country", None): 13.0}


def test_a_figure_of_few_shoppers_is_left_out(spark: SparkSession) -> None:
    figures = figures_of(spark, ["DE"] * 12 + ["FR"] * 12, [0.2] * 21 + [None] * 3)
    assert figures["listed_share", "country=FR"] == pytest.approx(0.75)
    assert ("relevance_mean", "country=FR") not in figures
    assert figures["relevance_mean", "country=DE"] == pytest.approx(0.2)
    assert figures_of(spark, ["DE"] * 9, [0.2] * 9) == {}
