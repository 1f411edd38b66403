"""Seconds that enrich_items takes for a catalogue of product names, on the first night and on a second one.

    .venv/bin/python -m tests.benchmark.catalogue.cost FILE [--items 100000] [--changed 1000] [--words 0]

The names of Instacart, and further items whose names join the halves of two of them. `--words` gives each item a
description of so many words of other names.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pyspark.sql import DataFrame, SparkSession

from features.contract import ITEMS
from jobs.config.configuration import Config, load_config
from jobs.enrich_items import enrich_items
from jobs.execution.manifest import run_step
from jobs.tables.warehouse import Warehouse
from tests.benchmark.catalogue.products import products
from tests.spark_session import local_session

FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("products", type=Path, help="Parquet file of the names and their aisles")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=1_000)
    parser.add_argument("--words", type=int, default=0)
    arguments = parser.parse_args()
    known = products(arguments.products)["name"]
    names = known[~known.str.contains("\ufffd")].to_numpy()  # the contract refuses texts that were decoded wrongly
    with tempfile.TemporaryDirectory() as folder, local_session(Path(folder)) as spark:
        conf = configuration(Path(folder))
        tables = Warehouse(spark, conf.warehouse)
        first = texts(names, arguments.items, arguments.words, 1)
        tables.replace(items(spark, first, datetime(2024, 1, 1, tzinfo=UTC)), ITEMS, where=None)
        report(spark, conf, FIRST)
        later = texts(names, arguments.changed, arguments.words, 2).assign(
            item_id=first["item_id"].iloc[: arguments.changed]
        )
        tables.add(items(spark, later, datetime(2024, 3, 1, 12, tzinfo=UTC)), ITEMS)
        report(spark, conf, SECOND)


def configuration(folder: Path) -> Config:
    path = folder / "conf.yaml"
    keys = {"warehouse": f"{folder}/warehouse", "source": {"kind": "complete_journey"}, "catalogue": {"enrich": True}}
    path.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return load_config(path)


def texts(names: np.ndarray, count: int, words: int, seed: int) -> pd.DataFrame:
    """item_id, title, description: names as they are if seed is 1 and they suffice, else halves of two joined."""
    rng = np.random.default_rng(seed)
    own = names[:count] if seed == 1 else names[:0]
    pairs = rng.choice(names, (count - len(own), 2))
    joined = [" ".join([*a.split()[: len(a.split()) // 2 + 1], *b.split()[len(b.split()) // 2 :]]) for a, b in pairs]
    titles = [*own, *joined]
    described = [" ".join(rng.choice(names, words // 5 + 1)) if words else None for _ in titles]
    return pd.DataFrame(
        {"item_id": [f"i{number}" for number in range(count)], "title": titles, "description": described}
    )


def items(spark: SparkSession, rows: pd.DataFrame, since: datetime) -> DataFrame:
    full = rows.reindex(columns=ITEMS.column_names).astype(object).where(lambda frame: frame.notna(), None)
    full["attributes"] = [{} for _ in range(len(full))]
    for name in ("valid_from", "listed_at", "updated_at"):
        full[name] = since
    return spark.createDataFrame(full, ITEMS.schema)


def report(spark: SparkSession, conf: Config, as_of: date) -> None:
    started = time.monotonic()
    night, _ = run_step(enrich_items, spark, conf, as_of, f"run-{as_of}")
    print(f"{as_of}: {time.monotonic() - started:.0f} s, {night.record.rows}", flush=True)


if __name__ == "__main__":
    main()
