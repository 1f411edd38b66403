"""The exposure that a response is attributed to."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.evaluation.responses import with_responses

#     request user  item  day of December, hour
SHOWN = [
    ("r1", "ann", "tea", "1 08"),
    ("r1", "ann", "jam", "1 08"),
    ("r1", "ann", "jam", "1 08"),  # logged twice: both have the response
    ("r2", "ann", "tea", "2 08"),
    ("r3", "bob", "tea", "2 08"),
    (None, "cat", "tea", "2 08"),
]
#     id    user  item  time    request weight
RESPONSES = [
    ("a", "ann", "tea", "2 09", None, 1.0),  # the newest before it: r2
    ("b", "ann", "tea", "3 09", "r1", 1.0),  # the request that it names
    ("c", "ann", "jam", "9 07", None, 2.0),  # not yet 8 days old
    ("d", "ann", "jam", "9 09", None, 1.0),  # older
    ("e", "bob", "tea", "2 07", None, 1.0),  # before it was shown
    ("f", "bob", "tea", "2 08", None, 1.0),  # at the same time
    ("g", "cat", "tea", "2 09", None, 1.0),  # the exposure names no request
    ("h", "dan", "tea", "2 09", None, 1.0),  # never shown
]


def test_each_response_counts_once_for_the_exposure_before_it(spark: SparkSession) -> None:
    moment = F.to_timestamp(F.concat(F.lit("2017-12-"), "at"), "yyyy-MM-d HH")
    shown = spark.createDataFrame(SHOWN, "request_id string, user_id string, item_id string, at string")
    responses = spark.createDataFrame(
        RESPONSES, "event_id string, user_id string, item_id string, at string, request_id string, sample_weight double"
    )
    exposures = with_responses(
        shown.select("request_id", "user_id", "item_id", moment.alias("event_time")),
        responses.select("event_id", "user_id", "item_id", moment.alias("event_time"), "request_id", "sample_weight"),
        days=8,
    )
    rows = [(row.request_id, row.item_id, row.response) for row in exposures.collect()]
    assert sorted(rows, key=str) == sorted(
        [("r1", "tea", 1.0), ("r1", "jam", 2.0), ("r1", "jam", 2.0), ("r2", "tea", 1.0), ("r3", "tea", 1.0),
         (None, "tea", 0.0)],
        key=str,
    )  # fmt: skip
