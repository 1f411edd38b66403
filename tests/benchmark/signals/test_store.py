"""The first stage of a small browsing store through Spark's steps, with and without signals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from features.contract import EVENTS, IDENTITIES, SEARCHES
from jobs.execution.night import Night
from jobs.retrieval.blocks import shipped_catalogue
from jobs.retrieval.date_side import prepare_date
from model.retrieval.channels import CHANNELS
from model.retrieval.first_stage import FirstStage
from model.retrieval.signal_channels import SIGNAL_CHANNELS
from tests.benchmark.signals.store import Store, browsing_store, first_stage_of, lists_of, recalls

pytestmark = pytest.mark.slow  # several fits of ALS


@pytest.fixture(scope="module")
def store(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = browsing_store(tmp_path_factory.mktemp("store"), 3, users=200, items=500, history=112.0, horizon=28.0)
    store.write(spark)
    return store


def test_without_signals_the_first_stage_is_that_of_a_store_without_events(
    spark: SparkSession, store: Store, tmp_path: Path
) -> None:
    """Byte for byte."""
    first_stage_of(store.night(spark), store).save(tmp_path / "with")
    purchases = [row for row in store.tables[EVENTS] if row["event_type"] == "purchase"]
    bare = replace(
        store, folder=tmp_path / "bare", tables={**store.tables, EVENTS: purchases, SEARCHES: [], IDENTITIES: []}
    )
    bare.write(spark)
    first_stage_of(bare.night(spark), bare).save(tmp_path / "without")
    files = [(tmp_path / name / "first_stage.json").read_bytes() for name in ("with", "without")]
    assert files[0] == files[1]


def test_the_fit_keeps_signals_that_help_and_the_night_reads_no_others(spark: SparkSession, store: Store) -> None:
    night = store.night(spark, ["signals.channels=auto"])
    first_stage = first_stage_of(night, store)
    used = set(first_stage.channels) & set(SIGNAL_CHANNELS)
    assert set(CHANNELS) <= set(first_stage.channels)
    assert {"viewed", "viewed_brand_type_affinity"} <= used < set(SIGNAL_CHANNELS)
    assert "view" in night.record.decisions["signals"].split(",")
    assert first_stage.event_weights == {}

    side = prepare_date(night, night.as_of, "e1", first_stage.channels, first_stage.event_weights)
    statistics = set(shipped_catalogue(side.shipped).item_statistics)
    assert statistics & set(SIGNAL_CHANNELS) == used & {"view_popularity", "viewers", "regret_rate"}
    side.release()
    assert recall(store, night, first_stage) > recall(store, store.night(spark), without_signals(spark, store))


def test_als_counts_events_by_weights_that_are_learnt(spark: SparkSession, store: Store) -> None:
    night = store.night(spark, ["signals.weights=learnt"])
    first_stage = first_stage_of(night, store)
    assert first_stage.channels == tuple(CHANNELS)
    assert 0 < first_stage.event_weights["view"] <= 1
    assert set(first_stage.event_weights) <= {"view", "cart", "favourite", "negative"}
    assert recall(store, night, first_stage) > recall(store, store.night(spark), without_signals(spark, store))


def recall(store: Store, night: Night, first_stage: FirstStage) -> float:
    """Recall of the tail."""
    return recalls(lists_of(night, first_stage), store.cuts[store.history])[0]


def without_signals(spark: SparkSession, store: Store) -> FirstStage:
    return first_stage_of(store.night(spark), store)
