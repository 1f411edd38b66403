"""A small store of two shoppers and three items over three nights as Delta tables, with the steps to run on it."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from features.contract import EXPOSURE_SCORES, FALLBACK_LISTS, ITEM_EXPOSURE, ITEM_POTENTIAL, RUNS
from features.contract.table import Table
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE, USER_FEATURES, USER_FEATURES_TABLE, Feature
from jobs.config.configuration import Config, load_config
from jobs.execution.night import Night, Record, Step
from jobs.online.store import has_store, open_store, read_store
from jobs.publish import publish
from jobs.register_features import register_features
from jobs.serving.client import StorefrontClient
from jobs.tables.warehouse import Warehouse
from tests.jobs.small_tables import filled

FIRST, SECOND, THIRD = date(2017, 12, 1), date(2017, 12, 2), date(2017, 12, 3)
NIGHTS = {FIRST: 1.0, SECOND: 2.0, THIRD: 3.0}  # the factor of every number of the night
TTL = 1  # seconds
POTENTIAL = "potential: {shoppers: 100}\n"  # measured, so that every view is served


def write_tables(spark: SparkSession, folder: Path) -> None:
    """All tables that a publish reads. Night n, with the factor k:

    ann's list   1 tea   score .05 k = relevance .04 k + boost .01 k
                 2 salt  score .03 k = relevance .03 k + boost 0
    ben's list   1 salt  score .02 k = relevance .02 k + boost 0
    everyone's   1 salt  value .025 k
    gum is not eligible; tea's allocated exposure is k, and its audience has two shoppers; salt has none. Each night is
    planned by a run that is done.
    """
    lists, exposures, potentials, users, items, fallbacks = [], [], [], [], [], []
    for as_of, k in NIGHTS.items():
        for user, rank, item, relevance, boost in (
            ("ann", 2, "salt", 0.03 * k, 0.0),
            ("ann", 1, "tea", 0.04 * k, 0.01 * k),
            ("ben", 1, "salt", 0.02 * k, 0.0),
        ):
            lists.append((as_of, "main", user, "tail_shelf", rank, item, relevance + boost, relevance, boost, 1.0, 1.0,
                          "bought its kind", "7", f"plan-{as_of}", relevance))  # fmt: skip
        # Another placement of the same night, which this configuration does not publish.
        lists.append(
            (as_of, "main", "ben", "home", 1, "gum", 0.9, 0.9, 0.0, 1.0, 1.0, "other", "7", f"plan-{as_of}", 0.9)
        )
        fallbacks.append(
            (as_of, "main", "tail_shelf", "everyone", 1, "salt", 0.025 * k, 0.025 * k, "of all", "7", f"plan-{as_of}")
        )
        for item, boost in (("tea", 0.01 * k), ("salt", 0.0)):
            exposures.append((as_of, "main", "tail_shelf", item, "tail", boost, 0.0, 9.0, k, "none", None))
        potentials += [
            (as_of, "main", "tea", 2, 1.0, 0.5 * k, 0.0, 0.0, 0.5 * k),
            (as_of, "main", "salt", 0, 0.0, 0.0, 0.0, 0.0, 0.0),
        ]
        users += [_row(USER_FEATURES, as_of, user, visit_days_28d=int(k)) for user in ("ann", "ben")]
        for item in ("tea", "salt", "gum"):
            values = {"title": f"{item} 茶", "price_mean_90d": k, "is_eligible": item != "gum"}
            items.append(_row(ITEM_FEATURES, as_of, item, **values))
    warehouse = Warehouse(spark, str(folder))
    for table, rows in (
        (EXPOSURE_SCORES, lists),
        (ITEM_EXPOSURE, exposures),
        (ITEM_POTENTIAL, potentials),
        (FALLBACK_LISTS, fallbacks),
        (USER_FEATURES_TABLE, users),
        (ITEM_FEATURES_TABLE, items),
    ):
        warehouse.replace(spark.createDataFrame(rows, table.schema).coalesce(1), table, None)
    for as_of in NIGHTS:
        add_plan_run(spark, warehouse, as_of, f"plan-{as_of}")


def add_plan_run(spark: SparkSession, tables: Warehouse, as_of: date, run_id: str, status: str = "done") -> None:
    """Adds the row of a plan_exposure to `runs`."""
    row = {"run_id": run_id, "step": "plan_exposure", "as_of": as_of, "status": status}
    tables.add(filled(spark, RUNS, [row]), RUNS)


def _row(features: tuple[Feature, ...], as_of: date, entity_id: str, **values: Any) -> tuple[Any, ...]:
    return (as_of, entity_id, *(values.get(feature.name, feature.default) for feature in features))


def reader_of(conf: Config, **options: Any) -> StorefrontClient:
    """A client of the warehouse without a time limit."""
    return StorefrontClient(read_store(conf), timeout_seconds=None, **options)


def feast_folder(conf: Config) -> Path:
    """The folder of registry.db, online.db and reader.yaml in a local warehouse."""
    return Path(conf.warehouse) / "feast"


def reader_yaml(conf: Config) -> Path:
    """The settings for a ranking service in a local warehouse."""
    return feast_folder(conf) / "reader.yaml"


def config_in(folder: Path, further: str = "") -> Config:
    """A configuration, written to folder/conf.yaml, whose warehouse is folder/warehouse; potential is measured.

    further: other sections, as YAML
    """
    path = folder / "conf.yaml"
    online = f"online: {{registry_ttl_seconds: {TTL}}}\n"
    text = f"warehouse: {folder / 'warehouse'}\nsource: {{kind: complete_journey}}\n{POTENTIAL}{online}{further}"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def copy_of(conf: Config, folder: Path) -> Config:
    """A configuration in `folder` whose warehouse is a copy of another; reader.yaml names the copy."""
    shutil.copytree(conf.warehouse, folder / "warehouse", ignore=shutil.ignore_patterns("*-shm"))
    copied = config_in(folder)
    if has_store(copied):
        open_store(copied)
    return copied


def night_of(spark: SparkSession, conf: Config, as_of: date, run_id: str = "run") -> Night:
    return Night(conf, as_of, run_id, spark, Warehouse(spark, conf.warehouse), Record())


def run(step: Step, spark: SparkSession, conf: Config, as_of: date, run_id: str = "run") -> Record:
    night = night_of(spark, conf, as_of, run_id)
    step(night)
    return night.record


def publish_night(spark: SparkSession, conf: Config, as_of: date, run_id: str = "run") -> Record:
    """register_features and publish."""
    run(register_features, spark, conf, as_of, run_id)
    return run(publish, spark, conf, as_of, run_id)


def rewrite(spark: SparkSession, conf: Config, table: Table, where: str, **changes: str) -> None:
    """Replaces columns of the rows that fulfil `where` by SQL expressions."""
    assignments = ", ".join(f"{name} = {expression}" for name, expression in changes.items())
    spark.sql(f"UPDATE delta.`{conf.warehouse}/{table.name}` SET {assignments} WHERE {where}")
