"""Positives: what they are, how often an item is among them, and that no text holds its answer or anything later."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from features.text_pairs import category_texts, sampled_text_pairs, text_positives

EVENTS = "user_id string, item_id string, event_type string, event_time timestamp"
CUT = date(2017, 9, 1)  # a Friday; the week before it began on Monday 2017-08-28, the one before that on 2017-08-21


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def item_texts(spark: SparkSession, *ids: str) -> DataFrame:
    """Title Ti and text Xi of item i, of a category that is its first letter and the segment tail; an id such as "b=a"
    gives item b the text of a."""
    rows = []
    for name in ids:
        item, _, same = name.partition("=")
        rows.append((item, f"T{item}", f"X{same or item}", f"hash {same or item}", item[0], "tail"))
    schema = "item_id string, title string, text string, text_hash string, category string, segment string"
    return spark.createDataFrame(rows, schema)


def pairs_of(events: DataFrame, texts: DataFrame, pairs: int = 100, seed: int = 1) -> list[tuple]:
    positives = text_positives(events, texts, CUT, window_days=28)
    frame = sampled_text_pairs(positives, events, texts, history_days=60, user_items=3, pairs=pairs, seed=seed)
    return [tuple(row) for row in frame.select("user_text", "item_text", "item_share").collect()]


def test_a_text_holds_what_was_before_the_week_of_the_purchase(spark: SparkSession) -> None:
    events = spark.createDataFrame(
        [
            ("u", "old", "purchase", at("2017-08-01T10:00:00")),  # before the window of positives, in the history
            ("u", "ancient", "purchase", at("2017-06-20T10:00:00")),  # 68 days before the week, history is 60
            ("u", "looked", "click", at("2017-08-20T23:59:59")),  # the last second before the week
            ("u", "shown", "exposure", at("2017-08-15T10:00:00")),
            ("u", "same week", "purchase", at("2017-08-21T00:00:00")),  # the first second of the week
            ("u", "bought", "purchase", at("2017-08-23T10:00:00")),
            ("u", "late", "purchase", at("2017-09-01T00:00:00")),  # the cut itself
            ("v", "others", "purchase", at("2017-08-03T23:59:59")),  # the last second before the window
        ],
        EVENTS,
    )
    texts = item_texts(spark, "old", "ancient", "looked", "shown", "same week", "bought", "late", "others")
    # Positives: "same week" and "bought" alone; each text is one of two, so its share is 1/2.
    assert sorted(pairs_of(events, texts)) == [
        ("Tlooked, Told", "Xbought", 0.5),
        ("Tlooked, Told", "Xsame week", 0.5),
    ]


def test_a_text_is_without_what_was_returned_or_rated_low(spark: SparkSession) -> None:
    events = spark.createDataFrame(
        [
            ("u", "returned", "purchase", at("2017-08-01T10:00:00")),
            ("u", "returned", "return", at("2017-08-05T10:00:00")),
            ("u", "again", "low_rating", at("2017-08-05T10:00:00")),
            ("u", "again", "view", at("2017-08-06T10:00:00")),  # an interest after the refusal
            ("u", "kept", "purchase", at("2017-08-02T10:00:00")),
            ("u", "kept", "return", at("2017-08-21T10:00:00")),  # of the week itself: not known before it
            ("u", "bought", "purchase", at("2017-08-23T10:00:00")),
        ],
        EVENTS,
    )
    texts = item_texts(spark, "returned", "again", "kept", "bought")
    assert pairs_of(events, texts) == [("Tagain, Tkept", "Xbought", 1.0)]


def test_no_text_holds_the_item_or_its_twin(spark: SparkSession) -> None:
    """Item a was bought before; b has the text of a. Neither is in the text of the pair with a."""
    events = spark.createDataFrame(
        [
            ("u", "a", "purchase", at("2017-07-03T10:00:00")),
            ("u", "b", "purchase", at("2017-07-04T10:00:00")),
            ("u", "c", "purchase", at("2017-07-05T10:00:00")),
            ("u", "a", "purchase", at("2017-08-23T10:00:00")),
        ],
        EVENTS,
    )
    assert pairs_of(events, item_texts(spark, "a", "b=a", "c")) == [("Tc", "Xa", 1.0)]


def test_shares_count_a_text_once_a_shopper_item_and_week(spark: SparkSession) -> None:
    """Positives: u·a in two weeks, u·b, v·b' (the text of b): a 2/4, b 2/4. Three lines of one week are one."""
    events = spark.createDataFrame(
        [
            *(("u", "a", "purchase", at(f"2017-08-22T1{hour}:00:00")) for hour in range(3)),
            ("u", "a", "purchase", at("2017-08-28T10:00:00")),
            ("u", "b", "purchase", at("2017-08-22T10:00:00")),
            ("v", "b'", "purchase", at("2017-08-22T10:00:00")),
            ("v", "unknown", "purchase", at("2017-08-22T10:00:00")),
        ],
        EVENTS,
    )
    pairs = pairs_of(events, item_texts(spark, "a", "b", "b'=b"))
    assert sorted(pairs) == [("", "Xa", 0.5), ("", "Xb", 0.5), ("", "Xb", 0.5), ("Tb", "Xa", 0.5)]


def test_the_newest_items_come_first(spark: SparkSession) -> None:
    days = {"a": 1, "b": 2, "c": 3, "d": 4}
    events = spark.createDataFrame(
        [
            *(("u", item, "purchase", at(f"2017-07-0{day}T10:00:00")) for item, day in days.items()),
            ("u", "a", "purchase", at("2017-07-09T10:00:00")),  # bought again: now it is the newest
            ("u", "x", "purchase", at("2017-08-23T10:00:00")),
        ],
        EVENTS,
    )
    assert pairs_of(events, item_texts(spark, *days, "x")) == [("Ta, Td, Tc", "Xx", 1.0)]


def test_the_draw_is_the_same_each_time_and_follows_the_seed(spark: SparkSession) -> None:
    start = at("2017-08-07T10:00:00")
    events = spark.createDataFrame(
        [(f"u{i % 7}", f"i{i}", "purchase", start + timedelta(hours=7 * i)) for i in range(60)], EVENTS
    )
    texts = item_texts(spark, *(f"i{i}" for i in range(60)))
    first = pairs_of(events, texts, pairs=10)
    assert len(first) == 10
    assert pairs_of(events.repartition(5), texts, pairs=10) == first
    assert pairs_of(events, texts, pairs=10, seed=2) != first
    for user_text, item_text, share in pairs_of(events, texts):
        assert item_text.replace("X", "T") not in user_text.split(", ")
        assert share == 1 / 60


def test_no_purchases_no_pairs(spark: SparkSession) -> None:
    assert pairs_of(spark.createDataFrame([], EVENTS), item_texts(spark, "a")) == []


def test_the_last_days_are_held_out(spark: SparkSession) -> None:
    """Three days before the cut of September 1, that is from August 29 on; shares are of all three positives."""
    events = spark.createDataFrame(
        [
            ("u", "a", "purchase", at("2017-08-28T23:59:59")),
            ("u", "a", "purchase", at("2017-08-29T00:00:00")),
            ("u", "b", "purchase", at("2017-08-31T10:00:00")),
        ],
        EVENTS,
    )
    texts = item_texts(spark, "a", "b")
    positives = text_positives(events, texts, CUT, window_days=28, held_out_days=3)
    rows = sampled_text_pairs(
        positives, events, texts, history_days=60, user_items=3, pairs=9, seed=1, held_out_pairs=9
    ).collect()
    assert sorted((r.item_text, round(r.item_share, 3), r.category, r.segment, r.held_out) for r in rows) == [
        ("Xa", 0.667, "a", "tail", False),
        ("Xa", 0.667, "a", "tail", True),
        ("Xb", 0.333, "b", "tail", True),
    ]
    assert [r.held_out for r in rows] == [False, True, True]


@pytest.mark.slow
def test_texts_of_a_category(spark: SparkSession) -> None:
    """a1 was bought twice, a2 once; a3 never, nor a4, which has the text of a3; b1 is of another category."""
    events = spark.createDataFrame(
        [
            *(("u", item, "purchase", at(f"2017-08-2{day}T10:00:00")) for item, day in (("a1", 2), ("a2", 2))),
            ("u", "a1", "purchase", at("2017-08-30T10:00:00")),
        ],
        EVENTS,
    )
    texts = item_texts(spark, "a1", "a2", "a3", "a4=a3", "b1")
    positives = text_positives(events, texts, CUT, window_days=28)
    rows = category_texts(positives, texts, ["a"], 10, 1).collect()
    assert [(r.item_text, round(r.item_share, 3), r.category) for r in rows] == [
        ("Xa1", 0.667, "a"),
        ("Xa2", 0.333, "a"),
        ("Xa3", 0.0, "a"),
    ]
    assert [row.category for row in category_texts(positives, texts, ["a", "b"], 1, 1).collect()] == ["a", "b"]
