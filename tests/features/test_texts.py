"""Texts of items and shoppers."""

from __future__ import annotations

import hashlib

import pytest
from pyspark.sql import DataFrame, SparkSession

from features.texts import distinct_texts, user_texts, with_item_text, with_low_ratings

ITEMS = "item_id string, title string, category string, brand string, attributes map<string,string>, description string"


def items(spark: SparkSession, *rows: tuple) -> DataFrame:
    return spark.createDataFrame(list(rows), ITEMS)


def texts_of(frame: DataFrame) -> dict[str, str]:
    return {row.item_id: row.text for row in with_item_text(frame).collect()}


def test_the_parts_of_an_item_s_text_in_order_without_what_is_missing(spark: SparkSession) -> None:
    frame = items(
        spark,
        ("all", "Oat milk", "Food > Drinks", "Acme", {"roast": "dark", "package_size": "1 l"}, "Creamy."),
        ("nulls", "Oat milk", None, None, {}, None),
        ("blanks", " Oat\n  milk ", "", "  ", {"roast": " ", "size": ""}, "\t"),
        ("none", None, None, None, None, None),
        ("chinese", "纯牛奶", "食品 > 乳品", "蒙牛", {"容量": "1升"}, None),
    )
    assert texts_of(frame) == {
        "all": "Oat milk. Food > Drinks. Acme. package size 1 l, roast dark. Creamy.",
        "nulls": "Oat milk",
        "blanks": "Oat milk",
        "none": "",
        "chinese": "纯牛奶. 食品 > 乳品. 蒙牛. 容量 1升",
    }


def test_attributes_that_occur_already_are_not_repeated(spark: SparkSession) -> None:
    """ "1 l" is in the title and "Drinks" in the category; "1" is not a word of "1l" or "10"."""
    frame = items(
        spark,
        ("mentioned", "Oat milk, 1 L", "Food > Drinks", "Acme", {"department": "drinks", "size": "1 l"}, None),
        ("not mentioned", "Oat milk 1l", "Top 10", None, {"pieces": "1"}, None),
        ("no title", None, None, None, {"pieces": "1"}, None),
    )
    assert texts_of(frame) == {
        "mentioned": "Oat milk, 1 L. Food > Drinks. Acme",
        "not mentioned": "Oat milk 1l. Top 10. pieces 1",
        "no title": "pieces 1",
    }


def test_equal_items_have_equal_texts_whatever_the_order_of_attributes(spark: SparkSession) -> None:
    frame = items(
        spark,
        ("a", "Tea", None, None, {"b": "2", "a": "1"}, None),
        ("b", "Tea", None, None, {"a": "1", "b": "2"}, None),
        ("c", "Tea", None, None, {"a": "1", "b": "3"}, None),
    )
    rows = {row.item_id: row for row in with_item_text(frame).collect()}
    assert rows["a"].text_hash == rows["b"].text_hash != rows["c"].text_hash
    assert rows["a"].text_hash == hashlib.sha256(b"Tea. a 1, b 2").hexdigest()
    assert with_item_text(frame).columns == [*frame.columns, "text", "text_hash"]
    assert sorted(row.text for row in distinct_texts(frame).collect()) == ["Tea. a 1, b 2", "Tea. a 1, b 3"]


HISTORY = "user_id string, item_ids array<string>, event_types array<string>"
TITLES = [("i1", "Milk"), ("i2", "Bread"), ("i3", "Tea"), ("i4", ""), ("i5", None)]


@pytest.mark.parametrize(
    ("case", "item_ids", "event_types", "expected"),
    [
        ("newest first", ["i3", "i1", "i2"], ["purchase"] * 3, "Tea, Milk"),
        ("a repeated item counts once, where it is newest", ["i1", "i1", "i2"], ["purchase"] * 3, "Milk, Bread"),
        ("exposures and returns show no interest", ["i3", "i1", "i2"], ["exposure", "return", "click"], "Bread"),
        ("a return revokes an interest", ["i1", "i2", "i1", "i2"], ["return", "cart", "cart", "view"], "Bread"),
        ("a later interest stands", ["i1", "i1", "i2"], ["view", "low_rating", "favourite"], "Milk, Bread"),
        ("a low rating is no interest", ["i1", "i2", "i1"], ["low_rating", "review", "purchase"], "Bread"),
        ("an unknown item and one without a title add no words", ["i4", "i5", "i9", "i2"], ["cart"] * 4, "Bread"),
        ("nothing known", ["i9"], ["purchase"], ""),
        ("no event", [], [], ""),
        ("no arrays", None, None, ""),
    ],
)
def test_the_text_of_a_shopper(
    spark: SparkSession, case: str, item_ids: list[str] | None, event_types: list[str] | None, expected: str
) -> None:
    history = spark.createDataFrame([("u", item_ids, event_types)], HISTORY)
    titles = spark.createDataFrame(TITLES, "item_id string, title string")
    assert [tuple(row) for row in user_texts(history, titles, user_items=2).collect()] == [("u", expected)], case


def test_reviews_up_to_the_low_rating_have_a_type_of_their_own(spark: SparkSession) -> None:
    rows = [("review", 1.0), ("review", 2.0), ("review", 2.5), ("review", None), ("purchase", 1.0)]
    events = spark.createDataFrame(rows, "event_type string, rating double")
    types = [row.event_type for row in with_low_ratings(events, 2.0).collect()]
    assert types == ["low_rating", "low_rating", "review", "review", "purchase"]
    assert [row.event_type for row in with_low_ratings(events, None).collect()] == [kind for kind, _ in rows]


def test_reviews_with_a_negative_text_have_it_too(spark: SparkSession) -> None:
    rows = [("a", "review", None), ("b", "review", None), ("c", "review", 1.0), ("d", "review", 5.0)]
    events = spark.createDataFrame(rows, "event_id string, event_type string, rating double")
    negative = spark.createDataFrame([("a",)], "event_id string")
    typed = with_low_ratings(events, 2.0, negative)
    assert typed.columns == events.columns
    assert {row.event_id for row in typed.where("event_type = 'low_rating'").collect()} == {"a", "c"}


def test_every_shopper_has_one_text(spark: SparkSession) -> None:
    history = spark.createDataFrame(
        [("u1", ["i1"], ["purchase"]), ("u2", ["i2", "i1"], ["purchase", "purchase"]), ("u3", [], [])], HISTORY
    )
    titles = spark.createDataFrame(TITLES, "item_id string, title string")
    assert {tuple(row) for row in user_texts(history, titles, 5).collect()} == {
        ("u1", "Milk"),
        ("u2", "Bread, Milk"),
        ("u3", ""),
    }
