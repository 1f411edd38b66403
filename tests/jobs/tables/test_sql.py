"""Literals and names that Spark's parser reads back as they were, whatever they hold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from math import inf, isnan, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from jobs.tables.sql import Literal, sql_equals, sql_identifier, sql_in, sql_literal, sql_starts_with

TEXTS = [
    "", "it's", "''", "\\", "\\'", "' OR '1' = '1", "a\\nb", "a\nb\r\n\tc", "茶🍵", "%_\\%", "`", "--x", "/*", ":p ?",
    "\\u0041\\101", "\0", "${env:HOME}", "$${spark.app.name}", "\\${env:HOME}", "$", "{x}",
]  # fmt: skip


def test_spark_reads_every_text_back(spark: SparkSession) -> None:
    row = spark.sql("SELECT " + ", ".join(map(sql_literal, TEXTS))).first()
    assert list(row) == TEXTS


def test_braces_in_a_text_name_no_frame(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("{rows}",), ("x",)], ["text"])
    rows = spark.sql("SELECT text FROM {rows} WHERE text = " + sql_literal("{rows}"), rows=frame)
    assert rows.collect() == [("{rows}",)]


def test_spark_reads_values_of_other_types_back(spark: SparkSession) -> None:
    values: list[Literal] = [
        True, False, 0, -7, 2**40, 0.1, 1e-300, -inf, Decimal("-0.10"), Decimal("1E+3"), date(1, 1, 1),
        date(2024, 2, 29), None,
    ]  # fmt: skip
    row = spark.sql("SELECT " + ", ".join(map(sql_literal, values))).first()
    assert list(row) == values
    assert isnan(spark.sql(f"SELECT {sql_literal(nan)}").first()[0])


def test_a_datetime_keeps_its_moment(spark: SparkSession) -> None:
    moment = datetime(2024, 2, 29, 12, 30, 1, 250_000, UTC)
    assert spark.sql(f"SELECT unix_micros({sql_literal(moment)})").first()[0] == round(moment.timestamp() * 1e6)


def test_a_value_of_no_sql_type_is_refused() -> None:
    with pytest.raises(TypeError, match="Path has no SQL literal"):
        sql_literal(Path("x"))  # type: ignore[arg-type]


def test_conditions_select_the_rows_that_they_name(spark: SparkSession) -> None:
    # Feast lets a session read a quoted name with other characters than letters as a regular expression.
    rows = spark.createDataFrame([("it's", 1), ("it", 1), ("it's", 2)], ["order", "n"])
    assert rows.where(sql_equals(**{"order": "it's", "n": 1})).collect() == [("it's", 1)]
    assert rows.where(sql_in("order", ["it", "x"])).collect() == [("it", 1)]
    assert rows.where(sql_in("n", [])).collect() == []
    assert rows.where(sql_starts_with("order", "it'")).count() == 2


def test_names_are_quoted() -> None:
    assert sql_identifier("a`b") == "`a``b`"


def _unquoted(literal: str) -> str:
    """The text that Spark reads from a string literal, where \\uXXXX is a character and \\ escapes any other."""
    assert literal[0] == literal[-1] == "'"
    text, place = "", 1
    while place < len(literal) - 1:
        assert literal[place] != "'", "the literal ends early"
        if literal[place] != "\\":
            text += literal[place]
            place += 1
        elif literal[place + 1] == "u":
            text += chr(int(literal[place + 2 : place + 6], 16))
            place += 6
        else:
            text += literal[place + 1]
            place += 2
    assert place == len(literal) - 1, "the closing quote is escaped"
    return text


@given(st.text(alphabet=st.sampled_from("'\\$u007b{}a`\n茶")))
def test_no_text_leaves_its_literal(text: str) -> None:
    literal = sql_literal(text)
    assert not {"{", "}"} & set(literal)
    assert _unquoted(literal) == text
