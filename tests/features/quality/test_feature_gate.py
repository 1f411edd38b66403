"""The figures of features on a few rows, and those that exceed a bar."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, DoubleType, LongType, StringType

from features.declarations.feature import Feature, Group
from features.quality.feature_gate import Bar, Violation, violations, with_rises
from features.quality.feature_profile import population_stability_index, profiles, sampled

GROUP = Group("item", "items", "demand")
COUNT = GROUP.attribute("count", LongType(), 0, "m")
SHARE = GROUP.attribute("some_share_28d", DoubleType(), 0.5, "m")
NAME = GROUP.attribute("name", StringType(), "", "m")
WORDS = GROUP.attribute("words", ArrayType(StringType()), (), "m")
DAY, BEFORE = date(2024, 3, 2), date(2024, 3, 1)
FEATURES: tuple[Feature, ...] = (COUNT, SHARE, NAME, WORDS)


def test_shares_of_a_night(spark: SparkSession) -> None:
    rows = [
        (DAY, 0, 0.5, "", []),
        (DAY, 5, 1.5, "x", ["x"]),  # a share above one
        (DAY, 7, float("nan"), None, ["y"]),
        (DAY, -1, 0.25, "", []),  # a negative count
        (BEFORE, 1, 0.5, "", []),
    ]
    frame = spark.createDataFrame(
        rows, "as_of date, count long, some_share_28d double, name string, words array<string>"
    )
    by_date = profiles(frame, FEATURES)
    assert by_date[DAY] == (
        4,
        {
            "count": {"null_share": 0.0, "default_share": 0.25, "out_of_range_share": 0.25},
            "some_share_28d": {"null_share": 0.25, "default_share": 0.25, "out_of_range_share": 0.25},
            "name": {"null_share": 0.25, "default_share": 0.5},
            "words": {"null_share": 0.0, "default_share": 0.5},
        },
    )
    assert by_date[BEFORE][0] == 1
    assert by_date[BEFORE][1]["words"] == {"null_share": 0.0, "default_share": 1.0}
    assert profiles(frame.limit(0), (COUNT,)) == {}


def test_the_sample_is_of_the_same_entities(spark: SparkSession) -> None:
    def frame(factor: int):  # type: ignore[no-untyped-def]
        return spark.range(2000).selectExpr(
            "DATE'2024-03-01' AS as_of",
            "string(id) AS item_id",
            f"id * {factor} AS count",
            "0.1D AS some_share_28d",
            "'' AS name",
        )

    single, double = ([row["count"] for row in sampled(frame(k), "item_id", FEATURES, 0.1).collect()] for k in (1, 2))
    assert 120 < len(single) < 280
    assert sorted(double) == sorted(2 * value for value in single)


@pytest.mark.parametrize(
    ("reference", "current", "expected"),
    [
        ([0, 0, 1, 1], [0, 1, 0, 1], 0.0),
        # Half the defaults become ones: shares (.5, .5) and (.25, .75).
        ([0, 0, 1, 1], [0, 1, 1, 1], 0.25 * np.log(2) + 0.25 * np.log(1.5)),
        # No default is left: an empty bin counts as half a row.
        ([0, 0, 1, 1], [1, 1, 1, 1], (0.5 - 0.125) * np.log(4) + 0.5 * np.log(2)),
        # A constant that becomes another one.
        ([1, 1, 1, 1], [2, 2, 2, 2], 2 * (1 - 0.125) * np.log(8)),
        ([], [1.0], 0.0),
    ],
)
def test_population_stability_index(reference: list[float], current: list[float], expected: float) -> None:
    index = population_stability_index(np.array(reference, dtype=float), np.array(current, dtype=float), 0.0)
    assert index == pytest.approx(expected)


def test_a_shift_by_one_standard_deviation_is_drift() -> None:
    draw = np.random.default_rng(17)
    before, now = draw.normal(size=5000), draw.normal(size=5000)
    assert population_stability_index(before, now, 9999.0) < 0.02
    assert population_stability_index(before, now + 1, 9999.0) > 0.5


def test_figures_that_exceed_their_bars_are_named() -> None:
    figures = with_rises(
        {"a": {"default_share": 0.9, "drift": 0.3}, "b": {"default_share": 0.5}, "new": {"default_share": 1.0}},
        {"a": {"default_share": 0.3}, "b": {"default_share": 0.4}},
    )
    bars = {"default_rise": Bar(0.2, stops=True), "drift": Bar(0.25, stops=False)}
    exceeded = violations("item_features", figures, bars, {})
    assert [str(violation) for violation in exceeded] == [
        "item_features.a: default_rise is 0.6, the bar is 0.2",
        "item_features.a: drift is 0.3, the bar is 0.25",
    ]
    assert [violation.bar.stops for violation in exceeded] == [True, False]
    excepted = violations("item_features", figures, bars, {"a": {"default_rise": 0.7}})
    assert [violation.figure for violation in excepted] == ["drift"]
    assert isinstance(excepted[0], Violation)
