"""Candidates of one date of a small store: what they do not depend on, and what of the store reaches the driver."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import Row, SparkSession

from features.contract import EVENTS, PROMOTIONS, TEXT_EMBEDDINGS, USER_EMBEDDINGS
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.build_candidates import candidates_of
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from jobs.retrieval.blocks import shipped_catalogue
from jobs.retrieval.date_side import prepare_date
from jobs.tables.warehouse import Warehouse
from jobs.train_first_stage import responded_pairs, training_sample
from model.retrieval.channels import CHANNELS
from model.retrieval.first_stage import FirstStage
from tests.jobs.small_tables import filled
from tests.spark_session import ROOT

pytestmark = pytest.mark.slow  # many Delta writes; the default run covers the steps in tests/pipeline

NIGHT = date(2024, 5, 2)
USERS, ITEMS = [f"u{n:02}" for n in range(40)], [f"i{n:02}" for n in range(30)]


@pytest.fixture(scope="module")
def warehouse(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "warehouse"
    fill(spark, Warehouse(spark, str(folder)))
    return folder


def fill(spark: SparkSession, tables: Warehouse) -> None:
    """Purchases of 60 days before the night and 14 after it, with what the steps before leave."""
    draw = np.random.default_rng(5)
    purchases = [
        {"event_id": f"e{n}", "user_id": USERS[user], "item_id": ITEMS[item], "event_type": "purchase",
         "event_time": datetime(2024, 3, 3, tzinfo=UTC) + timedelta(hours=int(hour)),
         "event_date": date(2024, 3, 3) + timedelta(days=int(hour) // 24), "quantity": 1, "price": Decimal(1),
         "store_id": f"s{item % 3}", "ingested_at": datetime(2024, 6, 1, tzinfo=UTC), "sample_weight": 1.0}
        for n, (user, item, hour) in enumerate(draw.integers(0, (35, 30, 74 * 24), size=(600, 3)))
    ]  # fmt: skip
    items = [
        {"as_of": NIGHT, "item_id": item, "title": f"title {n % 20}", "product_type": f"type {n % 4}",
         "category": f"category {n % 3}", "brand": f"brand {n % 5}", "provider_id": "", "price_mean_90d": 1.0 + n,
         "text_hash": f"h{n % 9}", "segment": ("tail", "tail", "cold")[n % 3], "is_eligible": n > 2}
        for n, item in enumerate(ITEMS)
    ]  # fmt: skip
    promotions = [
        {"item_id": ITEMS[n], "store_id": f"s{n % 3}", "placement": "mailer",
         "valid_from": date(2024, 4, 20), "valid_to": date(2024, 4, 27)}
        for n in range(10)
    ]  # fmt: skip
    texts = [
        {"text_hash": f"h{n}", "encoder_version": "e1", "embedding": [float(x) for x in np.eye(9)[n]]} for n in range(9)
    ]
    shoppers = [
        {"as_of": NIGHT, "user_id": user, "encoder_version": "e1", "embedding": [float(x) for x in np.eye(9)[n % 9]]}
        for n, user in enumerate(USERS)
    ]
    for table, rows in {
        EVENTS: purchases, ITEM_FEATURES_TABLE: items, PROMOTIONS: promotions, TEXT_EMBEDDINGS: texts,
        USER_EMBEDDINGS: shoppers,
        USER_FEATURES_TABLE: [{"as_of": NIGHT, "user_id": user} for user in USERS],
    }.items():  # fmt: skip
        tables.replace(filled(spark, table, rows), table, None)


def night_of(spark: SparkSession, warehouse: Path, **channels: Any) -> Night:
    sizes = {"als_factors": 4, "als_iterations": 2, "neighbours": 5, **channels}
    overrides = [f"channels.{name}={value}" for name, value in sizes.items()]
    conf = load_config(
        ROOT / "conf/local.yaml",
        [f"warehouse={warehouse}", "candidates.per_user=8", "candidates.block_users=7", *overrides],
    )
    return Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), Record())


def first_stage() -> FirstStage:
    """All channels with weights of every kind."""
    k = len(CHANNELS)
    weights = np.random.default_rng(2).normal(size=3 * k)
    return FirstStage("toy", tuple(CHANNELS), np.zeros(k), np.ones(k), np.zeros(k), weights, bias=0.0)


def candidates(night: Night) -> list[Row]:
    side = prepare_date(night, NIGHT, "e1", tuple(CHANNELS), {})
    rows = candidates_of(night, side, first_stage()).orderBy("user_id", "rank").collect()
    side.release()
    return rows


def test_partitions_change_no_candidate_and_no_training_row(spark: SparkSession, warehouse: Path) -> None:
    lists, samples = [], []
    for partitions in (1, 5):
        spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
        try:
            night = night_of(spark, warehouse)
            lists.append(candidates(night))
            side = prepare_date(night, NIGHT, "e1", tuple(CHANNELS), {})
            responses = responded_pairs(night, NIGHT, NIGHT + timedelta(days=14))
            samples.append(training_sample(night, side, responses, tuple(CHANNELS)))
            side.release()
        finally:
            spark.conf.set("spark.sql.shuffle.partitions", "2")
    assert {row.user_id for row in lists[0]} == set(USERS)
    assert lists[0] == lists[1]
    for of_one, of_five in zip(*samples, strict=True):
        np.testing.assert_array_equal(of_one, of_five)


def test_only_the_sampled_neighbours_reach_the_driver(spark: SparkSession, warehouse: Path) -> None:
    side = prepare_date(night_of(spark, warehouse, neighbour_sample=10), NIGHT, "e1", tuple(CHANNELS), {})
    catalogue = shipped_catalogue(side.shipped)
    side.release()
    assert len(catalogue.neighbour_ids) == 10
    everyone = prepare_date(night_of(spark, warehouse), NIGHT, "e1", tuple(CHANNELS), {})
    assert sorted(shipped_catalogue(everyone.shipped).neighbour_ids) == USERS
    everyone.release()
