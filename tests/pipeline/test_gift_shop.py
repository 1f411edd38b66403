"""The example of a store's own export: a complete night on one CSV, then the erasure of a shopper."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from features.contract import EVENTS, EXPOSURE_SCORES, REJECTED
from features.declarations import USER_FEATURES_TABLE
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.forget import forget
from jobs.nightly import STEPS, steps_named
from jobs.runtime.logs import log_of_run
from jobs.tables.warehouse import Warehouse
from tests.conftest import ROOT
from tests.jobs.test_forget import files_with

pytestmark = pytest.mark.slow
NIGHT = date(2024, 12, 1)


@pytest.fixture(scope="module")
def conf(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The configuration of a night that has run: conf/gift_shop.yaml with less training."""
    folder = tmp_path_factory.mktemp("gift-shop")
    shipped = yaml.safe_load((ROOT / "conf/gift_shop.yaml").read_text(encoding="utf-8"))
    smaller = yaml.safe_load(Path(__file__).with_name("night.yaml").read_text(encoding="utf-8"))
    (folder / "conf.yaml").write_text(
        yaml.safe_dump(shipped | smaller | {"warehouse": str(folder / "warehouse")}), encoding="utf-8"
    )
    conf = load_config(folder / "conf.yaml")
    with log_of_run(folder / "warehouse/logs/gift-shop.log"):
        for step in steps_named(STEPS):
            run_step(step, spark, conf, NIGHT, "gift-shop")
    return conf


def test_a_csv_of_order_lines_becomes_lists(spark: SparkSession, conf: Config) -> None:
    tables = Warehouse(spark, conf.warehouse)
    lists = tables.read_date(EXPOSURE_SCORES, NIGHT)
    shoppers = tables.read_date(USER_FEATURES_TABLE, NIGHT).count()
    assert lists.select("user_id").distinct().count() > shoppers / 2
    log = (Path(conf.warehouse) / "logs/gift-shop.log").read_text(encoding="utf-8")
    [features] = [line for line in log.splitlines() if "switched off features=" in line]
    [channels] = [line for line in log.splitlines() if "switched off channels=" in line]
    assert {"item.brand", "item.is_promoted", "item.stock_on_hand"} <= set(features.split("features=")[1].split(","))
    assert {"brand_type_affinity", "store_promotion"} <= set(channels.split("channels=")[1].split(","))
    reasons = Counter(row["reason"] for row in tables.read(REJECTED).where("`table` = 'events'").collect())
    assert {"event_time_unreadable", "item_id_missing", "quantity_negative"} <= {
        name for reason in reasons for name in reason.split(",")
    }


def test_a_forgotten_shopper_is_in_no_file_of_the_night(spark: SparkSession, conf: Config) -> None:
    tables, folder = Warehouse(spark, conf.warehouse), Path(conf.warehouse)
    busy = tables.read(EVENTS).groupBy("user_id").count().orderBy(F.desc("count"), "user_id").first()
    assert busy is not None
    before = {path.split("/")[0] for path in files_with(folder, busy["user_id"])}
    assert {"events", "user_features", "user_history", "daily_pair", "candidates", "exposure_scores", "feast"} <= before
    forget(spark, conf, "forgets", busy["user_id"])
    assert files_with(folder, busy["user_id"]) == []
