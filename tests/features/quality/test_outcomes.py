"""Each row has exactly one outcome, with the reason if it is rejected or parked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType, TimestampType

from features.contract.table import Column, Invariant, Table
from features.quality.contract_checks import with_contract_columns
from features.quality.outcomes import judge_repeats, key_hash, park_unknown, refused_rows, with_outcome
from features.quality.tally import summed, tally
from features.row_balance import rows_by_outcome

SALES = Table(
    name="sales",
    meaning="Sales.",
    columns=(
        Column("id", StringType(), "Key."),
        Column("item_id", StringType(), "Item."),
        Column("at", TimestampType(), "When."),
        Column("units", LongType(), "Units.", nullable=True),
    ),
    key=("id",),
    invariants=(Invariant("units_negative", "units >= 0"),),
)
BEFORE = date(2017, 12, 1)
EARLY = datetime(2017, 11, 30, 23, 59, 59, tzinfo=UTC)
MIDNIGHT = datetime(2017, 12, 1, tzinfo=UTC)


def _judged(spark: SparkSession, rows: list[tuple[Any, ...]]) -> DataFrame:
    frame = spark.createDataFrame(rows, "id string, item_id string, at timestamp, units long, filtered boolean")
    judged = with_outcome(with_contract_columns(frame, SALES), SALES, "at", BEFORE)
    judged = park_unknown(judged, "item_id", spark.createDataFrame([("known",)], "item_id string"), "item_unknown")
    tallied = tally(judged, SALES, F.to_date("at"))
    return judge_repeats(judged, SALES, tallied.where("key_hash IS NOT NULL").select("key_hash"))


def _results(judged: DataFrame) -> list[tuple[Any, ...]]:
    return sorted((row["id"] or "", row["outcome"], row["reason"]) for row in judged.collect())


@pytest.mark.parametrize(
    ("row", "outcome", "reason"),
    [
        (("a", "known", EARLY, 1, None), "accepted", ""),
        (("a", "known", EARLY, None, None), "accepted", ""),
        (("a", "known", EARLY, 0, False), "accepted", ""),
        (("a", "known", MIDNIGHT, 1, None), "later", ""),
        (("a", "known", EARLY, -1, None), "rejected", "units_negative"),
        (("a", " ", EARLY, -1, None), "rejected", "item_id_missing,units_negative"),
        (("a", "known", None, 1, None), "rejected", "at_missing"),
        ((None, "known", EARLY, 1, None), "rejected", "id_missing"),
        (("a", "new", EARLY, 1, None), "parked", "item_unknown"),
        (("a", "new", MIDNIGHT, 1, None), "later", ""),
        (("a", None, None, -1, True), "filtered", ""),
    ],
)
def test_a_row_has_one_outcome(spark: SparkSession, row: tuple[Any, ...], outcome: str, reason: str) -> None:
    assert _results(_judged(spark, [row])) == [(row[0] or "", outcome, reason)]


def test_equal_rows_count_once_and_different_rows_of_one_key_are_rejected(spark: SparkSession) -> None:
    judged = _judged(
        spark,
        [
            ("a", "known", EARLY, 1, None),
            ("a", "known", EARLY, 1, None),
            ("a", "known", EARLY, 1, None),
            ("b", "known", EARLY, 1, None),
            ("b", "known", EARLY, 2, None),
            ("c", "new", EARLY, 1, None),
            ("c", "new", EARLY, 1, None),
            ("d", "known", EARLY, 1, None),
            ("d", "known", MIDNIGHT, 1, None),
        ],
    )
    conflict = "key_with_several_contents"
    assert _results(judged) == [
        ("a", "accepted", ""),
        ("a", "duplicates", ""),
        ("a", "duplicates", ""),
        ("b", "rejected", conflict),
        ("b", "rejected", conflict),
        ("c", "duplicates", "item_unknown"),
        ("c", "parked", "item_unknown"),
        ("d", "accepted", ""),
        ("d", "later", ""),
    ]
    counts = {row["outcome"]: row["rows"] for row in rows_by_outcome(judged, "at").collect()}
    assert counts == {"accepted": 2, "duplicates": 3, "rejected": 2, "parked": 1, "later": 1}


def test_a_waiting_row_is_repeated_corrected_or_left_unchanged(spark: SparkSession) -> None:
    sales = replace(SALES, columns=(*SALES.columns, Column("ingested_at", TimestampType(), "Recorded.")))
    later, known = EARLY + timedelta(microseconds=1), "known"
    rows = [
        ("a", known, EARLY, 1, EARLY, True),
        ("a", known, EARLY, 1, EARLY, None),  # unchanged
        ("b", known, EARLY, 1, EARLY, True),
        ("b", known, EARLY, 2, EARLY, None),  # a correction
        ("c", known, EARLY, 1, later, True),
        ("c", known, EARLY, 2, EARLY, None),  # recorded before it
        ("d", known, EARLY, 1, EARLY, True),
        ("d", known, EARLY, 2, EARLY, None),
        ("d", known, EARLY, 3, EARLY, None),  # which of the two corrects it?
        ("e", known, EARLY, 1, EARLY, None),
        ("e", known, later, 1, EARLY, None),  # nothing waits, and a microsecond makes two contents
    ]
    schema = "id string, item_id string, at timestamp, units long, ingested_at timestamp, waited boolean"
    judged = with_outcome(with_contract_columns(spark.createDataFrame(rows, schema), sales), sales, "at", BEFORE)
    repeated = judged.select(key_hash(sales).alias("key_hash")).distinct()
    rows = judge_repeats(judged, sales, repeated).collect()
    assert sorted((row["id"], row["units"], bool(row["waited"]), row["outcome"], row["reason"]) for row in rows) == [
        ("a", 1, False, "duplicates", ""),
        ("a", 1, True, "accepted", ""),
        ("b", 1, True, "duplicates", ""),
        ("b", 2, False, "accepted", ""),
        ("c", 1, True, "accepted", ""),
        ("c", 2, False, "rejected", "event_older_than_known"),
        ("d", 1, True, "accepted", ""),
        ("d", 2, False, "rejected", "key_with_several_contents"),
        ("d", 3, False, "rejected", "key_with_several_contents"),
        ("e", 1, False, "rejected", "key_with_several_contents"),
        ("e", 1, False, "rejected", "key_with_several_contents"),
    ]


def test_a_tally_counts_outcomes_and_finds_repeated_keys_across_partitions(spark: SparkSession) -> None:
    rows = [
        ("a", "known", EARLY, 1, None),
        ("b", "known", EARLY, 1, None),
        ("a", "known", EARLY, 2, None),  # a comes again
        ("c", "known", None, 1, None),  # rejected: its key does not count
        ("c", "known", EARLY, 1, None),
        ("d", "known", MIDNIGHT, 1, None),
    ]
    frame = spark.createDataFrame(rows, "id string, item_id string, at timestamp, units long, filtered boolean")
    judged = with_outcome(with_contract_columns(frame.repartition(3), SALES), SALES, "at", BEFORE)
    tallied = tally(judged, SALES, F.to_date("at")).collect()
    [repeated] = [row["key_hash"] for row in tallied if row["key_hash"] is not None]
    assert repeated == spark.sql("SELECT xxhash64('a') AS hash").first()["hash"]
    counts = summed(spark.createDataFrame(tallied, "key_hash long, outcome string, rows long, newest date")).collect()
    assert sorted(tuple(row) for row in counts) == [
        ("accepted", 4, date(2017, 11, 30)),
        ("later", 1, date(2017, 12, 1)),
        ("rejected", 1, None),
    ]


def test_refused_rows_have_keys_of_their_own(spark: SparkSession) -> None:
    judged = _judged(
        spark,
        [
            ("b", "known", EARLY, 1, None),
            ("b", "known", EARLY, 2, None),
            (None, "known", EARLY, 1, None),
            (None, "known", EARLY, 1, None),
        ],
    )
    refused = refused_rows(judged, SALES, "rejected").collect()
    ids = sorted(row["row_id"] for row in refused)
    assert len(set(ids)) == 4
    assert {"b", "b#2"} < set(ids)
    assert [len(name) for name in ids if not name.startswith("b")] == [64, 66]
    assert {row["table"] for row in refused} == {"sales"}
    assert any('"units":2' in row["payload"] for row in refused)


def test_an_empty_table_has_no_outcomes(spark: SparkSession) -> None:
    judged = _judged(spark, [])
    assert judged.collect() == []
    assert rows_by_outcome(judged, "at").collect() == []


def test_a_missing_column_is_named(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("a", EARLY)], "id string, at timestamp")
    with pytest.raises(ValueError, match="no column item_id"):
        with_contract_columns(frame, SALES)
