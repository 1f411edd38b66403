"""Files of every format, with columns that differ from file to file, and the part of a Delta table that is read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, ITEMS
from features.contract.source_parts import SOURCE_PARTS
from features.quality.contract_checks import with_contract_columns
from features.quality.outcomes import with_outcome
from jobs.config.inputs import FileInput
from jobs.config.source import Files, Mapped, TableMapping
from jobs.runtime.errors import Refused
from jobs.runtime.session import spark_session
from jobs.sources.files import FilesSource
from jobs.sources.files.mapping import mapped_rows
from jobs.sources.files.parts import list_parts
from jobs.sources.files.reading import read_parts
from tests.conftest import ROOT

NIGHT = date(2024, 3, 31)
COLUMNS = {"event_id": "id", "user_id": "who", "item_id": "code", "event_type": "kind", "event_time": "at",
           "quantity": "units", "price": "paid", "query": "words"}  # fmt: skip
ITEM_COLUMNS = {"item_id": "code", "title": "code", "updated_at": "at"}
TYPED = "id string, who string, code string, kind string, at timestamp, units int, paid double, words string"
#     id    who   code kind        at (UTC)               units paid  words
ROWS = [
    ("e1", "u1", "a", "purchase", "2024-03-01 10:00:00", 2, 1.5, None),
    ("e2", "u1", "b", "search", "2024-03-01 11:00:00", 1, 0.0, "tea pot"),
]


def source(
    spark: SparkSession,
    path: Path,
    kind: Any,
    taken: DataFrame | None = None,
    items: dict[str, str] = ITEM_COLUMNS,
    **more: str,
) -> FilesSource:
    def mapped(**columns: str) -> tuple[TableMapping, ...]:
        return (TableMapping(input="log", columns={name: Mapped(column=column) for name, column in columns.items()}),)

    conf = Files(
        inputs={"log": FileInput(path=str(path), format=kind)},
        items=mapped(**items),
        users=mapped(user_id="who", updated_at="at"),
        events=mapped(**COLUMNS, **more),
    )
    return FilesSource(spark, conf, spark.createDataFrame([], SOURCE_PARTS.schema) if taken is None else taken, NIGHT)


def events(files: FilesSource) -> list[tuple[Any, ...]]:
    """(id, time, quantity, price, query) of accepted events, (reason,) of rejected ones, sorted."""
    rows = with_contract_columns(files.events(None, NIGHT), EVENTS)
    judged = with_outcome(rows, EVENTS, "event_time", NIGHT).collect()
    results = [
        (row["reason"],)
        if row["reason"]
        else (row["event_id"], str(row["event_time"])[11:], row["quantity"], float(row["price"]), row["query"])
        for row in judged
    ]
    return sorted(results, key=str)


def typed(spark: SparkSession, rows: list[tuple[Any, ...]] = ROWS) -> DataFrame:
    text = TYPED.replace("at timestamp", "at string")
    return spark.createDataFrame(rows, text).withColumn("at", F.to_timestamp("at")).coalesce(1)


EXPECTED = [("e1", "10:00:00", 2, 1.5, None), ("e2", "11:00:00", 1, 0.0, "tea pot")]


def test_json_and_parquet_are_read_as_csv_is(spark: SparkSession, tmp_path: Path) -> None:
    typed(spark).write.parquet(str(tmp_path / "parquet"))
    assert events(source(spark, tmp_path / "parquet", "parquet")) == EXPECTED
    lines = [
        '{"id": "e1", "who": "u1", "code": "a", "kind": "purchase", "at": "2024-03-01T12:00:00+02:00", "units": 2, '
        '"paid": 1.50}',
        '{"id": "e2", "who": "u1", "code": "b", "kind": "search", "at": "2024-03-01T11:00:00Z", "words": "tea pot"}',
        '{"id": "e3", "who":',
    ]
    (tmp_path / "log.json").write_text("\n".join(lines), encoding="utf-8")
    rows = with_contract_columns(source(spark, tmp_path / "log.json", "json").events(None, NIGHT), EVENTS).collect()
    values = {row["event_id"]: tuple(row[name] for name in ("quantity", "price", "query")) for row in rows}
    # A search has no units and no price; a line that stops in the middle is malformed.
    assert values == {"e1": (2, Decimal("1.5"), None), "e2": (None, None, "tea pot"), None: (None, None, None)}
    assert {row["event_id"]: str(row["event_time"])[11:] for row in rows if row["event_id"]} == {
        "e1": "10:00:00", "e2": "11:00:00",
    }  # fmt: skip
    assert [row["unreadable"] for row in rows if row["event_id"] is None] == ["line_malformed"]


@pytest.mark.parametrize("folder", [Path("tests/gift_shop"), ROOT / "tests/gift_shop"])
def test_a_file_has_one_name_for_relative_and_absolute_paths(spark: SparkSession, folder: Path) -> None:
    files = FileInput(path=str(folder / "order_lines.csv"), format="csv")
    parts = list_parts(spark, "log", files)
    [rows] = read_parts(spark, files, parts)
    assert [row["source_part"] for row in rows.select("source_part").distinct().collect()] == [parts[0].place]


def test_a_json_field_of_an_optional_column_may_be_in_no_line(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {
        "id": "e1",
        "who": "u1",
        "code": "a",
        "kind": "purchase",
        "at": "2024-03-01T10:00:00Z",
        "units": 2,
        "paid": 1,
    }
    logged: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr("jobs.sources.files.event", lambda message, **fields: logged.append((message, fields)))
    path = tmp_path / "log.json"
    path.write_text(json.dumps(row), encoding="utf-8")
    assert events(source(spark, path, "json")) == [("e1", "10:00:00", 2, 1.0, None)]
    assert ("fields without values", {"input": "log", "fields": "words"}) in logged
    path.write_text(json.dumps({name: value for name, value in row.items() if name != "kind"}), encoding="utf-8")
    with pytest.raises(Refused, match=r"have no column kind, which source.files.events maps; log.json has at, code"):
        events(source(spark, path, "json"))


def test_an_array_of_json_is_an_embedding(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "items.json").write_text('{"code": "a", "at": "2024-03-01T10:00:00Z", "picture": [0.5, 1]}\n')
    files = source(spark, tmp_path / "items.json", "json", items=ITEM_COLUMNS | {"image_embedding": "picture"})
    [row] = with_contract_columns(files.items(NIGHT), ITEMS).collect()
    assert row["image_embedding"] == [0.5, 1.0]


def test_exports_that_changed_are_read_by_their_own_columns(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(
        "id,who,code,kind,at,units,paid,words\ne1,u1,a,purchase,2024-03-01 10:00:00,2,1.5,\n"
    )
    (tmp_path / "2.csv").write_text(
        "paid,id,who,code,kind,at,units,words,new\n0,e2,u1,b,search,2024-03-01 11:00:00,1,tea pot,x\n"
    )
    assert events(source(spark, tmp_path, "csv")) == EXPECTED
    with pytest.raises(Refused, match=r"have no column new, which source.files.events maps; 1.csv has id"):
        events(source(spark, tmp_path, "csv", basket_id="new"))
    typed(spark).drop("words").write.parquet(str(tmp_path / "old/1"))
    typed(spark).withColumn("units", F.col("units").cast("long")).write.parquet(str(tmp_path / "old/2"))
    with pytest.raises(Refused, match=r"have no column words, which source.files.events maps"):
        events(source(spark, tmp_path / "old", "parquet"))
    typed(spark).write.mode("overwrite").parquet(str(tmp_path / "old/1"))
    both = source(spark, tmp_path / "old", "parquet")
    assert events(both) == sorted(EXPECTED * 2, key=str)
    assert both.types()["log.units"] == "bigint or int"


@pytest.mark.slow
@pytest.mark.parametrize("marks_deleted", [False, True])
def test_only_newly_written_files_of_a_delta_table_are_read(
    spark: SparkSession, tmp_path: Path, marks_deleted: bool
) -> None:
    path = tmp_path / "of the shop"
    more = [("e3", "u1", "c", "purchase", "2024-03-02 10:00:00", 1, 1.0, None),
            ("e4", "u1", "d", "purchase", "2024-03-02 11:00:00", 1, 1.0, None)]  # fmt: skip
    writer = typed(spark).withColumn("shop", F.lit("Harbour Street = 1%")).write.format("delta").partitionBy("shop")
    writer.option("delta.enableDeletionVectors", str(marks_deleted).lower()).save(str(path))

    def night(taken: DataFrame | None) -> tuple[FilesSource, DataFrame]:
        files = source(spark, path, "delta", taken)
        recorded = [(part.input, part.place, part.fingerprint, date(2024, 3, 1), None, False) for part in files.parts]
        known = taken.collect() if taken is not None else []
        fresh = {part.place for part in files.parts}
        unchanged = [tuple(row) for row in known if row["part"] not in fresh]
        return files, spark.createDataFrame([*unchanged, *recorded], SOURCE_PARTS.schema)

    first, taken = night(None)
    assert events(first) == EXPECTED
    same, taken = night(taken)
    assert (same.parts, events(same), same.replaced(EVENTS)) == ((), [], {})
    typed(spark, more).withColumn("shop", F.lit("Web")).write.format("delta").mode("append").save(str(path))
    appended, taken = night(taken)
    ids = [row[0] for row in events(appended)]
    # With deletion vectors a file's name does not determine its content: the complete version is read.
    assert ids == (["e1", "e2", "e3", "e4"] if marks_deleted else ["e3", "e4"])
    stored = DeltaTable.forPath(spark, str(path))
    stored.delete("id = 'e3'")
    stored.update("id = 'e4'", {"units": "9"})
    changed, _ = night(taken)
    quantities = {row[0]: row[2] for row in events(changed)}
    assert quantities == ({"e1": 2, "e2": 1, "e4": 9} if marks_deleted else {"e4": 9})
    before = {row["part"] for row in taken.collect()}
    now = {part.place for part in changed.parts}
    assert set(changed.replaced(EVENTS)) == now | {part for part in before if "shop=Web" in part}


@pytest.mark.slow
def test_a_delta_table_is_read_in_the_version_whose_files_are_listed(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "orders"
    typed(spark).write.format("delta").save(str(path))
    files = FileInput(path=str(path), format="delta")
    parts = list_parts(spark, "log", files)
    DeltaTable.forPath(spark, str(path)).update("id = 'e1'", {"units": "9"})  # writes another file
    [rows] = read_parts(spark, files, parts)
    assert sorted((row["id"], row["units"]) for row in rows.collect()) == [("e1", 2), ("e2", 1)]
    # A table that is written from scratch in between has no such version.
    [part] = parts
    with pytest.raises(Refused, match=r"orders has changed while it was read: its version 7 is gone.*Run the night"):
        read_parts(spark, files, [replace(part, version=7)])
    chosen = FileInput(path=str(path), format="delta", options={"versionAsOf": "0"})
    assert [part.place for part in list_parts(spark, "log", chosen)] == [part.place for part in parts]


@pytest.mark.slow
def test_a_delta_table_of_the_last_days_that_is_overwritten_deletes_no_history(
    spark: SparkSession, tmp_path: Path
) -> None:
    path = tmp_path / "last_days"
    typed(spark).write.format("delta").save(str(path))
    first = source(spark, path, "delta")
    recorded = [(part.input, part.place, part.fingerprint, date(2024, 3, 1), None, False) for part in first.parts]
    taken = spark.createDataFrame(recorded, SOURCE_PARTS.schema)
    later = [ROWS[1], ("e3", "u1", "c", "purchase", "2024-03-02 10:00:00", 1, 1.0, None)]
    typed(spark, later).write.format("delta").mode("overwrite").save(str(path))
    second = source(spark, path, "delta", taken)
    gone = {part.place: second.replaced(EVENTS)[part.place] for part in first.parts}
    # From the first row on that the table has now; e1, an hour before, stays.
    assert set(gone.values()) == {datetime(2024, 3, 1, 11, tzinfo=UTC)}
    assert second.rolled(EVENTS) == gone
    DeltaTable.forPath(spark, str(path)).delete()
    with pytest.raises(Refused, match="has no file"):
        source(spark, path, "delta", taken)


def mapped_events(spark: SparkSession, path: Path, options: dict[str, str], **columns: Any) -> list[Any]:
    files = FileInput(path=str(path), format="csv", options=options)
    [rows] = read_parts(spark, files, list_parts(spark, "log", files))
    mapping = TableMapping.model_validate({"input": "log", "columns": columns})
    return mapped_rows(rows, mapping, EVENTS).collect()


def test_an_export_of_a_spreadsheet(spark: SparkSession, tmp_path: Path) -> None:
    """windows-1252, quotes doubled within quotes, spaces around words, decimal commas."""
    spark_session("test")  # with the settings of the jobs
    lines = [
        "id;kind;paid;query",
        '1;Verkauf ;1.249,50;"Endet mit ""so"""',
        "2; Verkauf;12.90;Würze",
        "3;ja;7;x",
        "4;Verkauf;-3,5;x",
    ]
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n", encoding="windows-1252")
    rows = mapped_events(
        spark, tmp_path / "log.csv", {"sep": ";", "encoding": "windows-1252"},
        event_id="id", query="query", event_time={"constant": "2024-03-01"},
        event_type={"column": "kind", "values": {"Verkauf": "purchase", "ja": "cart"}},
        price={"column": "paid", "decimal_comma": True},
    )  # fmt: skip
    assert [(row["event_type"], row["price"], row["query"], row["unreadable"]) for row in rows] == [
        ("purchase", Decimal("1249.50"), 'Endet mit "so"', ""),
        ("purchase", None, "Würze", "price_unreadable"),  # without its dot, a hundred times as much
        ("cart", Decimal("7"), "x", ""),
        ("purchase", Decimal("-3.5"), "x", ""),
    ]


def test_words_that_yaml_reads_as_truth_or_number_are_words() -> None:
    words = yaml.safe_load("{ja: {yes: purchase, 7: cart}}")["ja"]
    assert Mapped(column="kind", values=words).values == {"true": "purchase", "7": "cart"}
