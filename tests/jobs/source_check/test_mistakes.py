"""A store with every likely mistake, what the check says of each, and what it says of files that it has seen before."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from jobs.check_source import check_source
from jobs.config.configuration import Config, load_config
from jobs.config.source import FileInput, Files, Mapped, TableMapping
from jobs.execution.manifest import run_step
from jobs.ingest import ingest
from jobs.runtime.errors import ConfigurationError, Refused
from jobs.source_check import phrases
from jobs.source_check.columns import unmapped_columns
from jobs.source_check.mistakes import difference
from jobs.source_check.reasons import example
from jobs.source_check.sample import chosen_parts
from jobs.sources.files.parts import Part
from tests.jobs.source_check.exports import write_rows

HEADER = ["order", "line", "customer", "sku", "at", "qty", "paid", "note"]
NAME = "orders_last_7_days.csv"
FIRST = date(2024, 3, 1)


def day_of(number: int) -> str:
    return f"{FIRST + timedelta(days=number % 7)} 10:00:00"


def written_store(folder: Path, orders: list[list[object]]) -> tuple[str, Config]:
    """The path of a configuration and the configuration of a store with these orders and the products a1, a2, A1."""
    products: list[list[object]] = [[sku, f"Thing {sku}", "5.00"] for sku in ("a1", "a2", "A1")]
    products.append(["TOTAL", "", "15.00"])
    write_rows(folder / NAME, HEADER, orders)
    write_rows(folder / "products.csv", ["sku", "name", "price"], products)
    mapping = {
        "warehouse": str(folder / "warehouse"),
        "source": {
            "kind": "files",
            "files": {
                "inputs": {
                    "orders": {"path": str(folder / NAME), "format": "csv", "when_changed": "replace"},
                    "products": {"path": str(folder / "products.csv"), "format": "csv"},
                },
                "items": [
                    {
                        "input": "products",
                        "columns": {"item_id": "sku", "title": "name", "updated_at": {"constant": "2024-03-03"}},
                    }
                ],
                "users": [
                    {
                        "input": "orders",
                        "where": "customer IS NOT NULL AND customer <> 'customer'",
                        "columns": {
                            "user_id": "customer",
                            "consent_personalisation": {"constant": True},
                            "updated_at": "at",
                        },
                    }
                ],
                "events": [
                    {
                        "input": "orders",
                        "columns": {
                            "event_id": {"columns": ["order", "line"]},
                            "user_id": "customer",
                            "item_id": "sku",
                            "event_type": {"constant": "purchase"},
                            "event_time": "at",
                            "quantity": "qty",
                            "price": {"sql": "try_cast(paid AS DECIMAL(18,4))"},
                        },
                    }
                ],
            },
        },
    }
    path = folder / "shop.yaml"
    path.write_text(yaml.safe_dump(mapping), encoding="utf-8")
    return str(path), load_config(path)


def order(number: int, customer: str, sku: str = "a1", qty: str = "1", day: int | None = None) -> list[object]:
    return [number, 1, customer, sku, day_of(number if day is None else day), qty, "5.00", ""]


def checker(spark: SparkSession, path: str, conf: Config) -> Callable[..., str]:
    def check(everything: bool = False) -> str:
        return check_source(spark, conf, path, "run", None, 1 << 20, everything)

    return check


def test_each_mistake_is_a_sentence(spark: SparkSession, tmp_path: Path) -> None:
    orders = [order(number, "0") for number in range(60)]
    orders += [order(100 + number, f"c{number}", "A1" if number % 2 else "a2") for number in range(36)]
    orders += [order(200, "17801"), order(201, "17801.0"), order(202, "c1", "b9"), order(203, "c2", qty="two")]
    orders += [list(HEADER)]
    path, conf = written_store(tmp_path, orders)
    report = checker(spark, path, conf)()

    assert "events: 101 rows, 98 accepted" in report
    assert "1 rejected, header_repeated\n" in report
    assert "1 rejected, quantity_unreadable\n      such as qty 'two'" in report
    assert "1 parked, item_unknown\n      such as item_id 'b9'" in report
    assert "orders: note" in report
    assert "products: price" in report
    assert "orders: 1 row repeats the header." in report
    assert "'0' is a shopper with 60 events, but reads like a word for a guest." in report
    assert "One id differs from another shopper by '.0' alone, such as '17801' and '17801.0'." in report
    assert "One id differs from another item by upper and lower case alone, such as 'A1' and 'a1'." in report
    assert "1 rejected, total_row\n      such as {" in report
    assert f"{NAME} holds 7 days, from 2024-03-01 on. If each delivery of the last days overwrites it" in report
    assert "The events begin on 2024-03-01, 7 days before the night." in report
    assert "needs at least 140 days. The first night ranks by popularity and texts instead." in report
    assert "Items are known from 2024-03-03 on, events from 2024-03-01." in report
    assert report.endswith(f"Next: the first lists\n  make nightly CONF={path} AS_OF=2024-03-08")


def test_values_that_are_left_out_are_counted_with_a_remedy(spark: SparkSession, tmp_path: Path) -> None:
    path, _ = written_store(tmp_path, [order(number, f"c{number}") for number in range(7)])
    text = Path(path).read_text(encoding="utf-8").replace("title: name", "title: name\n        withdrawn_at: name")
    Path(path).write_text(text, encoding="utf-8")
    report = checker(spark, path, load_config(path))()
    assert "items: 4 rows, 3 accepted" in report
    assert re.search(
        r"  3 kept without a value, withdrawn_at_unreadable\n +such as 'Thing \w+'\n +give `format`", report
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("event_time_unreadable", "`format`"),
        ("updated_at_unreadable", "`format`"),
        ("valid_to_unreadable", "`format`"),
        ("price_unreadable", "source.currency"),
        ("quantity_unreadable", "`decimal_comma`"),
    ],
)
def test_the_remedy_fits_the_column(reason: str, words: str) -> None:
    assert words in phrases.remedy(reason)


def test_a_mapped_column_that_the_files_lack_is_named(spark: SparkSession, tmp_path: Path) -> None:
    path, _ = written_store(tmp_path, [order(number, f"c{number}") for number in range(7)])
    text = Path(path).read_text(encoding="utf-8").replace("title: name", "title: label")
    Path(path).write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=r"no column label, which source.files.items maps; products.csv has sku, name"):
        checker(spark, path, load_config(path))()


def test_what_would_stop_the_night_comes_first(spark: SparkSession, tmp_path: Path) -> None:
    orders = [
        order(number, "7" if number % 2 else f"c{number}", qty="x" if number < 10 else "1") for number in range(80)
    ]
    path, conf = written_store(tmp_path, orders)
    report = checker(spark, path, conf)()
    mistakes = report.partition("Likely mistakes\n")[2]
    assert mistakes.startswith("  ingest would stop here: 12.5% of the rows for the table events")
    assert "quantity_unreadable (10 rows, such as 'x')" in mistakes
    assert "The shopper '7' has 50% of the events of 36 shoppers." in report
    assert report.endswith(f"Next: correct {path}, then check again\n  make job JOB=check_source CONF={path}")


def test_an_overwritten_window_and_files_that_were_ingested(spark: SparkSession, tmp_path: Path) -> None:
    path, conf = written_store(tmp_path, [order(number, f"c{number % 5}") for number in range(35)])
    run_step(ingest, spark, conf, date(2024, 3, 8), "run")
    check = checker(spark, path, conf)
    assert check() == "Every file was ingested by an earlier night. --all checks them again, as a first night would."
    assert "events: 35 rows, 35 accepted" in check(everything=True)
    write_rows(tmp_path / NAME, HEADER, [order(100 + day, "c1", day=day + 3) for day in range(4)])
    report = check()
    assert f"{NAME} now begins on 2024-03-04; 15 events from 2024-03-01 on, which it delivered before," in report


def bytes_read(spark: SparkSession) -> int:
    """Of all files since the session began."""
    jvm: Any = spark.sparkContext._jvm
    systems = jvm.org.apache.hadoop.fs.FileSystem.getAllStatistics()
    return int(sum(statistics.getBytesRead() for statistics in systems))


def test_each_file_is_read_once(spark: SparkSession, tmp_path: Path) -> None:
    path, conf = written_store(tmp_path, [order(number, f"c{number % 50}") for number in range(3000)])
    size = sum((tmp_path / name).stat().st_size for name in (NAME, "products.csv"))
    before = bytes_read(spark)
    assert "events: 3,000 rows, 3,000 accepted" in checker(spark, path, conf)()
    # The rows once, and before them the columns' names and, as by `ingest`, the search for quotes that stay open.
    assert bytes_read(spark) - before < 4 * size


def test_a_source_without_a_mapping_is_refused(spark: SparkSession) -> None:
    with pytest.raises(ConfigurationError, match="complete_journey, which has no mapping to check"):
        check_source(spark, load_config("conf/local.yaml"), "conf/local.yaml", "run", None, 1, False)


def test_the_newest_and_the_oldest_files_are_read() -> None:
    parts = tuple(Part("orders", f"orders_{month}.csv", f"orders_{month}.csv", "") for month in range(1, 7))
    chosen = chosen_parts(parts, lambda part: 10, 35)
    assert [part.place for part in chosen] == ["orders_1.csv", "orders_5.csv", "orders_6.csv"]
    assert chosen_parts(parts, lambda part: 100, 35) == parts[-1:]
    assert chosen_parts(parts[:1], lambda part: 1, 35) == parts[:1]


def files_with(items: TableMapping, events: TableMapping) -> Files:
    users = TableMapping(input="lines", columns={"user_id": Mapped(column="Who")})
    inputs = {"lines": FileInput(path="lines.csv", format="csv")}
    return Files(inputs=inputs, items=(items,), users=(users,), events=(events,))


def test_columns_in_expressions_count_as_mapped() -> None:
    items = TableMapping(
        input="lines",
        columns={"title": Mapped(sql="concat(First, ' ', second)"), "attributes": Mapped(map={"colour": "Shade"})},
    )
    events = TableMapping(
        input="lines", where="Kind <> 'x' AND `Line no` > 0", columns={"item_id": Mapped(column="Code")}
    )
    columns = ["Code", "Kind", "Line no", "First", "Second", "Shade", "Note", "Who", "x y"]
    assert unmapped_columns(files_with(items, events), "lines", columns) == ["Note", "x y"]


def test_two_forms_of_an_id() -> None:
    assert difference("A1", "a1") == "upper and lower case"
    assert difference("17801", "17801.0") == "'.0'"
    assert difference("a1", "a1\u200b") == "blanks or invisible characters"
    assert difference("A1", "a1.0") == "several of these"


def test_an_example_names_the_column_of_the_file() -> None:
    items = TableMapping(input="lines", columns={"item_id": Mapped(column="Code")})
    events = TableMapping(input="lines", columns={"price": Mapped(column="Paid"), "user_id": Mapped(column="Who")})
    conf = files_with(items, events)
    assert example("price_unreadable", '{"Paid": "free", "Who": "u1"}', "events", conf) == "Paid 'free'"
    assert example("price_negative", '{"price": -1.5, "user_id": "u1"}', "events", conf) == "price -1.5"
    assert example("user_id_missing,price_unreadable", '{"Paid": "x", "Who": null}', "events", conf) == "Who blank"
    assert example("event_date_missing,user_id_missing", '{"price": 1}', "events", conf) == 'Who blank in {"price": 1}'
    assert example("line_malformed", '{"Paid": "x"}', "events", conf) == '{"Paid": "x"}'
