"""Accounts of two nights, with every cause of a gap."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.delivery import account
from features.delivery.attribution import answers_by_position, attributed

SHOWN, SILENT = date(2024, 5, 1), date(2024, 5, 2)


def at(hour: int) -> datetime:
    return datetime(2024, 5, 1, hour)


#          night item segment allocated days
PLANNED = [
    (SHOWN, "kept", "tail", 100.0, 1.0), (SHOWN, "gone", "tail", 100.0, 1.0), (SHOWN, "deep", "tail", 100.0, 1.0),
    (SHOWN, "less", "cold", 100.0, 1.0), (SHOWN, "more", "tail", 16.0, 1.0), (SHOWN, "none", "tail", 0.0, 1.0),
    (SHOWN, "visits", "tail", 100.0, 1.0), (SILENT, "kept", "tail", 5.0, 2.0),
]  # fmt: skip
#          item: delivered; twice as many are logged, at a position that is viewed half the time
DELIVERED = {"kept": 100.0, "gone": 10.0, "deep": 5.0, "less": 20.0, "more": 200.0, "other": 3.0, "visits": 74.0}
ITEMS = [(name, 0.5 if name == "kept" else None, name == "gone") for name in (*DELIVERED, "none")]
#        deep is planned for positions that are never logged
RANKS = [(SHOWN, name, 7 if name == "deep" else 1, 1.0) for name in DELIVERED]


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> dict[tuple[date, str], dict[str, object]]:
    exposures = spark.createDataFrame(
        [(SHOWN, item, f"r-{item}", 1, 2 * count, 0.5) for item, count in DELIVERED.items()],
        "as_of date, item_id string, request_id string, position int, sample_weight double, attention double",
    )
    led_to = spark.createDataFrame(
        [(SHOWN, "kept", 4.0, 3.0, 2.0, 1, Decimal("8.0000"))],
        "as_of date, item_id string, views double, clicks double, carts double, purchases long, revenue decimal(18,4)",
    )
    accounted = account.accounts(
        spark.createDataFrame(PLANNED, "as_of date, item_id string, segment string, allocated double, days double"),
        exposures,
        led_to,
        spark.createDataFrame(ITEMS, "item_id string, margin double, is_gone boolean"),
        spark.createDataFrame(RANKS, "as_of date, item_id string, rank int, share double"),
    )
    return {(row["as_of"], row["item_id"]): row.asDict() for row in accounted.collect()}


def test_reasons(rows: dict[tuple[date, str], dict[str, object]]) -> None:
    # 412 delivered of 516 planned: four fifths of the visits
    assert {item: row["reason"] for (night, item), row in rows.items() if night == SHOWN} == {
        "kept": "", "gone": account.GONE, "deep": account.CUT, "less": account.LESS, "more": account.MORE,
        "other": account.UNPLANNED, "visits": account.FEWER_VISITS,
    }  # fmt: skip


def test_the_responses_of_an_item(rows: dict[tuple[date, str], dict[str, object]]) -> None:
    kept = rows[SHOWN, "kept"]
    exposure = [kept[name] for name in ("planned", "logged", "delivered", "gap", "requests")]
    assert exposure == [100.0, 200.0, 100.0, 0.0, 1]
    assert (kept["clicks"], kept["carts"], kept["purchases"], kept["revenue"]) == (3.0, 2.0, 1, Decimal("8.0000"))
    assert kept["margin"] == 4.0
    less = rows[SHOWN, "less"]
    assert (less["purchases"], less["revenue"], less["margin"]) == (0, Decimal("0.0000"), None)
    other = rows[SHOWN, "other"]
    assert (other["segment"], other["planned"], other["gap"]) == ("", 0.0, 3.0)


def test_a_night_without_logged_exposures_is_unknown_and_not_zero(
    rows: dict[tuple[date, str], dict[str, object]],
) -> None:
    silent = rows[SILENT, "kept"]
    assert silent["planned"] == 10.0  # 5 on each of two days
    assert silent["reason"] == account.NOT_LOGGED
    measured = ("logged", "delivered", "requests", "clicks", "carts", "purchases", "revenue", "margin", "gap")
    assert [silent[name] for name in measured] == [None] * len(measured)


EXPOSED = [(SHOWN, "u", "a", at(9)), (SILENT, "u", "a", at(12)), (SHOWN, "v", "a", at(9))]
#          event user item time type price weight
RESPONSES = [
    ("1", "u", "a", at(10), "click", "0", 2.0),  # after the first
    ("2", "u", "a", at(13), "purchase", "5", 1.0),  # attributed to the newer one
    ("3", "u", "a", at(8), "click", "0", 1.0),  # before any exposure: attributed to none
    ("4", "w", "a", at(13), "purchase", "9", 1.0),  # never shown
    ("5", "v", "a", at(9), "cart", "0", 1.0),  # at the same moment
]


def test_a_response_is_attributed_to_the_last_exposure_before_it(spark: SparkSession) -> None:
    exposed = spark.createDataFrame(EXPOSED, "as_of date, user_id string, item_id string, event_time timestamp")
    responses = spark.createDataFrame(
        [(*row[:5], Decimal(row[5]), row[6]) for row in RESPONSES],
        "event_id string, user_id string, item_id string, event_time timestamp, event_type string, "
        "price decimal(18,4), sample_weight double",
    )

    def by_night(frame: DataFrame) -> dict[date, tuple[float, float, int, Decimal | None]]:
        return {r["as_of"]: (r["clicks"], r["carts"], r["purchases"], r["revenue"]) for r in frame.collect()}

    assert by_night(attributed(exposed, responses, 7)) == {
        SHOWN: (2.0, 1.0, 0, None),
        SILENT: (0.0, 0.0, 1, Decimal(5)),
    }
    late = responses.withColumn("event_time", F.expr("event_time + INTERVAL 8 DAYS"))
    assert by_night(attributed(exposed, late, 7)) == {}


def test_answers_by_position_count_first_exposures_of_a_pair_only(spark: SparkSession) -> None:
    exposures = spark.createDataFrame(
        [
            ("u", "a", at(9), 3, 2.0, 0.25, 1, 0, 0),
            ("u", "a", at(11), 1, 1.0, 0.25, 1, 0, 0),
            ("v", "a", at(9), 3, 1.0, 0.5, 1, 0, 0),
            ("v", "b", at(9), 2, 1.0, 0.5, 1, 0, 0),
            ("v", "a", at(9), None, 9.0, 0.5, 1, 0, 0),
            ("w", "a", at(9), 1, 1.0, None, None, None, None),  # not of the shopper's own list
        ],
        "user_id string, item_id string, event_time timestamp, position int, sample_weight double, relevance double, "
        "relevance_bin long, boost_bin long, level_bin long",
    )
    clicks = spark.createDataFrame(
        [
            ("1", "u", "a", at(10), 1.0),
            ("2", "u", "a", at(12), 2.0),  # after the second exposure
            ("3", "w", "a", at(12), 1.0),
            ("4", "v", "b", at(10), 1.0),
            ("5", "v", "b", at(11), 1.0),  # of an exposure that was answered already
        ],
        "event_id string, user_id string, item_id string, event_time timestamp, sample_weight double",
    )
    rows = answers_by_position(exposures, clicks, 7).orderBy("position").collect()
    assert list(map(tuple, rows)) == [(1, 0, 0, 2, 0.5, 1.0), (1, 0, 0, 3, 1.0, 1.0)]


def test_without_any_logged_exposure_only_the_plan_is_known(
    spark: SparkSession, rows: dict[tuple[date, str], dict[str, object]]
) -> None:
    planned = spark.createDataFrame(
        [row for row in PLANNED if row[0] == SILENT] + [(SILENT, "none", "tail", 0.0, 2.0)],
        "as_of date, item_id string, segment string, allocated double, days double",
    )
    assert [row.asDict() for row in account.unlogged_accounts(planned).collect()] == [rows[SILENT, "kept"]]
