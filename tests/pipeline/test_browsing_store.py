"""A store whose log has views alone: every step of a night, with `relevance.target: view`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import CANDIDATES, EVENTS, EXPOSURE_SCORES, METRICS, RELEVANCE, RUNS
from features.contract.metrics import REVENUE_EXPECTED
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.nightly import STEPS
from jobs.registry.active_models import model_store
from jobs.report.summary import night_summary
from jobs.runtime.errors import LongtailError
from jobs.score import score
from jobs.tables.warehouse import Warehouse
from model.bundle import Bundle

pytestmark = pytest.mark.slow
NIGHT = date(2024, 3, 9)
DAYS, SHOPPERS, ITEMS, VIEWS_A_DAY = 70, 60, 90, 40
UNSEEN = range(80, ITEMS)  # listed, and never viewed


def write_store(folder: Path) -> Config:
    """A store of DAYS days in which shoppers view products of a favourite kind, and nothing is ever bought."""
    random = np.random.default_rng(5)
    first = NIGHT - timedelta(days=DAYS)
    kinds, colours = ("Mug", "Lamp", "Vase", "Clock", "Tray"), ("Blue", "Red", "Green")
    products = ["sku,name,kind,price,listed"] + [
        f"N-{n:02},{colours[n % 3]} {kinds[n % 5]} {n},{kinds[n % 5]},{8 + n}.00,{first - timedelta(days=2)}"
        for n in range(ITEMS)
    ]
    log = ["line,customer,sku,at"]
    for number in range(DAYS * VIEWS_A_DAY):
        shopper, kind = int(random.integers(SHOPPERS)), 0
        kind = shopper % 5 if random.random() < 0.7 else int(random.integers(5))
        item = kind + 5 * min(int(random.exponential(4.0)), UNSEEN.start // 5 - 1)
        at = datetime.combine(first, datetime.min.time()) + timedelta(days=number // VIEWS_A_DAY, hours=9)
        log.append(f"{number},C{shopper:02},N-{item:02},{at}")
    folder.mkdir()
    (folder / "products.csv").write_text("\n".join(products) + "\n", encoding="utf-8")
    (folder / "log.csv").write_text("\n".join(log) + "\n", encoding="utf-8")
    source = {
        "kind": "files", "currency": "EUR",
        "files": {
            "inputs": {name: {"path": str(folder / f"{name}.csv"), "format": "csv"} for name in ("log", "products")},
            "items": [{"input": "products", "columns": {
                "item_id": "sku", "title": "name", "product_type": "kind", "category": "kind", "price": "price",
                "updated_at": "listed"}}],
            "users": [{"input": "log", "columns": {
                "user_id": "customer", "consent_personalisation": {"constant": True}, "updated_at": "at"}}],
            "events": [{"input": "log", "columns": {
                "event_id": "line", "user_id": "customer", "item_id": "sku", "event_type": {"constant": "view"},
                "event_time": "at"}}],
        },
    }  # fmt: skip
    small = yaml.safe_load(Path(__file__).with_name("night.yaml").read_text(encoding="utf-8"))
    small |= {
        "warehouse": str(folder / "warehouse"), "source": source, "candidates": {"per_user": 40, "least_cold": 4},
        "relevance": {"target": "view", "horizon_days": 14}, "segments": {"window_days": 28, "head_share": 0.3},
        "summary": {"shoppers": 2},
    }  # fmt: skip
    (folder / "conf.yaml").write_text(yaml.safe_dump(small), encoding="utf-8")
    return load_config(folder / "conf.yaml")


def test_a_store_without_purchases_runs_a_night_on_views(spark: SparkSession, tmp_path: Path) -> None:
    conf = write_store(tmp_path / "store")
    for step in STEPS:
        run_step(step, spark, conf, NIGHT, "views")
    tables = Warehouse(spark, conf.warehouse)
    runs = {row["step"]: row for row in tables.read(RUNS).collect()}
    assert {name: run["status"] for name, run in runs.items() if run["status"] not in ("done", "skipped")} == {}

    champion = model_store(Night(conf, NIGHT, "read", spark, tables, Record())).champion(NIGHT)
    assert champion is not None
    description = Bundle.load(champion.folder).description
    assert (champion.gate, description.target) == ("passed", "a view within 14 days")

    segments = {
        row["item_id"]: row["segment"]
        for row in tables.read_date(ITEM_FEATURES_TABLE, NIGHT).select("item_id", "segment").collect()
    }
    assert {item for item, segment in segments.items() if segment == "cold"} >= {f"N-{n:02}" for n in UNSEEN}
    assert set(segments.values()) == {"head", "tail", "cold"}

    viewed = tables.read(EVENTS).select("user_id", "item_id").distinct()
    for table in (CANDIDATES, RELEVANCE):
        rows = tables.read_date(table, NIGHT)
        assert not rows.isEmpty()
        assert rows.join(viewed, on=["user_id", "item_id"], how="left_semi").isEmpty()
    lists = tables.read_date(EXPOSURE_SCORES, NIGHT)
    assert lists.select("user_id").distinct().count() == SHOPPERS
    said = night_summary(spark, conf, NIGHT, {}) + " ".join(row["reason"] for row in lists.collect())
    assert "Mean chance: of a view within 14 days" in said
    assert "tail views found" in said
    assert "recently viewed: " in said
    assert "bought" not in said.lower()
    assert tables.read_date(METRICS, NIGHT).where(F.col("name") == REVENUE_EXPECTED).isEmpty()

    other = load_config(tmp_path / "store" / "conf.yaml", ["relevance.target=click"])
    with pytest.raises(LongtailError, match=r"predicts a view within 14 days, and relevance\.target asks for a click"):
        score(Night(other, NIGHT, "other", spark, tables, Record()))
