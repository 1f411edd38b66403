"""Weights and responses of shown pairs, by hand."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from pyspark.sql import SparkSession

from features.exposure_responses import exposure_responses

NOVEMBER, DECEMBER = date(2024, 11, 1), date(2024, 12, 1)
COLUMNS = (
    "event_id string, user_id string, item_id string, event_type string, event_time timestamp, event_date date, "
    "propensity double, sample_weight double"
)

#  user item  type        day  propensity  weight
LOG = [
    ("u1", "a", "exposure", 2, 0.5, 1.0),  # counts 2, no response: the purchase comes after the next exposure
    ("u1", "a", "exposure", 4, 0.25, 1.0),  # counts 4, with a response
    ("u1", "a", "purchase", 5, None, 1.0),
    ("u1", "b", "exposure", 2, 0.01, 1.0),  # counts 10, the largest weight
    ("u1", "b", "purchase", 9, None, 1.0),  # a week later is too late
    ("u2", "a", "exposure", 3, 1.0, 3.0),  # represents three
    ("u2", "a", "purchase", 2, None, 1.0),  # before it was shown
    ("u2", "b", "exposure", 3, None, 1.0),  # unknown propensity
    ("u2", "b", "purchase", 4, None, 1.0),
    ("u2", "c", "exposure", 24, 1.0, 1.0),  # its week does not end in November
    ("u2", "c", "purchase", 25, None, 1.0),
    ("u3", "a", "purchase", 5, None, 1.0),  # never shown
    ("u2", "a", "view", 4, None, 1.0),
]


@pytest.mark.parametrize(
    ("largest_weight", "response", "expected"),
    [
        (10.0, "purchase", {("u1", "a"): (6.0, 4 / 6), ("u1", "b"): (10.0, 0.0), ("u2", "a"): (3.0, 0.0)}),
        (
            1.0, "purchase",  # no correction: each exposure counts once, also one without propensity
            {("u1", "a"): (2.0, 0.5), ("u1", "b"): (1.0, 0.0), ("u2", "a"): (3.0, 0.0), ("u2", "b"): (1.0, 1.0)},
        ),
        (10.0, "view", {("u1", "a"): (6.0, 0.0), ("u1", "b"): (10.0, 0.0), ("u2", "a"): (3.0, 1.0)}),
    ],
)  # fmt: skip
def test_weights_and_responses_of_shown_pairs(
    spark: SparkSession, largest_weight: float, response: str, expected: dict[tuple[str, str], tuple[float, float]]
) -> None:
    rows = [
        (str(n), user, item, kind, datetime(2024, 11, day), date(2024, 11, day), propensity, weight)
        for n, (user, item, kind, day, propensity, weight) in enumerate(LOG)
    ]
    log = spark.createDataFrame(rows, COLUMNS)
    pairs = exposure_responses(log, NOVEMBER, DECEMBER, 7, largest_weight, response).collect()
    by_pair = {(row.user_id, row.item_id): (row.weight, row.response_share) for row in pairs}
    assert by_pair == {pair: pytest.approx(values) for pair, values in expected.items()}
