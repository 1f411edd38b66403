"""Seconds that enrich_items takes for a catalogue of product names, on the first night and on a second one.

    .venv/bin/python -m tests.benchmark.catalogue.cost FILE [--items 100000] [--changed 1000] [--words 0]
        [--parts categories attributes]
    .venv/bin/python -m tests.benchmark.catalogue.cost WAREHOUSE --as-of 2017-12-01 [--parts categories attributes]

The names of Instacart with their aisles as categories, of which a tenth of the items have none, and further items whose
names join the halves of two of them. `--words` gives each item a description of so many words of other names. Of a
warehouse the items are read, twice, and nothing is written there.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
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
WITHOUT = 0.1  # share of the items without a category


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("products", type=Path, help="Parquet file of the names and their aisles, or a warehouse")
    parser.add_argument("--as-of", type=date.fromisoformat, default=FIRST, help="first night of a warehouse")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=1_000)
    parser.add_argument("--words", type=int, default=0)
    parser.add_argument("--parts", nargs="*", default=(), choices=("categories", "attributes"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, local_session(Path(folder)) as spark:
        conf = configuration(Path(folder), arguments.parts)
        tables = Warehouse(spark, conf.warehouse)
        if arguments.products.is_dir():
            tables.replace(Warehouse(spark, str(arguments.products)).read(ITEMS), ITEMS, where=None)
            report(spark, conf, arguments.as_of)
            report(spark, conf, arguments.as_of + timedelta(days=1))
            return
        known = products(arguments.products)
        names = known[~known["name"].str.contains("\ufffd")]  # the contract refuses texts that were decoded wrongly
        first = texts(names, arguments.items, arguments.words, 1)
        tables.replace(items(spark, first, datetime(2024, 1, 1, tzinfo=UTC)), ITEMS, where=None)
        report(spark, conf, FIRST)
        later = texts(names, arguments.changed, arguments.words, 2).assign(
            item_id=first["item_id"].iloc[: arguments.changed]
        )
        tables.add(items(spark, later, datetime(2024, 3, 1, 12, tzinfo=UTC)), ITEMS)
        report(spark, conf, SECOND)


def configuration(folder: Path, parts: Sequence[str]) -> Config:
    path = folder / "conf.yaml"
    keys = {
        "warehouse": f"{folder}/warehouse", "source": {"kind": "complete_journey"},
        "catalogue": {"enrich": True, **dict.fromkeys(parts, True)},
    }  # fmt: skip
    path.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return load_config(path)


def texts(known: pd.DataFrame, count: int, words: int, seed: int) -> pd.DataFrame:
    """item_id, title, description, category: names as they are if seed is 1 and they suffice, else halves of two
    joined, with the aisle of the second.
    """
    rng = np.random.default_rng(seed)
    names, aisles = known["name"].to_numpy(), known["aisle"].to_numpy()
    own = min(count, len(names)) if seed == 1 else 0
    pairs = rng.choice(len(names), (count - own, 2))
    halves = [(names[a].split(), names[b].split()) for a, b in pairs]
    joined = [" ".join([*a[: len(a) // 2 + 1], *b[len(b) // 2 :]]) for a, b in halves]
    titles, categories = [*names[:own], *joined], np.concatenate([aisles[:own], aisles[pairs[:, 1]]])
    described = [" ".join(rng.choice(names, words // 5 + 1)) if words else None for _ in titles]
    return pd.DataFrame(
        {
            "item_id": [f"i{number}" for number in range(count)], "title": titles, "description": described,
            "category": np.where(rng.random(count) < WITHOUT, None, categories),
        }
    )  # fmt: skip


def items(spark: SparkSession, rows: pd.DataFrame, since: datetime) -> DataFrame:
    full = rows.reindex(columns=ITEMS.column_names).astype(object).where(lambda frame: frame.notna(), None)
    full["attributes"] = [{} for _ in range(len(full))]
    for name in ("valid_from", "listed_at", "updated_at"):
        full[name] = since
    return spark.createDataFrame(full, ITEMS.schema)


def report(spark: SparkSession, conf: Config, as_of: date) -> None:
    started = time.monotonic()
    night, _ = run_step(enrich_items, spark, conf, as_of, f"run-{as_of}")
    seconds = time.monotonic() - started
    print(f"{as_of}: {seconds:.0f} s, {night.record.rows}, {night.record.decisions}", flush=True)


if __name__ == "__main__":
    main()
