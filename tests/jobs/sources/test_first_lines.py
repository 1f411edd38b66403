"""Orders and products whose first line alone has what every line needs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from features.contract import EVENTS
from features.contract.source_parts import SOURCE_PARTS
from jobs.config.inputs import FileInput
from jobs.config.source import Files, TableMapping
from jobs.runtime.errors import Refused
from jobs.sources.files import FilesSource
from jobs.sources.files.first_lines import FirstLines, first_lines
from jobs.sources.files.parts import Part
from jobs.sources.files.reading import read_parts
from tests.jobs.sources.test_reshaping import ONE_FORMAT, ORDERS, write

ORDER = {"event_id": {"columns": ["order", "sku"]}, "user_id": "who", "item_id": "sku", "event_time": "at"}


def found(lines: list[dict[str, str]], columns: dict[str, Any] = ORDER) -> FirstLines | None:
    rows = [Row(**line, source_part="file", source_line=number) for number, line in enumerate(lines)]
    mapping = TableMapping.model_validate({"input": "lines", "columns": columns})
    return first_lines(rows, list(lines[0]), EVENTS, mapping, [(EVENTS, mapping)])


def lines(*texts: str) -> list[dict[str, str]]:
    return [dict(zip(("order", "who", "at", "sku"), text.split(","), strict=True)) for text in texts]


def test_the_key_of_groups_is_found_with_the_columns_to_fill() -> None:
    assert found(ORDERS) == FirstLines("order", ("at", "who"), frozenset({1, 3, 5}))
    # A shopper that every line repeats, except for one: fill that as well.
    texts = ("1,ann,05.03.,a", "1,ann,,b", "2,bob,06.03.,a", "2,,,b")
    assert found(lines(*texts)) == FirstLines("order", ("at", "who"), frozenset({1, 3}))


def test_lines_that_lack_a_value_for_themselves_are_no_groups() -> None:
    # Guests between shoppers of one day; an order whose lines all have their time, but for one.
    assert found(lines("1,ann,05.03.,a", "2,,05.03.,b", "3,bob,06.03.,a", "4,,06.03.,b")) is None
    assert found(lines("1,ann,05.03.,a", "1,ann,05.03.,b", "2,bob,06.03.,a", "2,bob,,b")) is None
    assert found(lines("1,ann,05.03.,a", "2,bob,,b")) is None


@pytest.mark.parametrize("kind", ONE_FORMAT)
def test_an_export_with_such_lines_is_refused_with_the_key_to_set(
    spark: SparkSession, tmp_path: Path, kind: str
) -> None:
    products = [
        {"handle": "apron", "title": "Apron", "type": "Aprons", "sku": "a", "n": "1"},
        {"handle": "apron", "title": "", "type": "", "sku": "b", "n": "2"},
        {"handle": "apron", "title": "", "type": "", "sku": "", "n": "3"},  # a picture
        {"handle": "board", "title": "Board", "type": "Boards", "sku": "c", "n": "4"},
        {"handle": "board", "title": "", "type": "", "sku": "d", "n": "5"},
    ]
    write(spark, tmp_path / "lines", kind, ORDERS)
    write(spark, tmp_path / "products", kind, products)
    filled = {"by": ["order"], "columns": ["at", "who"]}
    item = {"item_id": "sku", "title": "title", "product_type": "type", "updated_at": {"constant": "2024-01-01"}}
    person = {"user_id": "who", "updated_at": "at", "consent_personalisation": {"constant": True}}

    def read(of_lines: dict[str, Any], of_products: dict[str, Any], where: str, event: dict[str, Any]) -> FilesSource:
        inputs = {
            "lines": {"path": str(tmp_path / "lines"), "format": kind, **of_lines},
            "products": {"path": str(tmp_path / "products"), "format": kind, **of_products},
        }
        conf = Files.model_validate({
            "inputs": inputs, "items": [{"input": "products", "columns": item, "where": where}],
            "users": [{"input": "lines", "columns": person, "where": "who IS NOT NULL"}],
            "events": [{"input": "lines", "columns": event, "where": "who IS NOT NULL"}],
        })  # fmt: skip
        return FilesSource(spark, conf, spark.createDataFrame([], SOURCE_PARTS.schema), date(2024, 3, 9))

    sold = ORDER | {"event_type": {"constant": "purchase"}}
    with pytest.raises(Refused, match=r"lack at and who.* line of their order .*by: \[order\], columns: \[at, who"):
        read({}, {}, "sku <> ''", sold)
    with pytest.raises(Refused, match=r"lack title and type.* handle has: 2 of the first 5 lines for the table items"):
        read({"fill_down": filled}, {}, "sku <> ''", sold)
    # Pictures alone lack the title where products have no variants: nothing is lost.
    read({"fill_down": filled}, {}, "n NOT IN (2, 5) AND sku <> ''", sold)
    window = {"sql": "max(at) OVER (PARTITION BY order)"}
    times = {"by": ["order"], "columns": ["who"]}
    with pytest.raises(Refused, match=r"lack at, .*for the table users.*columns: \[at, who\]"):
        read({"fill_down": times}, {}, "n NOT IN (2, 5) AND sku <> ''", sold | {"event_time": window})


@pytest.mark.parametrize("kind", ONE_FORMAT)
def test_items_and_shoppers_may_be_taken_from_first_lines(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    products = [
        {"handle": "apron", "title": "Apron", "maker": "A", "sku": "a"},
        {"handle": "apron", "title": "", "maker": "A", "sku": "b"},
        {"handle": "board", "title": "Board", "maker": "B", "sku": "c"},
        {"handle": "board", "title": "", "maker": "B", "sku": "d"},
    ]
    full = [{"order": "1", "who": "ann", "at": "2024-03-05 13:02:11", "sku": "apron"}]
    write(spark, tmp_path / "lines", kind, ORDERS)
    write(spark, tmp_path / "products", kind, products)
    write(spark, tmp_path / "sold", kind, full)
    item = {"item_id": "handle", "title": "title", "updated_at": {"constant": "2024-01-01"}}
    person = {"user_id": "who", "updated_at": "at", "consent_personalisation": {"constant": True}}
    sold = ORDER | {"event_type": {"constant": "purchase"}}

    read_inputs: list[str] = []

    def read_and_noted(
        spark: SparkSession, files: FileInput, parts: list[Part], mapped: Collection[str]
    ) -> list[DataFrame]:
        read_inputs.append(parts[0].input)
        return read_parts(spark, files, parts, mapped)

    def read(of_items: str | None, of_users: str | None) -> FilesSource:
        conf = Files.model_validate({
            "inputs": {name: {"path": str(tmp_path / name), "format": kind} for name in ("lines", "products", "sold")},
            "items": [{"input": "products", "columns": item, "where": of_items}],
            "users": [{"input": "lines", "columns": person, "where": of_users}],
            "events": [{"input": "sold", "columns": sold}],
        })  # fmt: skip
        none = spark.createDataFrame([], SOURCE_PARTS.schema)
        return FilesSource(spark, conf, none, date(2024, 3, 9), read_and_noted)

    taken = read("title <> ''", "who <> ''")
    assert sorted(read_inputs) == ["lines", "products", "sold"]  # the fields of JSON take a pass over the files
    assert {row["item_id"] for row in taken.items(date.max).where("NOT filtered").collect()} == {"apron", "board"}
    assert {row["user_id"] for row in taken.users(date.max).where("NOT filtered").collect()} == {"ann", "bob"}
    with pytest.raises(Refused, match=r"lack title, .*2 of the first 4 lines for the table items"):
        read(None, "who <> ''")
    with pytest.raises(Refused, match=r"lack at and who, .*for the table users"):
        read("title <> ''", None)
    third = {"handle": "apron", "title": "", "maker": "A", "sku": "e"}
    # One variant of a product without a title is no pattern, two among few lines are.
    for number, few in enumerate((products[:2], [*products[:2], third, products[2]])):
        write(spark, tmp_path / f"few-{number}", kind, few)
        (tmp_path / "products").rename(tmp_path / f"earlier-{number}")
        (tmp_path / f"few-{number}").rename(tmp_path / "products")
        if number == 0:
            read(None, "who <> ''")
    with pytest.raises(Refused, match=r"lack title, .*2 of the first 4 lines for the table items"):
        read(None, "who <> ''")
