"""The mapping of files: values, rows that are rejected with their reason, and errors of a wrong configuration."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from features.contract import EVENTS, ITEMS
from features.quality.contract_checks import with_contract_columns
from features.quality.outcomes import refused_rows, with_outcome
from jobs.config.configuration import load_config
from jobs.config.inputs import FileInput
from jobs.config.source import Mapped, TableMapping
from jobs.runtime.errors import ConfigurationError
from jobs.sources.files.mapping import mapped_rows
from jobs.sources.files.parts import Part, fresh_parts, list_parts
from jobs.sources.files.reading import read_parts
from jobs.sources.volume import unusual_types

BEFORE = date(2024, 3, 31)
MAPPING = TableMapping(
    input="lines",
    where="Kind <> 'Postage' OR Kind IS NULL",
    columns={
        "event_id": Mapped(columns=("Order", "Line"), separator="-"),
        "user_id": Mapped(column="Customer"),
        "item_id": Mapped(column="Code"),
        "event_type": Mapped(column="Kind", values={"Sale": "purchase", "Refund": "return"}),
        "event_time": Mapped(column="At", format="dd/MM/yyyy HH:mm", zone="Europe/London"),
        "quantity": Mapped(column="Units"),
        "price": Mapped(column="Paid", decimal_comma=True),
        "query": Mapped(column="Words"),
    },
)
GOOD = ["7", "1", "C1", "G1", "Sale", "29/03/2024 10:00", "2", "1.250,50", ""]
HEAD = ["Order", "Line", "Customer", "Code", "Kind", "At", "Units", "Paid", "Words"]
LONG = "x" * 20001


def changed(**values: str) -> list[str]:
    return [values.get(name, good) for name, good in zip(HEAD, GOOD, strict=True)]


BAD = {
    "order number missing": (changed(Order=""), "event_id_missing"),
    "shopper missing": (changed(Customer=" "), "user_id_missing"),
    "item missing": (changed(Code=""), "item_id_missing"),
    "unknown event type": (changed(Kind="Gift"), "event_type_unknown"),
    "event type missing": (changed(Kind=""), "event_type_missing"),
    "a day that does not exist": (changed(At="31/02/2024 10:00"), "event_time_unreadable"),
    "another format": (changed(At="2024-03-29"), "event_time_unreadable"),
    "a clock that was never set": (changed(At="01/01/1970 00:00"), "event_time_absurd"),
    "negative quantity": (changed(Units="-2"), "quantity_negative"),
    "absurd quantity": (changed(Units="1000000"), "quantity_absurd"),
    "half a unit": (changed(Units="1.5"), "quantity_unreadable"),
    "no number": (changed(Units="two"), "quantity_unreadable"),
    "negative price": (changed(Paid="-1,00"), "price_negative"),
    "absurd price": (changed(Paid="99999999999999,00"), "price_absurd"),
    "no price": (changed(Paid="free"), "price_unreadable"),
    "not UTF-8": (changed(Code="Caf\\xe9"), "item_id_bad_utf8"),
    "over-long id": (changed(Code="G" * 300), "item_id_too_long"),
    "over-long text": (changed(Words=LONG), "query_too_long"),
    "too few fields": (["8", "1", "C1"], "line_malformed"),
}


def write_csv(path: Path, rows: list[list[str]]) -> Path:
    lines = [";".join(row).encode() for row in [HEAD, *rows]]
    path.write_bytes(b"\n".join(lines).replace(b"\\xe9", b"\xe9") + b"\n")
    return path


def test_values_are_converted_to_the_contract_and_bad_rows_are_named(spark: SparkSession, tmp_path: Path) -> None:
    postage = changed(Kind="Postage")
    rows = [GOOD, postage, *(row for row, _ in BAD.values())]
    files = FileInput(path=str(write_csv(tmp_path / "lines.csv", rows)), format="csv", options={"sep": ";"})
    [read] = read_parts(spark, files, list_parts(spark, "lines", files))
    judged = with_outcome(
        with_contract_columns(mapped_rows(read, MAPPING, EVENTS), EVENTS), EVENTS, "event_time", BEFORE
    )
    rows_judged = judged.collect()
    [accepted] = [row for row in rows_judged if row["outcome"] == "accepted"]
    assert (accepted["event_id"], accepted["event_type"], accepted["quantity"], str(accepted["price"])) == (
        "7-1", "purchase", 2, "1250.5000",
    )  # fmt: skip
    assert str(accepted["event_time"]) == "2024-03-29 10:00:00"  # London is on UTC in March
    assert accepted["source_part"].endswith("lines.csv")
    assert [row["outcome"] for row in rows_judged].count("filtered") == 1
    reasons = sorted(row["reason"] for row in rows_judged if row["outcome"] == "rejected")
    assert reasons == sorted(reason for _, reason in BAD.values())
    payloads = {row["reason"]: json.loads(row["payload"]) for row in refused_rows(judged, EVENTS, "rejected").collect()}
    assert payloads["price_unreadable"]["Paid"] == "free"
    assert payloads["quantity_absurd"]["quantity"] == 1000000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"image_embedding": [0.5, float("nan")]}, "image_embedding_not_finite"),
        ({"image_embedding": [0.5]}, "image_embedding_wrong_length"),
        ({"margin": float("nan")}, "margin_absurd"),
        ({"title": "Caf\ufffd"}, "title_bad_utf8"),
        ({"title": "x" * 2001}, "title_too_long"),
        ({"price": -1}, "price_negative"),
        ({"withdrawn_at": "2023-01-01 00:00:00"}, "withdrawn_at_not_after_listed_at"),
    ],
)
def test_bad_items_are_named(spark: SparkSession, change: dict[str, Any], reason: str) -> None:
    from pyspark.sql import functions as F

    from features.contract.table import Invariant

    good = {
        "item_id": "G1", "valid_from": "2024-01-01 00:00:00", "title": "Mug", "attributes": None, "margin": 0.3,
        "price": 2, "listed_at": "2024-01-01 00:00:00", "updated_at": "2024-01-01 00:00:00", "withdrawn_at": None,
        "image_embedding": [0.5, 1.0],
    }  # fmt: skip
    kinds = {"margin": "double", "price": "int", "image_embedding": "array<double>", "attributes": "map<string,string>"}
    schema = ", ".join(f"{name} {kinds.get(name, 'string')}" for name in good)
    frame = spark.createDataFrame([tuple((good | change).values())], schema)
    frame = frame.withColumn("attributes", F.create_map().cast("map<string,string>"))
    size = Invariant("image_embedding_wrong_length", "size(image_embedding) = 2")
    [row] = with_outcome(with_contract_columns(frame, ITEMS), ITEMS, "valid_from", BEFORE, (size,)).collect()
    assert (row["outcome"], row["reason"]) == ("rejected", reason)


def test_ids_of_several_columns_stay_apart_and_times_come_in_many_forms(spark: SparkSession) -> None:
    rows = [("a-b", "c", 1711706400, "1711706400000", None), ("a", "b-c", 1711706400, "x", "1")]
    frame = spark.createDataFrame(rows, "one string, two string, seconds long, millis string, gap string")
    columns = {
        "event_id": Mapped(columns=("one", "two")),
        "event_time": Mapped(column="seconds", unit="seconds"),
        "ingested_at": Mapped(column="millis", unit="milliseconds"),
        "position": Mapped(column="gap", default=9),
    }
    mapped = mapped_rows(frame, TableMapping(input="x", columns=columns), EVENTS).collect()
    assert [row["event_id"] for row in mapped] == ["a--b-c", "a-b--c"]
    assert [str(row["event_time"]) for row in mapped] == ["2024-03-29 10:00:00"] * 2
    assert [(row["unreadable"], row["position"]) for row in mapped] == [("", 9), ("ingested_at_unreadable", 1)]


def test_only_new_changed_and_waiting_files_are_read(spark: SparkSession) -> None:
    now = [
        Part("in", name, name, mark)
        for name, mark in (("old", "1"), ("changed", "2"), ("waits", "1"), ("tonight", "1"), ("new", "1"))
    ]
    taken = [
        ("in", "old", "1", date(2024, 1, 1), None, False),
        ("in", "changed", "1", date(2024, 1, 1), None, False),
        ("in", "waits", "1", date(2024, 1, 1), None, True),
        ("in", "tonight", "1", date(2024, 1, 2), date(2024, 1, 1), False),
        ("in", "gone", "1", date(2024, 1, 1), None, False),
        ("other", "x", "1", date(2024, 1, 2), None, False),
    ]
    schema = "input string, part string, fingerprint string, as_of date, taken_until date, has_later boolean"
    fresh = fresh_parts(now, spark.createDataFrame(taken, schema), date(2024, 1, 2))
    assert [(part.place, part.taken_until) for part in fresh.parts] == [
        ("changed", None),
        ("waits", date(2024, 1, 1)),
        ("tonight", date(2024, 1, 1)),  # a repeated run reads the same rows
        ("new", None),
    ]
    assert [part.place for part in fresh.gone] == ["gone"]
    assert fresh.replaced == {"changed": None, "waits": date(2024, 1, 1), "tonight": date(2024, 1, 1), "new": None}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inputs": {"order_lines": {"paht": "x"}}}, "source.files.inputs.order_lines.paht is not a key"),
        ({"inputs": {"order_lines": {"format": "xls"}}}, "source.files.inputs.order_lines.format is wrong"),
        ({"items": [{"input": "nope", "columns": {}}]}, "items has the input nope, which is not among inputs"),
        (
            {"items": [{"input": "order_lines", "columns": {"colour": "C"}}]},
            "items.columns has colour, which is not a column of the contract",
        ),
        (
            {"items": [{"input": "order_lines", "columns": {"title": {"column": "A", "constant": "b"}}}]},
            "exactly one of column, columns, map, constant, sql",
        ),
    ],
)
def test_a_wrong_mapping_is_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    shop = yaml.safe_load(Path("conf/gift_shop.yaml").read_text(encoding="utf-8"))
    files = shop["source"]["files"]
    for key, value in change.items():
        files[key] = {"order_lines": files[key]["order_lines"] | value["order_lines"]} if key == "inputs" else value
    path = tmp_path / "shop.yaml"
    path.write_text(yaml.safe_dump(shop), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=words):
        load_config(path)


def test_unusual_days_are_found_by_their_weekday() -> None:
    volume = load_config("conf/local.yaml").source.volume  # 4 weeks, 0.1 to 10 times
    fridays = {date(2024, 3, 1): 100, date(2024, 3, 8): 120, date(2024, 3, 15): 80, date(2024, 3, 22): 110}
    friday, saturday = date(2024, 3, 29), date(2024, 3, 30)

    def sentences(of_type: dict[date, int], events_each: int = 1, **others: dict[date, int]) -> list[str]:
        counts = {"purchase": of_type, **others}
        shoppers = {kind: {day: n // events_each for day, n in days.items()} for kind, days in counts.items()}
        return unusual_types(counts, shoppers, [friday, saturday], volume)

    assert sentences(fridays | {friday: 11}) == []  # Saturdays are never open
    assert sentences(fridays) == ["2024-03-29 has no purchase event, the median of its weekday in 4 weeks is 105"]
    assert "has 9 purchase events" in sentences(fridays | {friday: 9})[0]
    assert "has 1051 purchase events" in sentences(fridays | {friday: 1051})[0]
    assert sentences({friday: 5}) == []  # no week before to compare with
    # A new type of event is not compared, and hides no other one; rare types vary by chance.
    usual = fridays | {friday: 100}
    assert sentences(usual, exposure={date(2024, 3, 28): 9_000, friday: 24_000, saturday: 23_000}) == []
    assert "no purchase" in sentences(fridays, exposure={friday: 24_000})[0]
    assert "no click" in sentences(usual, click=dict.fromkeys(fridays, 30))[0]
    assert sentences(usual, 10, click=dict.fromkeys(fridays, 30)) == []  # three shoppers a day, who stayed away
    assert sentences(usual, **{"return": dict.fromkeys(fridays, 2) | {friday: 30}}) == []
