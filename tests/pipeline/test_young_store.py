"""First nights of a store that has just begun: with 60 days of orders, with 20 and with one."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES, RELEVANCE
from jobs.config.configuration import Config
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.nightly import steps_named
from jobs.registry.active_models import model_store
from jobs.report.summary import night_summary
from jobs.tables.warehouse import Warehouse
from model.bundle import Bundle
from tests.pipeline.csv_store import NIGHT, products, run_night, time_of, write_files

pytestmark = pytest.mark.slow
SHOPPERS, ITEMS, LINES_A_DAY = 40, 60, 12
TRAINING = (
    "ingest", "build_features", "fine_tune", "embed", "train_first_stage", "build_candidates", "train_relevance",
)  # fmt: skip


def write_store(folder: Path, days: int, night: date = NIGHT) -> Config:
    """A store whose first order came `days` days before `night`.

    With one more day and the next night the export has a day more, and its other days as before.
    """
    random = np.random.default_rng(1)
    first = night - timedelta(days=days)
    orders = []
    for line in range(days * LINES_A_DAY):
        item = min(int(random.exponential(12.0)), ITEMS - 1)  # few sell well, most rarely
        at = time_of(line, first, LINES_A_DAY)
        orders.append((line, f"C{random.integers(SHOPPERS):02}", f"N-{item:02}", f"{8 + item}.00", at))
    keys = {
        # The bars that are shipped, so that the gate judges a first model as in a store.
        "gate": {},
        # 1 % of the exposure of so few shoppers is less than a first place of one of them, who would go without a list.
        "plan": {"max_item_share": 0.05},
    }
    return write_files(
        folder, products(ITEMS, first).drop(columns="kind"),
        pd.DataFrame(orders, columns=["line", "customer", "sku", "paid", "at"]),
        {}, {"event_type": {"constant": "purchase"}, "quantity": {"constant": 1}, "price": "paid"}, keys,
    )  # fmt: skip


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
    tables = young_night(spark, conf, NIGHT)
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
    for step in steps_named(TRAINING):
        run_step(step, spark, conf, NIGHT, "young")
    later = NIGHT + timedelta(days=1)
    conf = write_store(tmp_path / "store", 2, later)
    tables = young_night(spark, conf, later)
    assert tables.read_date(RELEVANCE, later).select("model_version").distinct().collect() == [("1",)]
    summary = night_summary(spark, conf, later, {})
    assert "Model: version 1 scored this night; no training was due." in summary
    assert f"Version 1 scored. On {NIGHT} the history had 1 day{ALONE}" in summary
    assert "The first training is due on 2024-04-13; attempts follow every 7 days (gate.retry_days)." in summary


def young_night(spark: SparkSession, conf: Config, night: date) -> Warehouse:
    """Runs every step; each shopper who has bought has a list."""
    tables = run_night(spark, conf, night, f"young {night}")
    bought = tables.read(EVENTS).select("user_id").distinct().count()
    assert tables.read_date(EXPOSURE_SCORES, night).select("user_id").distinct().count() == bought > 0
    return tables
