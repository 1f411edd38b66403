"""Coverage, shares, inequality, novelty, providers and items never shown, counted by hand."""

from __future__ import annotations

from math import log, log2

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.health.figures import Figure
from features.health.planned_items import of_items
from features.health.providers import provider_health
from features.health.spread import inequality, purchase_shares, spread_health

COLUMNS = [
    "item_id", "segment", "provider_id", "price", "popularity", "allocated", "merit", "was_given", "entries",
    "relevance_sum", "responses",
]  # fmt: skip
ITEMS = pd.DataFrame(
    [
        ("a", "tail", "P", 10.0, 7, 3.0, 0.2, True, 3, 0.6, 0.5),
        ("b", "tail", "P", 1.0, 3, 0.0, 0.2, True, 0, 0.0, 0.0),
        ("c", "cold", "Q", 2.0, 0, 1.0, 0.5, False, 2, 0.3, 0.1),
        ("d", "cold", None, 1.0, 0, 0.0, 0.1, False, 0, 0.0, 0.0),
    ],
    columns=COLUMNS,
)


def by_name(figures: list[Figure]) -> dict[tuple[str, str], float]:
    return {(name, segment): value for name, segment, value in figures}


def test_the_row_of_an_item_comes_from_six_tables(spark: SparkSession) -> None:
    planned = spark.createDataFrame(
        [("a", "tail", 2.0), ("b", "cold", 0.0)], "item_id string, segment string, allocated double"
    )
    features = spark.createDataFrame(
        [("a", "P", 0.0, 4.0), ("b", "", 3.0, 9.0), ("head", "P", 1.0, 1.0)],
        "item_id string, provider_id string, list_price double, price_mean_90d double",
    )
    scored = spark.createDataFrame([("a", 0.25), ("a", 0.5)], "item_id string, relevance double")
    listed = spark.createDataFrame(
        [("a", 2, 0.75, 0.5)], "item_id string, entries long, relevance_sum double, responses double"
    )
    earlier = spark.createDataFrame([("b", 1.0), ("b", 2.0), ("a", 0.0)], "item_id string, allocated double")
    counts = spark.createDataFrame([("a", 5), ("head", 99)], "item_id string, popularity long")
    rows = of_items(planned, features, scored, listed, earlier, counts).select(*COLUMNS).orderBy("item_id").collect()
    assert list(map(tuple, rows)) == [
        ("a", "tail", "P", 4.0, 5, 2.0, 0.75, False, 2, 0.75, 0.5),
        ("b", "cold", None, 3.0, 0, 0.0, 0.0, True, 0, 0.0, 0.0),
    ]


def test_spread_by_segment() -> None:
    figures = by_name(spread_health(ITEMS))
    # responses plus one: 8, 4, 1, 1 of 14
    assert {name: value for (name, segment), value in figures.items() if segment == "tail"} == pytest.approx(
        {
            "items_eligible_count": 2, "exposure_allocated_sum": 3, "exposure_share": 0.75, "coverage_share": 0.5,
            "items_shown_count": 1, "entries_count": 3, "relevance_mean": 0.2, "responses_expected_sum": 0.5,
            "revenue_expected_sum": 5.0, "never_given_28d_count": 0, "novelty_mean": -log2(8 / 14),
        }
    )  # fmt: skip
    assert figures["never_given_28d_count", "cold"] == 1  # d: c has exposure tonight
    assert figures["novelty_mean", "all"] == pytest.approx((3 * -log2(8 / 14) + 1 * log2(14)) / 4)
    assert figures["coverage_share", "all"] == 0.5
    # p = 3/4, 1/4 of four items
    assert figures["exposure_entropy_share", "all"] == pytest.approx(-(0.75 * log(0.75) + 0.25 * log(0.25)) / log(4))


def test_without_exposure_there_is_no_share() -> None:
    figures = by_name(spread_health(ITEMS.assign(allocated=0.0, entries=0)))
    assert figures["coverage_share", "all"] == 0.0
    absent = {"exposure_share", "novelty_mean", "exposure_gini", "exposure_entropy_share", "relevance_mean"}
    assert not absent & {name for name, _ in figures}


@pytest.mark.parametrize(
    ("allocated", "gini", "entropy"),
    [
        ([2.0, 2.0, 2.0, 2.0], 0.0, 1.0),  # even; ties
        ([0.0, 5.0, 0.0, 0.0], 0.75, 0.0),  # one has all: (n - 1) / n
        ([3.0, 0.0, 1.0], 2 * (2 * 1 + 3 * 3) / (3 * 4) - 4 / 3, -(0.75 * log(0.75) + 0.25 * log(0.25)) / log(3)),
        ([0.0, 0.0], None, None),  # nothing was allocated
        ([4.0], 0.0, None),
        ([], None, None),
    ],
)
def test_inequality(allocated: list[float], gini: float | None, entropy: float | None) -> None:
    figures = by_name(inequality(np.array(allocated), "x_gini", "x_entropy_share"))
    expected = {("x_gini", "all"): gini, ("x_entropy_share", "all"): entropy}
    assert figures == pytest.approx({name: value for name, value in expected.items() if value is not None}, abs=1e-12)


def test_shares_of_purchases_count_every_item_with_a_segment(spark: SparkSession) -> None:
    rows = [("head", 6, 60), ("tail", 2, 30), ("tail", 0, 10), ("", 5, 5)]
    schema = "segment string, purchases_count_7d long, purchases_count_28d long"
    figures = by_name(purchase_shares(spark.createDataFrame(rows, schema)))
    assert figures == pytest.approx(
        {
            ("purchases_7d_share", "head"): 6 / 8, ("purchases_7d_share", "tail"): 2 / 8,
            ("purchases_28d_share", "head"): 0.6, ("purchases_28d_share", "tail"): 0.4,
        }
    )  # fmt: skip
    assert purchase_shares(spark.createDataFrame([("head", 0, 0)], schema)) == []


def test_providers_against_their_merit() -> None:
    figures = by_name(provider_health(ITEMS))
    # exposure 3 : 1, merit .4 : .5; half of |3/4 - 4/9| + |1/4 - 5/9|
    assert figures["provider_disparity", "all"] == pytest.approx(3 / 4 - 4 / 9)
    assert figures["providers_count", "all"] == 2
    assert figures["providers_shown_share", "all"] == 1.0
    assert figures["provider_gini", "all"] == pytest.approx(2 * (1 + 2 * 3) / (2 * 4) - 3 / 2)
    assert provider_health(ITEMS.iloc[3:]) == []
    assert "provider_disparity" not in {name for name, _, _ in provider_health(ITEMS.assign(merit=0.0))}
