"""First nights of a store that has just begun: with 60 days of orders, with 20 and with one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, RELEVANCE
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.nightly import STEPS
from jobs.registry.active_models import model_store
from jobs.report.summary import night_summary
from jobs.tables.warehouse import Warehouse
from model.bundle import Bundle

pytestmark = pytest.mark.slow
NIGHT = date(2024, 3, 9)
SHOPPERS, ITEMS, LINES_A_DAY = 40, 60, 12


def write_store(folder: Path, days: int) -> Config:
    """A store whose first order came `days` days before NIGHT; its catalogue was listed the day before that."""
    random = np.random.default_rng(days)
    first = NIGHT - timedelta(days=days)
    kinds, colours = ("Mug", "Lamp", "Vase", "Clock", "Tray"), ("Blue", "Red", "Green")
    products = ["sku,name,price,listed"] + [
        f"N-{n:02},{colours[n % 3]} {kinds[n % 5]} {n},{8 + n}.00,{first - timedelta(days=2)}" for n in range(ITEMS)
    ]
    orders = ["line,customer,sku,paid,at"]
    for number in range(days * LINES_A_DAY):
        at = datetime.combine(first, datetime.min.time()) + timedelta(days=number // LINES_A_DAY, hours=9)
        item = min(int(random.exponential(12.0)), ITEMS - 1)  # few sell well, most rarely
        orders.append(f"{number},C{random.integers(SHOPPERS):02},N-{item:02},{8 + item}.00,{at}")
    folder.mkdir()
    (folder / "products.csv").write_text("\n".join(products) + "\n", encoding="utf-8")
    (folder / "orders.csv").write_text("\n".join(orders) + "\n", encoding="utf-8")
    source = {
        "kind": "files", "currency": "EUR",
        "files": {
            "inputs": {name: {"path": str(folder / f"{name}.csv"), "format": "csv"} for name in ("orders", "products")},
            "items": [{"input": "products", "columns": {
                "item_id": "sku", "title": "name", "price": "price", "updated_at": "listed"}}],
            "users": [{"input": "orders", "columns": {
                "user_id": "customer", "consent_personalisation": {"constant": True}, "updated_at": "at"}}],
            "events": [{"input": "orders", "columns": {
                "event_id": "line", "user_id": "customer", "item_id": "sku", "event_type": {"constant": "purchase"},
                "event_time": "at", "quantity": {"constant": 1}, "price": "paid"}}],
        },
    }  # fmt: skip
    small = yaml.safe_load(Path(__file__).with_name("night.yaml").read_text(encoding="utf-8"))
    # The bars that are shipped, so that the gate judges a first model as in a store.
    del small["gate"]
    (folder / "conf.yaml").write_text(
        yaml.safe_dump(small | {"warehouse": str(folder / "warehouse"), "source": source}), encoding="utf-8"
    )
    return load_config(folder / "conf.yaml")


@pytest.mark.parametrize(
    ("days", "horizon", "said"),
    [
        (60, 12, "the training used periods of 12 days, not 28 (relevance.horizon_days)"),
        (20, None, "The history had 20 days, a training needs 35: popularity and the likeness of texts alone rank"),
        (1, None, "The history had 1 day, a training needs 35: popularity and the likeness of texts alone rank"),
    ],
)
def test_a_first_night_ends_with_lists(
    spark: SparkSession, tmp_path: Path, days: int, horizon: int | None, said: str
) -> None:
    conf = write_store(tmp_path / "store", days)
    for step in STEPS:
        run_step(step, spark, conf, NIGHT, "young")
    tables = Warehouse(spark, conf.warehouse)
    lists = tables.read_date(EXPOSURE_SCORES, NIGHT)
    bought = tables.read_date(RELEVANCE, NIGHT).select("user_id").distinct().count()
    assert lists.select("user_id").distinct().count() == bought > 0
    assert said in night_summary(spark, conf, NIGHT, {})

    champion = model_store(Night(conf, NIGHT, "read", spark, tables, Record())).champion(NIGHT)
    assert champion is not None
    description = Bundle.load(champion.folder).description
    if horizon is None:
        assert (champion.gate, description.calibrated_on) == ("reference", [])
    else:
        lengths = {
            (date.fromisoformat(last) - date.fromisoformat(first)).days + 1 for first, last in description.calibrated_on
        }
        assert lengths == {horizon}
    chances = tables.read_date(RELEVANCE, NIGHT).groupBy("user_id").agg(F.sum("relevance").alias("expected"))
    mean = chances.agg(F.mean("expected")).first()
    assert mean is not None
    assert 0.1 < mean[0] < 30  # new products in 28 days, of 60
