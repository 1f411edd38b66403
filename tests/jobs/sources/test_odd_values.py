"""Values as real exports have them: times with and without a zone, cells that an expression cannot read, options."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, ITEMS, USERS
from features.contract.source_parts import SOURCE_PARTS
from features.contract.table import Table
from features.quality.contract_checks import with_contract_columns
from features.quality.optional_values import without_bad_options
from jobs.config.inputs import FileInput
from jobs.config.source import Files, TableMapping
from jobs.sources import intake as intake_module
from jobs.sources.files import FilesSource
from jobs.sources.files.mapping import mapped_rows
from jobs.sources.files.parts import list_parts
from jobs.sources.files.reading import read_parts
from jobs.sources.intake import Intake, arrive, judge
from jobs.sources.total_words import TOTAL
from tests.jobs.sources.test_reshaping import FORMATS, ONE_FORMAT

NIGHT = date(2024, 3, 9)
EVENT = {"event_id": "id", "user_id": {"constant": "u"}, "item_id": {"constant": "a"},
         "event_type": {"constant": "purchase"}, "event_time": "at"}  # fmt: skip


def written(spark: SparkSession, folder: Path, kind: str, rows: list[dict[str, Any]]) -> DataFrame:
    """The rows as a file of the kind and read again, all values as text, with the columns that reading adds."""
    frame = spark.createDataFrame([Row(**row) for row in rows], ", ".join(f"`{name}` string" for name in rows[0]))
    writer = frame.coalesce(1).write.option("header", "true").option("escape", '"')
    writer.format(kind).save(str(folder / kind))
    files = FileInput(path=str(folder / kind), format=kind)  # type: ignore[arg-type]
    [read] = read_parts(spark, files, list_parts(spark, "log", files))
    return read


def mapped(rows: DataFrame, table: Table, columns: dict[str, Any], where: str | None = None) -> DataFrame:
    mapping = TableMapping.model_validate({"input": "log", "columns": columns, "where": where})
    return with_contract_columns(mapped_rows(rows, mapping, table), table)


def judged(rows: DataFrame, table: Table, columns: dict[str, Any], where: str | None = None) -> Intake:
    time = {EVENTS.name: "event_time", ITEMS.name: "valid_from", USERS.name: "updated_at"}[table.name]
    return judge(arrive(mapped(rows, table, columns, where), table), time, NIGHT)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_offset_in_a_text_counts_and_the_zone_is_for_texts_without_one(
    spark: SparkSession, tmp_path: Path, kind: str
) -> None:
    half_past_eight = {
        "offset": "2024-03-05T09:30:00+01:00", "none": "2024-03-05 09:30:00", "utc": "2024-03-05T08:30:00Z",
        "colonless": "2024-03-05 14:00:00 +0530", "region": "2024-03-05 03:30:00 America/New_York",
        "fraction": "2024-03-05T09:30:00.000+01:00", "minutes": "2024-3-5 09:30",
    }  # fmt: skip
    unread = {"clock": " 09:30", "year": "2024", "long": "20240-03-05", "month": "202403", "other day": "05.03.2024"}
    rows = written(spark, tmp_path, kind, [{"id": i, "at": at} for i, at in (half_past_eight | unread).items()])
    columns = EVENT | {"event_time": {"column": "at", "zone": "Europe/Berlin"}}
    times = {row["event_id"]: row for row in mapped(rows, EVENTS, columns).collect()}
    assert {str(times[name]["event_time"]) for name in half_past_eight} == {"2024-03-05 08:30:00"}
    assert {times[name]["unreadable"] for name in unread} == {"event_time_unreadable"}
    assert {name: times[name]["example"] for name in unread} == {name: at.strip() for name, at in unread.items()}


def test_a_format_with_an_offset_needs_no_zone_and_an_optional_offset_may_lack(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("2024/03/05 09:30 +0100",), ("2024/03/05 09:30",)], "at string")

    def times(pattern: str) -> list[str]:
        columns = {"event_time": {"column": "at", "format": pattern, "zone": "Europe/Berlin"}}
        mapping = TableMapping.model_validate({"input": "log", "columns": columns})
        return [str(row["event_time"]) for row in mapped_rows(rows, mapping, EVENTS).collect()]

    assert times("yyyy/MM/dd HH:mm xx") == ["2024-03-05 08:30:00", "None"]
    assert times("yyyy/MM/dd HH:mm[ xx]") == ["2024-03-05 08:30:00", "2024-03-05 08:30:00"]
    assert times("yyyy/MM/dd HH:mm") == ["None", "2024-03-05 08:30:00"]


def test_an_instant_has_no_zone_and_numbers_count_in_three_units(spark: SparkSession) -> None:
    schema = "instant timestamp, naive timestamp_ntz, micros long"
    at = datetime(2024, 3, 5, 9, 30)
    frame = spark.createDataFrame(
        [("2024-03-05 09:30:00", at, 1709631000123456)], schema.replace("timestamp,", "string,")
    )
    rows = frame.withColumn("instant", F.to_timestamp("instant")).withColumn("source_line", F.lit(0))
    columns = {
        "event_time": {"column": "instant", "zone": "Europe/Berlin"},
        "ingested_at": {"column": "naive", "zone": "Europe/Berlin"},
        "list_as_of": {"column": "micros", "unit": "microseconds"},
    }
    mapping = TableMapping.model_validate({"input": "log", "columns": columns})
    [row] = mapped_rows(rows, mapping, EVENTS).collect()
    assert (str(row["event_time"]), str(row["ingested_at"])) == ("2024-03-05 09:30:00", "2024-03-05 08:30:00")
    assert row["list_as_of"] == date(2024, 3, 5)
    absurd = {"event_time": {"column": "micros", "unit": "milliseconds"}}  # the year 56,000
    [row] = mapped_rows(rows, TableMapping.model_validate({"input": "log", "columns": absurd}), EVENTS).collect()
    assert (row["event_time"], row["unreadable"]) == (None, "event_time_unreadable")


@pytest.mark.parametrize("kind", FORMATS)
def test_what_an_expression_raises_rejects_its_row(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    at, cells = (
        "2024-03-05 09:30:00",
        {"good": ("2", "3"), "text": ("n/a", "3"), "zero": ("0", "3"), "none": ("0", "0")},
    )
    rows = written(spark, tmp_path, kind, [{"id": i, "at": at, "qty": q, "paid": p} for i, (q, p) in cells.items()])
    columns = EVENT | {
        # All three expressions have the same cast: Spark must not evaluate it once for all of them, unguarded.
        "quantity": {"sql": "cast(qty AS BIGINT)"},
        "price": {"sql": "cast(paid AS DECIMAL(18,4)) / cast(qty AS BIGINT)"},
    }
    intake = judged(rows, EVENTS, columns, where="cast(qty AS BIGINT) >= 0 AND (paid > 0 OR id = 'x')")
    results = {row["event_id"]: (row["outcome"], row["reason"]) for row in intake.judged.collect()}
    assert results == {
        "good": ("accepted", ""), "zero": ("rejected", "price_unreadable"), "none": ("filtered", ""),
        "text": ("rejected", "where_unreadable,quantity_unreadable,price_unreadable"),
    }  # fmt: skip
    [accepted] = intake.accepted.collect()
    assert (accepted["quantity"], float(accepted["price"])) == (2, 1.5)
    intake.release()


def test_an_index_outside_an_array_and_a_failed_check_reject_their_row(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("a", ["x"]), ("b", [])], "id string, items array<string>")
    rows = rows.withColumn("source_line", F.monotonically_increasing_id())
    columns = {
        "event_id": "id", "user_id": {"sql": "if(id = 'b', raise_error('no'), id)"}, "item_id": {"sql": "items[0]"},
        "event_time": {"constant": "2024-03-05"},
    }  # fmt: skip
    mapping = TableMapping.model_validate({"input": "log", "columns": columns})
    results = {row["event_id"]: row["unreadable"] for row in mapped_rows(rows, mapping, EVENTS).collect()}
    assert results == {"a": "", "b": "user_id_unreadable,item_id_unreadable"}


@pytest.mark.parametrize("kind", ONE_FORMAT)
def test_an_item_stays_without_an_optional_value_that_cannot_be_used(
    spark: SparkSession, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"id": "g", "at": "2024-01-01 00:00:00", "stock": "5", "gone": "", "cost": "2", "share": "0.5", "words": "w"}
    bad = {"stock": "-2", "gone": "0000-00-00 00:00:00", "cost": "on request", "share": "1.5", "words": "x" * 20001}
    rows = written(spark, tmp_path, kind, [good, *({**good, "id": name, name: value} for name, value in bad.items())])
    columns = {"item_id": "id", "title": "id", "updated_at": "at", "stock_quantity": "stock", "withdrawn_at": "gone",
               "price": "cost", "margin": "share", "description": "words"}  # fmt: skip
    events, warnings = list[str](), list[str]()
    monkeypatch.setattr(intake_module, "event", lambda message, **fields: events.append(str(fields.get("reason"))))
    monkeypatch.setattr(intake_module, "warning", lambda message, **fields: warnings.append(fields["reason"]))
    intake = judged(rows, ITEMS, columns)
    assert "price_unreadable" in events
    assert warnings == []
    intake.release()
    judged(rows.where("id = 'cost'"), ITEMS, columns).release()
    assert warnings == ["price_unreadable"]
    intake = judged(rows, ITEMS, columns)
    assert intake.balance.rows == {"items_in": 6, "items_accepted": 6}
    results = {row["item_id"]: row for row in intake.judged.collect()}
    assert {name: row["left_out"] for name, row in results.items()} == {
        "g": None, "stock": "stock_quantity_negative", "gone": "withdrawn_at_unreadable", "cost": "price_unreadable",
        "share": "margin_absurd", "words": "description_too_long",
    }  # fmt: skip
    # On back order is out of stock; NULL would be stock that the store does not track.
    assert (results["stock"]["stock_quantity"], results["g"]["stock_quantity"]) == (0, 5)
    assert results["gone"]["withdrawn_at"] is results["cost"]["price"] is results["share"]["margin"] is None
    assert results["words"]["description"] is None
    assert results["cost"]["example"] == "on request"
    assert float(results["stock"]["price"]) == 2
    intake.release()


def test_a_required_value_is_not_left_out(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("",)], "title string")
    for column in ITEMS.columns:
        if column.name != "title":
            rows = rows.withColumn(column.name, F.lit(None).cast(column.type))
    [row] = without_bad_options(rows.withColumn("title", F.lit("x" * 2001)), ITEMS).collect()
    assert (row["left_out"], len(row["title"])) == (None, 2001)


def test_years_ahead_is_absurd_and_the_next_days_are_later(spark: SparkSession) -> None:
    times = {"tomorrow": "2024-03-10 00:00:00", "typed": "2099-12-31 15:42:00", "century": "2199-01-01 00:00:00"}
    rows = spark.createDataFrame(list(times.items()), "id string, at string")
    intake = judged(rows, EVENTS, EVENT)
    results = {row["event_id"]: (row["outcome"], row["reason"]) for row in intake.judged.collect()}
    absurd = ("rejected", "event_time_absurd")
    assert results == {"tomorrow": ("later", ""), "typed": absurd, "century": absurd}
    intake.release()


def test_of_one_key_the_newer_record_the_later_line_and_the_refusal_win(spark: SparkSession) -> None:
    def lines(rows: list[tuple[Any, ...]], names: str) -> DataFrame:
        frame = spark.createDataFrame(rows, ", ".join(f"{name} string" for name in names.split()))
        return (
            frame.coalesce(1)
            .withColumn("source_line", F.monotonically_increasing_id())
            .withColumn("source_part", F.lit("file"))
        )

    day, noon, evening = "2024-03-05 09:00:00", "2024-03-06 12:00:00", "2024-03-06 18:00:00"
    versions = [("a", day, noon, "1"), ("a", day, evening, "9"), ("a", day, evening, "9"),
                ("b", day, noon, "1"), ("b", day, noon, "2")]  # fmt: skip
    orders = judged(
        lines(versions, "id at recorded units"), EVENTS, EVENT | {"quantity": "units", "ingested_at": "recorded"}
    )
    assert orders.balance.by_outcome == {"accepted": 1, "duplicates": 2, "rejected": 2}
    assert [(row["event_id"], row["quantity"]) for row in orders.accepted.collect()] == [("a", 9)]
    prices = judged(
        lines([("a", day, "5"), ("a", day, "4"), ("a", noon, "5")], "id at cost"),
        ITEMS,
        {"item_id": "id", "title": "id", "updated_at": "at", "price": "cost"},
    )
    assert prices.balance.by_outcome == {"accepted": 2, "duplicates": 1}
    assert sorted((str(row["valid_from"]), int(row["price"])) for row in prices.accepted.collect()) == [
        (day, 4), (noon, 5),
    ]  # fmt: skip
    twice = lines([("u", day, "false"), ("u", day, "true")], "id at consent")
    users = judge(
        arrive(
            mapped(twice, USERS, {"user_id": "id", "updated_at": "at", "consent_personalisation": "consent"}), USERS
        ),
        "updated_at",
        NIGHT,
    )
    assert [row["consent_personalisation"] for row in users.accepted.collect()] == [False]
    for intake in (orders, prices, users):
        intake.release()


def test_whole_numbers_of_doubles_are_ids_without_a_point(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(17801.0,), (5123456789001.0,), (1.5,), (None,)], "id double")
    columns = {"user_id": "id", "event_id": {"columns": ["id", "id"]}, "event_time": {"constant": "2024-03-05"}}
    mapping = TableMapping.model_validate({"input": "log", "columns": columns})
    results = mapped_rows(rows, mapping, EVENTS).collect()
    assert [row["user_id"] for row in results] == ["17801", "5123456789001", "1.5", None]
    assert [row["event_id"] for row in results] == ["17801-17801", "5123456789001-5123456789001", "1.5-1.5", None]


def test_whole_numbers_of_decimals_with_a_scale_are_ids_without_a_point(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(Decimal("17801"),), (Decimal("1.5"),), (None,)], "id decimal(38,10)")
    columns = {"user_id": "id", "event_time": {"constant": "2024-03-05"}}
    mapping = TableMapping.model_validate({"input": "log", "columns": columns})
    results = [row["user_id"] for row in mapped_rows(rows, mapping, EVENTS).collect()]
    assert results == ["17801", "1.5000000000", None]


@pytest.mark.parametrize(
    ("currency", "text", "amount"),
    [
        ("EUR", "15.00 EUR", "15"),
        ("EUR", "EUR 15.00", "15"),
        ("EUR", "15.00eur", "15"),
        ("EUR", "15.00\u00a0€", "15"),
        ("EUR", "€15", "15"),
        ("EUR", "-€ 2.50", "-2.5"),
        ("EUR", "15.00 USD", None),  # no amount of this store
        ("EUR", "$15.00", None),
        ("EUR", "EUR", None),
        ("EUR", "15.00 EUR each", None),
        ("EUR", "15.00", "15"),
        ("usd", "$15.00", "15"),
        ("SEK", "15.00 kr.", "15"),
        ("BRL", "R$ 15.00", "15"),
    ],
)
def test_an_amount_may_name_the_currency_of_the_store(
    spark: SparkSession, currency: str, text: str, amount: str | None
) -> None:
    rows = spark.createDataFrame([(text,)], "paid string")
    columns = {"price": "paid", "discount": "paid", "event_time": {"constant": "2024-03-05"}}
    mapping = TableMapping.model_validate({"input": "log", "columns": columns})
    [row] = mapped_rows(rows, mapping, EVENTS, currency).collect()
    assert row["price"] == row["discount"] == (None if amount is None else Decimal(amount))
    assert (row["unreadable"], row["left_out"]) == (
        ("", None) if amount else ("price_unreadable", "discount_unreadable")
    )


def test_an_amount_with_a_decimal_comma_may_name_the_currency_of_the_store(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("1.201,50 €",), ("EUR 1 201,50",), ("1201,50",), ("1.201,50 £",)], "paid string")
    columns = {"price": {"column": "paid", "decimal_comma": True}, "event_time": {"constant": "2024-03-05"}}
    mapping = TableMapping.model_validate({"input": "log", "columns": columns})
    results = [row["price"] for row in mapped_rows(rows, mapping, EVENTS, "EUR").collect()]
    assert results == [Decimal("1201.5"), Decimal("1201.5"), Decimal("1201.5"), None]


def test_the_files_of_a_store_may_name_its_currency(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("sku,cost\na,15.00 EUR\n", encoding="utf-8")
    columns = {"item_id": "sku", "title": "sku", "price": "cost", "updated_at": {"constant": "2024-01-01"}}
    conf = Files.model_validate(
        {
            "inputs": {"goods": {"path": str(tmp_path / "items.csv"), "format": "csv"}},
            "items": [{"input": "goods", "columns": columns}],
            "users": [{"input": "goods", "columns": {}}],
            "events": [{"input": "goods", "columns": {}}],
        }
    )
    taken = spark.createDataFrame([], SOURCE_PARTS.schema)
    [row] = FilesSource(spark, conf, taken, NIGHT, currency="EUR").items(NIGHT).collect()
    assert row["price"] == Decimal(15)


def wide(text: str) -> str:
    """The text in full-width characters."""
    return text.translate({place: place + 0xFEE0 for place in range(0x21, 0x7F)})


PAID = {
    f"￥{wide('1,299.00')}": "1299", wide("1299"): "1299", "¥1,299.00": "1299", "1,299,000": "1299000",
    f"{wide('1299.5')}元": "1299.5", "RMB 12.90": "12.9", "1,299": None, "12,99.00": None, "一百": None,
}  # fmt: skip


def test_full_width_digits_and_grouped_thousands_are_read(spark: SparkSession) -> None:
    title = f"牛奶{wide('A1')}"
    values = [(wide(f"A-{n}"), title, paid, wide("2024-03-05")) for n, paid in enumerate(PAID)]
    rows = spark.createDataFrame(values, "id string, name string, paid string, at string").coalesce(1)
    mapping = TableMapping.model_validate(
        {"input": "log", "columns": {"item_id": "id", "title": "name", "price": "paid", "updated_at": "at"}}
    )
    read = {row["item_id"]: row for row in mapped_rows(rows, mapping, ITEMS, "CNY").collect()}
    assert list(read) == [f"A-{n}" for n in range(len(PAID))]
    assert {(row["title"], row["updated_at"]) for row in read.values()} == {(title, datetime(2024, 3, 5))}
    for row, (paid, price) in zip(read.values(), PAID.items(), strict=True):
        assert row["price"] == (None if price is None else Decimal(price)), paid
        assert row["left_out"] == (None if price else "price_unreadable"), paid


def test_invisible_blanks_are_no_part_of_an_id(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("\u00a0A1\u200b",), ("\ufeffA1\r",), (" A1\t",), ("\u200b",)], "id string")
    columns = {"item_id": "id", "basket_id": {"columns": ["id"]}, "event_time": {"constant": "2024-03-05"}}
    mapping = TableMapping.model_validate({"input": "log", "columns": columns})
    results = mapped_rows(rows, mapping, EVENTS).collect()
    assert [row["item_id"] for row in results] == ["A1", "A1", "A1", None]
    assert [row["basket_id"] for row in results] == ["A1", "A1", "A1", None]


@pytest.mark.parametrize("kind", ONE_FORMAT)
def test_headers_and_totals_among_the_rows_are_no_items_and_no_shoppers(
    spark: SparkSession, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[dict[str, Any]] = []
    monkeypatch.setattr(intake_module, "warning", lambda message, **fields: warned.append(fields))
    names = ("sku", "name", "cost", "who", "qty", "at")
    cells = [
        ("a", "Mug", "2.50", "u1", "1", "2024-03-05 09:00:00"),
        names,  # two exports, one after the other
        ("sku", "Stock keeping unit", "3.00", "u2", "1", "2024-03-05 10:00:00"),  # a product
        ("TOTAL", "", "9999.00", "TOTAL", "300", ""),
        ("Grand Total:", "", "9999.00", "Gesamtsumme", "300", "2024-03-06 09:00:00"),
        ("Total-7", "Bowl", "4.00", "u2", "1", "2024-03-06 09:00:00"),  # a product
    ]
    rows = written(spark, tmp_path, kind, [dict(zip(names, line, strict=True)) for line in cells])
    item = {"item_id": "sku", "title": "name", "price": "cost", "updated_at": {"constant": "2024-01-01"}}
    person = {"user_id": "who", "updated_at": {"constant": "2024-01-01"}, "consent_personalisation": {"constant": True}}
    bought = {"event_id": {"columns": ["sku", "at"]}, "user_id": "who", "item_id": "sku", "event_time": "at",
              "event_type": {"constant": "purchase"}, "quantity": {"sql": "cast(qty AS BIGINT)"}}  # fmt: skip
    for table, columns, key, kept in (
        (ITEMS, item, "item_id", {"a", "sku", "Total-7"}),
        (USERS, person, "user_id", {"u1", "u2"}),
        (EVENTS, bought, "item_id", {"a", "sku", "Total-7"}),
    ):
        intake = judged(rows, table, columns, "qty > 0" if table is EVENTS else None)
        assert {row[key] for row in intake.accepted.collect()} == kept
        rejected = intake.judged.where("outcome = 'rejected'").groupBy("reason").count().collect()
        assert {row["reason"]: row["count"] for row in rejected} == {"header_repeated": 1, "total_row": 2}
        assert (intake.balance.not_data, intake.balance.faulty) == (3, 0)
        word = "TOTAL" if table is not USERS else warned[-1]["example"]
        assert warned[-1] == {"table": table.name, "rows": 2, "example": word}
        assert TOTAL.match(word)
        intake.release()


def test_a_brand_a_store_or_an_item_may_be_named_total(spark: SparkSession) -> None:
    names = ("sku", "name", "maker", "shop", "who", "at")
    cells = [
        ("oil", "Motor oil 5W-30", "Total", "Total", "u1", "2024-03-05 09:00:00"),
        ("TOTAL", "Total, the board game", "Asmodee", "1", "u1", "2024-03-05 09:00:00"),
        ("Total", "TOTAL:", "", "", "Total", "2024-03-05 09:00:00"),  # a report's last row
    ]
    rows = spark.createDataFrame(cells, ", ".join(f"`{name}` string" for name in names))
    item = {"item_id": "sku", "title": "name", "provider_id": "maker", "updated_at": {"constant": "2024-01-01"}}
    bought = {"event_id": {"columns": ["shop", "at"]}, "user_id": "who", "item_id": {"columns": ["shop", "sku"]},
              "event_time": "at", "store_id": "shop", "event_type": {"constant": "purchase"}}  # fmt: skip
    for table, columns, kept in (
        (ITEMS, item, {"oil", "TOTAL"}),
        (EVENTS, bought, {"Total-oil", "1-TOTAL"}),
    ):
        intake = judged(rows, table, columns)
        assert {row["item_id"] for row in intake.accepted.collect()} == kept
        assert intake.balance.not_data == 1
        intake.release()


@pytest.mark.parametrize(
    ("word", "is_total"),
    [("Total", True), ("TOTALS:", True), ("Sub-Total", True), ("Zwischensumme", True), ("ИТОГО", True), ("合計", True),
     ("total1", False), ("Totally", False), ("Summer", False), ("a total", False)],
)  # fmt: skip
def test_words_for_totals(word: str, is_total: bool) -> None:
    assert bool(TOTAL.match(word)) is is_total
