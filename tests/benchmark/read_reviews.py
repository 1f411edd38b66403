"""Seconds that read_reviews takes for made-up reviews, on the first night and on a second one.

    .venv/bin/python -m tests.benchmark.read_reviews [--reviews 100000] [--changed 1000] [--words 30]

Words are of syllables, drawn by rank as in a language (Zipf); the share of negative ones follows the stars.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pyspark.sql import DataFrame, SparkSession

from features.contract import EVENTS
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.read_reviews import read_reviews
from jobs.tables.warehouse import Warehouse
from tests.spark_session import local_session

FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 2)
_VOCABULARY, _OPINIONS = 20_000, 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reviews", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=1_000)
    parser.add_argument("--words", type=int, default=30, help="of a review, in the mean")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, local_session(Path(folder)) as spark:
        conf = configuration(Path(folder))
        tables = Warehouse(spark, conf.warehouse)
        tables.replace(made_up(spark, arguments.reviews, arguments.words, FIRST, "a"), EVENTS, where=None)
        report(spark, conf, FIRST)
        tables.add(made_up(spark, arguments.changed, arguments.words, SECOND, "b"), EVENTS)
        report(spark, conf, SECOND)


def configuration(folder: Path) -> Config:
    path = folder / "conf.yaml"
    keys = {
        "warehouse": f"{folder}/warehouse", "source": {"kind": "complete_journey"}, "features": {"low_rating": 2},
        "reviews": {"read": True},
    }  # fmt: skip
    path.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return load_config(path)


def made_up(spark: SparkSession, count: int, words: int, before: date, prefix: str) -> DataFrame:
    """Events of reviews in the 90 days before a date, a fifth of them without stars."""
    rng = np.random.default_rng(len(prefix) + count)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    of_language = np.random.default_rng(0)
    vocabulary = np.array(["".join(of_language.choice(syllables, 1 + n % 4)) for n in range(_VOCABULARY)])
    stars = rng.choice([1, 2, 3, 4, 5], count, p=[0.1, 0.08, 0.1, 0.22, 0.5])
    rank = 1 / np.arange(1, _VOCABULARY + 1)
    texts = []
    for star in stars:
        of_text = vocabulary[rng.choice(_VOCABULARY, 1 + rng.poisson(words), p=rank / rank.sum())]
        good = rng.random(len(of_text)) < 0.15 + 0.15 * star
        opinion = vocabulary[-_OPINIONS:][rng.integers(0, _OPINIONS // 2, len(of_text)) + _OPINIONS // 2 * good]
        texts.append(" ".join(np.where(rng.random(len(of_text)) < 0.1, opinion, of_text)))
    days = [before - timedelta(days=int(ago)) for ago in rng.integers(1, 91, count)]
    moments = [datetime(day.year, day.month, day.day, 12, tzinfo=UTC) for day in days]
    full = pd.DataFrame(
        {
            "event_id": [f"{prefix}{number}" for number in range(count)],
            "user_id": rng.integers(0, count, count).astype(str), "item_id": rng.integers(0, 5_000, count).astype(str),
            "event_type": "review", "event_time": moments, "event_date": days, "ingested_at": moments, "quantity": 0,
            "price": None, "sample_weight": 1.0, "text": texts,
            "rating": np.where(rng.random(count) < 0.2, np.nan, stars),
        }
    ).reindex(columns=EVENTS.column_names).astype(object).where(lambda frame: frame.notna(), None)  # fmt: skip
    frame = spark.createDataFrame(full.drop(columns=["price", "discount"]), _without_money())
    return frame.selectExpr(*(f"{name}" if name in frame.columns else f"0.0 AS {name}" for name in EVENTS.column_names))


def _without_money() -> str:
    columns = [column for column in EVENTS.columns if column.name not in ("price", "discount")]
    return ", ".join(f"{column.name} {column.type.simpleString()}" for column in columns)


def report(spark: SparkSession, conf: Config, as_of: date) -> None:
    started = time.monotonic()
    night, _ = run_step(read_reviews, spark, conf, as_of, f"run-{as_of}")
    seconds, usage = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{as_of}: {seconds:.0f} s, {night.record.rows}; driver's Python so far {usage.ru_utime:.0f} s of a core, "
        f"{usage.ru_maxrss / 2**20:.1f} GiB",
        flush=True,
    )


if __name__ == "__main__":
    main()
