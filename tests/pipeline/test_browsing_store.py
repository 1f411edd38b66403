"""A store whose log has views alone: every step of a night, with `relevance.target: view`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import CANDIDATES, EVENTS, EXPOSURE_SCORES, METRICS, RELEVANCE, RUNS
from features.contract.metrics import REVENUE_EXPECTED
from features.declarations import ITEM_FEATURES_TABLE
from jobs.config.configuration import Config, load_config
from jobs.execution.night import Night, Record
from jobs.registry.active_models import model_store
from jobs.report.summary import night_summary
from jobs.runtime.errors import LongtailError
from jobs.score import score
from model.bundle import Bundle
from tests.pipeline.csv_store import NIGHT, products, run_night, time_of, write_files

pytestmark = pytest.mark.slow
DAYS, SHOPPERS, ITEMS, VIEWS_A_DAY = 70, 60, 90, 40
UNSEEN = range(80, ITEMS)  # listed, and never viewed


def write_store(folder: Path) -> Config:
    """A store of DAYS days in which shoppers view products of a favourite kind, and nothing is ever bought."""
    random = np.random.default_rng(5)
    first = NIGHT - timedelta(days=DAYS)
    views = []
    for line in range(DAYS * VIEWS_A_DAY):
        shopper = int(random.integers(SHOPPERS))
        kind = shopper % 5 if random.random() < 0.7 else int(random.integers(5))
        item = kind + 5 * min(int(random.exponential(4.0)), UNSEEN.start // 5 - 1)
        views.append((line, f"C{shopper:02}", f"N-{item:02}", time_of(line, first, VIEWS_A_DAY)))
    keys = {
        "candidates": {"per_user": 40, "least_cold": 4}, "relevance": {"target": "view", "horizon_days": 14},
        "segments": {"window_days": 28, "head_share": 0.3}, "summary": {"shoppers": 2},
    }  # fmt: skip
    return write_files(
        folder, products(ITEMS, first), pd.DataFrame(views, columns=["line", "customer", "sku", "at"]),
        {"product_type": "kind", "category": "kind"}, {"event_type": {"constant": "view"}}, keys,
    )  # fmt: skip


def test_a_store_without_purchases_runs_a_night_on_views(spark: SparkSession, tmp_path: Path) -> None:
    conf = write_store(tmp_path / "store")
    tables = run_night(spark, conf, NIGHT, "views")
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
