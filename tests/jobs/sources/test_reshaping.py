"""Rows that are filled down, taken apart, numbered, joined, or carry columns of their folders."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import DataFrame, Row, SparkSession

from features.contract.source_parts import SOURCE_PARTS
from jobs.config.inputs import FileInput
from jobs.config.source import Files, TableMapping
from jobs.runtime.errors import ConfigurationError, Refused
from jobs.sources import files as files_module
from jobs.sources.files import FilesSource
from jobs.sources.files.arrays import require_no_lost_elements

FORMATS = ("csv", "json", "parquet")
# For what happens after a file is read; the other formats are left to the slow tests.
ONE_FORMAT = (FORMATS[0], *(pytest.param(kind, marks=pytest.mark.slow) for kind in FORMATS[1:]))
EVENT = {"event_id": {"columns": ["order", "n"]}, "user_id": "who", "item_id": "sku",
         "event_type": {"constant": "purchase"}, "event_time": "at"}  # fmt: skip
ORDERS = [
    {"order": "1", "who": "ann", "at": "2024-03-05 13:02:11", "sku": "a"},
    {"order": "1", "who": "", "at": "", "sku": "b"},
    {"order": "2", "who": "", "at": "2024-03-06 10:00:00", "sku": "a"},  # a guest
    {"order": "2", "who": "", "at": "", "sku": "a"},
    {"order": "3", "who": "bob", "at": "2024-03-07 22:40:00", "sku": "c"},
    {"order": "3", "who": "", "at": "", "sku": "c"},
]


def write(spark: SparkSession, path: Path, kind: str, rows: list[dict[str, Any]]) -> None:
    schema = ", ".join(f"`{name}` string" for name in rows[0])
    frame = spark.createDataFrame([Row(**row) for row in rows], schema).coalesce(1)
    frame.write.format(kind).option("header", "true").save(str(path))


def source(
    spark: SparkSession, inputs: dict[str, Any], events: dict[str, Any], where: str | None = None
) -> FilesSource:
    mapping = {"input": "lines", "columns": {"item_id": "sku", "title": "sku", "updated_at": "at"}}
    users = {"input": "lines", "columns": {"user_id": "who", "updated_at": "at"}}
    of_events = {"input": "lines", "where": where, "columns": events}
    conf = Files.model_validate({"inputs": inputs, "items": [mapping], "users": [users], "events": [of_events]})
    return FilesSource(spark, conf, spark.createDataFrame([], SOURCE_PARTS.schema), date(2024, 3, 9))


def taken(rows: DataFrame) -> list[tuple[Any, ...]]:
    """(event, shopper, item, time) of the rows that the mapping keeps, sorted."""
    usable = rows.where("NOT filtered AND unreadable = ''")
    columns = usable.select("event_id", "user_id", "item_id", "event_time").collect()
    return sorted((row[0], row[1], row[2], str(row[3])) for row in columns)


@pytest.mark.parametrize("kind", FORMATS)
def test_fields_of_an_orders_first_line_are_filled_down(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    write(spark, tmp_path / "lines", kind, ORDERS)
    lines = {
        "path": str(tmp_path / "lines"), "format": kind, "fill_down": {"by": ["order"], "columns": ["who", "at"]},
        "line_number": {"by": ["order", "sku"], "name": "n"},
    }  # fmt: skip
    event_id = {"event_id": {"columns": ["order", "sku", "n"]}}
    files = source(spark, {"lines": lines}, EVENT | event_id, where="who IS NOT NULL")
    assert taken(files.events(None, date.max)) == [
        ("1-a-1", "ann", "a", "2024-03-05 13:02:11"), ("1-b-1", "ann", "b", "2024-03-05 13:02:11"),
        ("3-c-1", "bob", "c", "2024-03-07 22:40:00"), ("3-c-2", "bob", "c", "2024-03-07 22:40:00"),
    ]  # fmt: skip
    wrong = lines | {"fill_down": {"by": ["Order"], "columns": ["who"]}}
    with pytest.raises(Refused, match=r"have no column Order, which source.files.inputs.lines names; they have"):
        source(spark, {"lines": wrong}, EVENT)


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_an_array_of_objects_becomes_rows(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    def bought(*items: str) -> list[dict[str, str]]:
        return [{"sku": item, "units": "2"} for item in items]

    rows = [
        {"id": "1", "micros": "1709370300123456", "user": "ann", "items": bought("a", "b")},
        {"id": "2", "micros": "1709370300123456", "user": "bob", "items": []},
        {"id": "3", "micros": "1709370300123456", "user": "bob", "items": bought("c")},
    ]
    (tmp_path / "log.json").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    path = tmp_path / "log.json"
    if kind == "parquet":
        path = tmp_path / "log"
        spark.read.option("primitivesAsString", "true").json(str(tmp_path / "log.json")).write.parquet(str(path))
    log = {"path": str(path), "format": kind, "explode": "items", "line_number": {"by": ["id"], "name": "n"}}
    time = {"column": "micros", "unit": "microseconds"}
    events = {"event_id": {"columns": ["id", "n"]}, "user_id": "user", "item_id": "items.sku",
              "event_type": {"constant": "purchase"}, "event_time": time,
              "quantity": {"sql": "items.units"}}  # fmt: skip
    item = {"item_id": "items.sku", "title": "items.sku", "updated_at": time}
    person = {"user_id": "user", "updated_at": time, "consent_personalisation": {"constant": True}}
    conf = {
        "inputs": {"log": log},
        "items": [{"input": "log", "columns": item, "where": "items IS NOT NULL"}],
        "users": [{"input": "log", "columns": person}],
        "events": [{"input": "log", "columns": events, "where": "items IS NOT NULL"}],
    }
    nothing = spark.createDataFrame([], SOURCE_PARTS.schema)
    files = FilesSource(spark, Files.model_validate(conf), nothing, date(2024, 3, 9))
    at = "2024-03-02 09:05:00.123456"
    assert taken(files.events(None, date.max)) == [
        ("1-1", "ann", "a", at),
        ("1-2", "ann", "b", at),
        ("3-1", "bob", "c", at),
    ]
    assert [row["quantity"] for row in files.events(None, date.max).where("NOT filtered").collect()] == [2, 2, 2]
    assert files.users(date.max).count() == 4  # the event without items has a shopper
    wrong = conf | {"inputs": {"log": log | {"explode": "user"}}}
    with pytest.raises(ConfigurationError, match=r"log.explode: user is string, not an array of objects"):
        FilesSource(spark, Files.model_validate(wrong), nothing, date(2024, 3, 9))


@pytest.mark.parametrize("kind", FORMATS)
def test_lines_get_columns_of_their_orders(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    write(spark, tmp_path / "lines", kind, [{"order": "1", "n": "1", "sku": "a"}, {"order": "9", "n": "1", "sku": "a"}])
    heads = [{"number": "1", "customer": "old", "at": "2024-03-04 10:00:00"},
             {"number": "1", "customer": "ann", "at": "2024-03-05 10:00:00"}]  # fmt: skip
    write(spark, tmp_path / "orders", kind, heads)
    join = {"input": "orders", "on": {"order": "number"}, "columns": {"who": "customer", "at": "at"}}
    inputs = {
        "lines": {"path": str(tmp_path / "lines"), "format": kind, "join": [join]},
        "orders": {"path": str(tmp_path / "orders"), "format": kind},
    }
    files = source(spark, inputs, EVENT)
    assert taken(files.events(None, date.max)) == [
        ("1-1", "ann", "a", "2024-03-05 10:00:00"), ("9-1", None, "a", "None"),
    ]  # fmt: skip
    inputs["lines"]["join"] = [join | {"columns": {"sku": "customer"}}]
    with pytest.raises(ConfigurationError, match="sku is a column of both inputs"):
        source(spark, inputs, EVENT)
    inputs["lines"]["join"] = [join | {"columns": {"who": "client"}}]
    with pytest.raises(Refused, match=r"inputs.orders have no column client, which lines joins"):
        source(spark, inputs, EVENT)


def test_a_header_in_another_encoding_names_the_option(spark: SparkSession, tmp_path: Path) -> None:
    lines = {"path": str(tmp_path / "lines.csv"), "format": "csv"}
    for header, encoding, words in (
        ("who,at", "utf-16", "looks like UTF-16: set options"), ("Größe,at", "cp1252", "such as windows-1252"),
    ):  # fmt: skip
        (tmp_path / "lines.csv").write_bytes(f"{header}\r\nu1,2024-03-05\r\n".encode(encoding))
        with pytest.raises(Refused, match=words):
            source(spark, {"lines": lines}, EVENT).events(None, date.max)


@pytest.mark.parametrize(
    "kind", ["json", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("parquet", "delta"))]
)
def test_one_element_of_several_is_refused(
    spark: SparkSession, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[str] = []

    def noted(rows: DataFrame, mapping: TableMapping) -> None:
        checks.append(mapping.input)
        require_no_lost_elements(rows, mapping)

    monkeypatch.setattr(files_module, "require_no_lost_elements", noted)
    rows = [
        {"order": "1", "n": "1", "who": "ann", "at": "2024-03-05", "items": [{"sku": "a"}, {"sku": "b"}]},
        {"order": "2", "n": "1", "who": "bob", "at": "2024-03-06", "items": [{"sku": "c"}]},
        {"order": "3", "n": "1", "who": "bob", "at": "2024-03-06", "items": []},
    ]
    (tmp_path / "log.json").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    if kind != "json":
        spark.read.json(str(tmp_path / "log.json")).write.format(kind).save(str(tmp_path / f"log.{kind}"))
    lines = {"path": str(tmp_path / f"log.{kind}"), "format": kind}
    item = {"item_id": "order", "title": "order", "updated_at": "at"}

    def files_of(sql: str, where: str | None = None) -> FilesSource:
        mapping = {"input": "lines", "where": where, "columns": EVENT | {"item_id": {"sql": sql}}}
        person = {"input": "lines", "columns": {"user_id": "who", "updated_at": "at"}}
        conf = {"inputs": {"lines": lines}, "items": [{"input": "lines", "columns": item}], "users": [person]}
        files = Files.model_validate(conf | {"events": [mapping]})
        taken = spark.createDataFrame([], SOURCE_PARTS.schema)
        return FilesSource(spark, files, taken, date(2024, 3, 9))

    def events(sql: str, where: str | None = None) -> DataFrame:
        return files_of(sql, where).events(None, date.max)

    for sql in ("items[0].sku", "get(items, 0).sku", "element_at(`items`, 1).sku"):
        with pytest.raises(Refused, match=r"takes one element of items, and 1 rows have several.* explode: items"):
            events(sql)
        assert events(sql, "size(items) < 2").where("item_id = 'c'").count() == 1
    # Of parameters by name one is meant.
    assert events("get(filter(items, x -> x.sku = 'b'), 0).sku").where("item_id = 'b'").count() == 1
    with pytest.raises(Refused, match=r"filter\(items, x -> x.name = '…'\)\[0\]"):
        events("items[0].sku")
    with pytest.raises(ConfigurationError, match=r"explode for source.files.inputs.lines"):
        events("explode(items).sku")
    checks.clear()
    twice = files_of("items[0].sku", "size(items) < 2")
    assert twice.events(None, date.max).count() == twice.events(None, date.max).count()
    assert checks == ["lines"]


@pytest.mark.parametrize("kind", FORMATS)
def test_names_of_folders_are_columns_as_text(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "a[1]"
    for shop in ("shop=007", "shop=Nord + Süd", "shop=__HIVE_DEFAULT_PARTITION__"):
        write(spark, folder / shop, kind, [{"order": shop[-2:], "n": "1", "who": "u", "sku": "a", "at": "2024-03-05"}])
    lines = {"path": str(folder), "format": kind, "literal": True, "partitions": ["shop"]}
    rows = source(spark, {"lines": lines}, EVENT | {"store_id": "shop"}).events(None, date.max).collect()
    assert sorted(str(row["store_id"]) for row in rows) == ["007", "None", "Nord + Süd"]
    with pytest.raises(Refused, match=r"has no file .* read as a pattern: set literal: true"):
        source(spark, {"lines": lines | {"literal": False}}, EVENT)
    with pytest.raises(
        Refused, match=r"have no column shop, .* set partitions: \[shop\] for source.files.inputs.lines"
    ):
        source(spark, {"lines": lines | {"partitions": []}}, EVENT | {"store_id": "shop"}).events(None, date.max)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"format": "csv", "explode": "items"}, "has explode, but CSV holds no arrays"),
        ({"format": "delta", "partitions": ["shop"]}, "has partitions, which a Delta table has as columns"),
        ({"format": "delta", "line_number": {"by": ["a"], "name": "n"}}, "a Delta table has no order of lines"),
        ({"format": "csv", "fill_down": {"by": [], "columns": ["a"]}}, "at least 1 item"),
    ],
)
def test_what_a_format_cannot_do_is_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        FileInput.model_validate({"path": "x", **wrong})


def test_joined_inputs_have_to_exist_and_join_nothing(spark: SparkSession) -> None:
    join = {"input": "b", "on": {"x": "x"}, "columns": {"y": "y"}}
    file = {"path": "x", "format": "csv"}
    with pytest.raises(ValidationError, match=r"inputs.lines joins b, which is not among inputs"):
        source(spark, {"lines": file | {"join": [join]}}, EVENT)
    inputs = {"lines": file | {"join": [join]}, "b": file | {"join": [join | {"input": "lines"}]}}
    with pytest.raises(ValidationError, match="which joins another input itself"):
        source(spark, inputs, EVENT)
