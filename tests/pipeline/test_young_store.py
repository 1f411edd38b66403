"""First nights of a store that has just begun: with 60 days of orders, with 20 and with one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES, RELEVANCE
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
TRAINING = (
    "ingest", "build_features", "fine_tune", "embed", "train_first_stage", "build_candidates", "train_relevance",
)  # fmt: skip


def write_store(folder: Path, days: int, night: date = NIGHT) -> Config:
    """A store whose first order came `days` days before `night`; its catalogue was listed two days before that.

    With one more day and the next night the export has a day more, and its other days as before.
    """
    random = np.random.default_rng(1)
    first = night - timedelta(days=days)
    kinds, colours = ("Mug", "Lamp", "Vase", "Clock", "Tray"), ("Blue", "Red", "Green")
    products = ["sku,name,price,listed"] + [
        f"N-{n:02},{colours[n % 3]} {kinds[n % 5]} {n},{8 + n}.00,{first - timedelta(days=2)}" for n in range(ITEMS)
    ]
    orders = ["line,customer,sku,paid,at"]
    for number in range(days * LINES_A_DAY):
        at = datetime.combine(first, datetime.min.time()) + timedelta(days=number // LINES_A_DAY, hours=9)
        item = min(int(random.exponential(12.0)), ITEMS - 1)  # few sell well, most rarely
        orders.append(f"{number},C{random.integers(SHOPPERS):02},N-{item:02},{8 + item}.00,{at}")
    folder.mkdir(exist_ok=True)
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
    # 1 % of the exposure of so few shoppers is less than a first place of one of them, who would go without a list.
    small["plan"] = {"max_item_share": 0.05}
    (folder / "conf.yaml").write_text(
        yaml.safe_dump(small | {"warehouse": str(folder / "warehouse"), "source": source}), encoding="utf-8"
    )
    return load_config(folder / "conf.yaml")


ALONE = ", a training needs 35: popularity and the likeness of texts alone rank"


@pytest.mark.parametrize(
    ("days", "horizon", "said"),
    [
        (60, 12, ["On 2024-03-09 the history had 60 days: the training used periods of 12 days, not 28"]),
        (20, None, [f"On 2024-03-09 the history had 20 days{ALONE}", "The first training is due on 2024-03-30;"]),
        (1, None, [f"On 2024-03-09 the history had 1 day{ALONE}", "plan.list_rules.cold, at most 2 of cold"]),
    ],
)
def test_a_first_night_ends_with_lists(
    spark: SparkSession, tmp_path: Path, days: int, horizon: int | None, said: list[str]
) -> None:
    conf = write_store(tmp_path / "store", days)
    tables = run_night(spark, conf, NIGHT)
    summary = night_summary(spark, conf, NIGHT, {})
    assert [words for words in said if words not in summary] == []

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


def test_the_second_night_of_a_store_is_served_by_the_first_ones_reference(spark: SparkSession, tmp_path: Path) -> None:
    conf = write_store(tmp_path / "store", 1)
    for step in (step for step in STEPS if step.__name__ in TRAINING):
        run_step(step, spark, conf, NIGHT, "young")
    later = NIGHT + timedelta(days=1)
    conf = write_store(tmp_path / "store", 2, later)
    tables = run_night(spark, conf, later)
    assert tables.read_date(RELEVANCE, later).select("model_version").distinct().collect() == [("1",)]
    summary = night_summary(spark, conf, later, {})
    assert "Model: version 1 scored this night; no training was due." in summary
    assert f"Version 1 scored. On {NIGHT} the history had 1 day{ALONE}" in summary
    assert "The first training is due on 2024-04-13; attempts follow every 7 days (gate.retry_days)." in summary


def run_night(spark: SparkSession, conf: Config, night: date) -> Warehouse:
    """Runs every step; each shopper who has bought has a list."""
    for step in STEPS:
        run_step(step, spark, conf, night, f"young {night}")
    tables = Warehouse(spark, conf.warehouse)
    bought = tables.read(EVENTS).select("user_id").distinct().count()
    assert tables.read_date(EXPOSURE_SCORES, night).select("user_id").distinct().count() == bought > 0
    return tables
