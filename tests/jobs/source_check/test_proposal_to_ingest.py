"""From exports of each kind to a proposed mapping, a check without mistakes, and the tables that ingest writes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, ITEMS, USERS
from jobs.check_source import check_source
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.ingest import ingest
from jobs.source_check.proposal.proposing import propose
from jobs.tables.warehouse import Warehouse
from tests.jobs.source_check.exports import KINDS, LINES

FIRST_NIGHT = date(2024, 2, 11)
CATEGORIES = dict.fromkeys(KINDS, "Home > Things") | {"PrestaShop": "Things", "plain": None}  # of each item
SHORT = "Likely mistakes\n  The events begin on 2024-01-02, 40 days before the night."


def proposed(folder: Path, kind: str) -> tuple[str, Config]:
    """The path of the proposal for exports of a kind in `folder`, and its configuration with a warehouse there."""
    paths = [str(path) for path in KINDS[kind](folder)]
    text = propose(paths, "shop").text
    conf = folder / "shop.yaml"
    conf.write_text(text.replace("warehouse: warehouse_shop", f"warehouse: {folder / 'warehouse'}"), encoding="utf-8")
    return str(conf), load_config(conf)


# A check of many expressions takes a minute, most of which Spark plans and compiles; the next test is such a one.
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_proposal_is_checked_and_ingested(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    path, conf = proposed(tmp_path, kind)
    report = check_source(spark, conf, path, "run", None, 1 << 20, False)
    assert f"events: {LINES:,} rows, {LINES:,} accepted" in report or f", {LINES:,} accepted" in report
    assert "rejected" not in report
    assert SHORT in report, report
    assert "user_unknown" not in report
    assert "item_unknown" not in report
    assert report.endswith(f"make nightly CONF={path} AS_OF={FIRST_NIGHT}")
    assert not (tmp_path / "warehouse").exists()

    run_step(ingest, spark, conf, FIRST_NIGHT, "run")
    tables = Warehouse(spark, conf.warehouse)
    events = tables.read(EVENTS)
    assert events.count() == LINES
    first, last = events.agg(F.min("event_date"), F.max("event_date")).collect()[0]
    assert (first, last) == (date(2024, 1, 2), date(2024, 2, 10))
    assert events.where("price > 0").count() == LINES
    assert tables.read(USERS).count() == (4 if kind == "Google Analytics 4" else 8)  # half of its browsers log in
    items = {row["title"]: row for row in tables.read(ITEMS).collect()}
    assert "Thing 3" in items or "Thing 3 - S" in items
    assert {title: row["category"] for title, row in items.items() if row["category"] != CATEGORIES.get(kind)} == {}
    if kind == "Shopify of 2025":  # the first is not counted, the second sold beyond its stock
        assert [items[f"Thing {number}"]["stock_quantity"] for number in range(6)] == [None, None, 1, 2, 3, 4]


def test_the_fields_of_a_shopify_order_reach_all_of_its_lines(spark: SparkSession, tmp_path: Path) -> None:
    path, conf = proposed(tmp_path, "Shopify")
    report = check_source(spark, conf, path, "run", None, 1 << 20, False)
    assert "events: 121 rows, 120 accepted" in report
    assert "1 filtered" in report  # the guest's
    assert report.endswith(f"make nightly CONF={path} AS_OF={FIRST_NIGHT}")
    assert not (tmp_path / "warehouse").exists()
    run_step(ingest, spark, conf, FIRST_NIGHT, "run")
    tables = Warehouse(spark, conf.warehouse)
    second = tables.read(EVENTS).where("basket_id = '#1001'").orderBy("item_id").collect()
    assert [(row["user_id"], row["item_id"], str(row["event_time"]), str(row["price"])) for row in second] == [
        ("s2@example.com", "S1", "2024-01-02 10:30:00", "5.0000"),
        ("s2@example.com", "S2", "2024-01-02 10:30:00", "12.5000"),
    ]
    item = tables.read(ITEMS).where("item_id = 'S3-M'").collect()[0]
    assert (item["title"], item["category"], item["brand"], item["stock_quantity"]) == (
        "Thing 3 - M", "Home > Things", "Maker", 0,
    )  # fmt: skip
    assert tables.read(ITEMS).count() == 12  # without the pictures' rows
