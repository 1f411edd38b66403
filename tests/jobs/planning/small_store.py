"""One small night with everything that a plan has to respect: its tables, a merchandising file, a configuration."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import yaml
from pyspark.sql import SparkSession

from features.contract import CANDIDATES, EXPOSURE_SCORES, ITEMS, RELEVANCE, USER_HISTORY
from features.contract.table import Table
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE
from jobs.config.configuration import Config, load_config
from jobs.execution.night import Night, Record
from jobs.tables.warehouse import Warehouse
from tests.jobs.small_tables import filled

NIGHT = date(2017, 12, 1)
USERS = [f"u{number:02}" for number in range(24)]
OPTED_OUT = ["u22", "u23"]

#        item   segment category      provider relevance stock margin
ITEMS_OF = [
    ("best", "tail", "Food > Tea", "acme", 0.30, None, 0.1),
    ("tea", "tail", "Food > Tea", "acme", 0.20, None, 0.1),
    ("jam", "tail", "Food > Jam", "bolt", 0.18, 0, 0.1),
    ("salt", "tail", "Food > Salt", "bolt", 0.16, None, 0.9),
    ("soap", "cold", "Home", "cape", 0.10, None, 0.1),
    ("pinned", "tail", "Home", "dune", 0.02, None, 0.1),
    ("banned", "tail", "Home", "acme", 0.90, None, 0.1),
    ("wine", "tail", "Alcohol > Wine", "acme", 0.95, None, 0.1),
    ("wines", "tail", "Alcoholfree", "acme", 0.01, None, 0.1),
]
PLAN: dict[str, Any] = {
    "slots": 3,
    "position_weights": [1.0, 0.8, 0.6],
    "exploration_slots": 0,
    "max_item_share": 0.5,
    "floors": {"cold": {"share": 0.05}, "new_items": {"share": 0.0}},
    "caps": {"provider": {"column": "provider_id", "each": True, "share": 0.6}},
    "stock": {"column": "stock_quantity"},
    "worth": {"margin_column": "margin", "margin_weight": 1.0, "bid_weight": 0.01},
    "sponsors": {"cape": {"bid": 0.5, "budget": 0.6}},
    "sensitive_categories": ["Alcohol"],
    "frequency": {"times": 2, "days": 7},
}


def write(tables: Warehouse, spark: SparkSession, table: Table, rows: pd.DataFrame) -> None:
    frame = rows.astype(object).where(rows.notna(), None)
    tables.replace(spark.createDataFrame(frame[table.column_names], table.schema), table, where=None)


def write_store(spark: SparkSession, folder: Path) -> None:
    """Writes a warehouse with the night's tables, which are written once and copied, and a merchandising file."""
    (folder / "merchandising.csv").write_text(
        "item_id,action,share,starts_on,ends_on,owner\n"
        "pinned,pin,0.04,,2017-12-24,Ann\nbanned,ban,,,,Ben\nunknown,pin,0.1,,,Ann\n",
        encoding="utf-8",
    )
    shutil.copytree(_written(spark).name, folder / "warehouse")


@cache
def _written(spark: SparkSession) -> TemporaryDirectory[str]:
    """A warehouse that no test changes. The folder is deleted with the process."""
    folder = TemporaryDirectory(prefix="longtail-store-")
    tables = Warehouse(spark, folder.name)
    names = ["item_id", "segment", "category", "provider_id", "relevance", "stock_quantity", "margin"]
    known = pd.DataFrame(ITEMS_OF, columns=names)
    features = pd.DataFrame([{feature.name: feature.default for feature in ITEM_FEATURES}] * len(known))
    features[names[:4]], features["is_eligible"], features["as_of"] = known[names[:4]], True, NIGHT
    features["title"] = known["item_id"].str.title()
    write(tables, spark, ITEM_FEATURES_TABLE, features)
    items = known.reindex(columns=ITEMS.column_names)
    items["title"], items["attributes"] = features["title"], [{} for _ in range(len(items))]
    for name in ("valid_from", "listed_at", "updated_at"):
        items[name] = pd.Timestamp("2017-01-01")
    write(tables, spark, ITEMS, items)
    users = pd.DataFrame([{feature.name: feature.default for feature in USER_FEATURES}] * len(USERS))
    users["user_id"], users["visit_probability"], users["as_of"] = USERS, 0.5, NIGHT
    users["consent_personalisation"] = ~users["user_id"].isin(OPTED_OUT)
    write(tables, spark, USER_FEATURES_TABLE, users)
    pairs = [(user, row[0], min(row[4] + 0.001 * n, 1.0)) for n, user in enumerate(USERS) for row in ITEMS_OF]
    relevance = pd.DataFrame(pairs, columns=["user_id", "item_id", "relevance"])
    relevance = relevance.assign(policy="main", model_version="7", as_of=NIGHT)
    relevance["top_reasons"] = [["als"]] * len(relevance)
    relevance = relevance.reindex(columns=RELEVANCE.column_names)
    write(tables, spark, RELEVANCE, relevance)
    # u00 has seen the best item twice in the last week, u01 once, and once before it.
    seen = [("u00", 1), ("u00", 7), ("u01", 3), ("u01", 8)]
    past = pd.DataFrame([(user, NIGHT - timedelta(days=days)) for user, days in seen], columns=["user_id", "as_of"])
    past = past.assign(
        policy="main", placement="tail_shelf", rank=1, item_id="best", score=0.3, relevance=0.3, boost=0.0, value=0.3,
        exposure=1.0, propensity=1.0, reason="", model_version="6", run_id="past",
    )  # fmt: skip
    write(tables, spark, EXPOSURE_SCORES, past)
    candidates = [{"as_of": NIGHT, "user_id": USERS[0], "item_id": row[0]} for row in ITEMS_OF]
    tables.replace(filled(spark, CANDIDATES, candidates), CANDIDATES, where=None)
    bought = {"as_of": NIGHT, "user_id": "u00", "item_ids": ["tea"], "event_types": ["purchase"], "days_ago": [3.0],
              "event_times": [datetime(2017, 11, 28)]}  # fmt: skip
    tables.replace(filled(spark, USER_HISTORY, [bought]), USER_HISTORY, where=None)
    return folder


def conf_file(folder: Path, **plan: Any) -> Path:
    """A new configuration of the store, with these keys of plan."""
    path = folder / f"{len(list(folder.glob('*.yaml')))}.yaml"
    keys = {**PLAN, "merchandising": str(folder / "merchandising.csv"), **plan}
    content = {"warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"}, "plan": keys}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def conf_in(folder: Path, **plan: Any) -> Config:
    return load_config(conf_file(folder, **plan))


def night_of(spark: SparkSession, conf: Config) -> Night:
    return Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), Record())
