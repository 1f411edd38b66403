"""A made-up store that exports its products and a log as CSV, with the configuration of its night."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pyspark.sql import SparkSession

from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.nightly import STEPS, steps_named
from jobs.tables.warehouse import Warehouse

NIGHT = date(2024, 3, 9)
KINDS, COLOURS = ("Mug", "Lamp", "Vase", "Clock", "Tray"), ("Blue", "Red", "Green")


def products(count: int, first: date) -> pd.DataFrame:
    """sku, name, kind, price and listed of a catalogue that is listed two days before the first day of the log."""
    return pd.DataFrame(
        [
            (
                f"N-{n:02}",
                f"{COLOURS[n % 3]} {KINDS[n % 5]} {n}",
                KINDS[n % 5],
                f"{8 + n}.00",
                first - timedelta(days=2),
            )
            for n in range(count)
        ],
        columns=["sku", "name", "kind", "price", "listed"],
    )


def time_of(line: int, first: date, lines_a_day: int) -> datetime:
    """When a line of the log happened: 9 h of its day."""
    return datetime.combine(first + timedelta(days=line // lines_a_day), time(9))


def write_files(
    folder: Path,
    catalogue: pd.DataFrame,
    log: pd.DataFrame,
    item_columns: dict[str, Any],
    event_columns: dict[str, Any],
    keys: dict[str, Any],
    encoding: str = "utf-8",
) -> Config:
    """Writes the store's files and the configuration of a small night on them.

    catalogue: of `products`; log: line, customer, sku, at and other columns, in which all lines are of one type
    item_columns, event_columns: mappings in addition to those of the columns that every such store has
    keys: of the configuration, in place of those of night.yaml; its source is added to that of the files
    encoding: of the files
    """
    folder.mkdir(exist_ok=True)
    exports = {"log": log, "products": catalogue}
    for name, rows in exports.items():
        rows.to_csv(folder / f"{name}.csv", index=False, encoding=encoding)
    source = {
        "kind": "files", "currency": "EUR",
        "files": {
            "inputs": {
                name: {"path": str(folder / f"{name}.csv"), "format": "csv", "options": {"encoding": encoding}}
                for name in exports
            },
            "items": [{"input": "products", "columns": {
                "item_id": "sku", "title": "name", "price": "price", "updated_at": "listed", **item_columns}}],
            "users": [{"input": "log", "columns": {
                "user_id": "customer", "consent_personalisation": {"constant": True}, "updated_at": "at"}}],
            "events": [{"input": "log", "columns": {
                "event_id": "line", "user_id": "customer", "item_id": "sku", "event_time": "at", **event_columns}}],
        },
    }  # fmt: skip
    small = yaml.safe_load(Path(__file__).with_name("night.yaml").read_text(encoding="utf-8"))
    source |= keys.pop("source", {})
    small |= {"warehouse": str(folder / "warehouse"), "source": source, **keys}
    (folder / "conf.yaml").write_text(yaml.safe_dump(small), encoding="utf-8")
    return load_config(folder / "conf.yaml")


def run_night(spark: SparkSession, conf: Config, night: date, run_id: str) -> Warehouse:
    """Runs every step of a night."""
    for step in steps_named(STEPS):
        run_step(step, spark, conf, night, run_id)
    return Warehouse(spark, conf.warehouse)
