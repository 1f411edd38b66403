"""The made-up store is the same for any number of partitions, skewed, and fits its configuration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from jobs.config.configuration import load_config
from tests.benchmark.scale import store
from tests.benchmark.scale.night import configured
from tests.benchmark.scale.store import AS_OF, HISTORY_DAYS, Size, events, items, users

SIZE = Size(shoppers=300, items=400, events=20)


@pytest.fixture(scope="module")
def first(spark: SparkSession) -> pd.DataFrame:
    return events(spark, SIZE, "first").toPandas()


def test_the_rows_do_not_depend_on_the_partitions(spark: SparkSession, first: pd.DataFrame) -> None:
    with patch.object(store, "_ROWS_A_FILE", 700):
        again = events(spark, SIZE, "first").toPandas()
    pd.testing.assert_frame_equal(*(rows.sort_values("event_id", ignore_index=True) for rows in (first, again)))


def test_sales_are_skewed_and_every_type_happens(first: pd.DataFrame) -> None:
    counts = first["item_id"].value_counts()
    assert counts.head(80).sum() > 0.45 * counts.sum()  # a fifth of the items has about half of the events
    assert set(first["event_type"]) == {"exposure", "click", "cart", "purchase", "search", "review", "return"}
    assert 0.3 < (first["event_type"] == "exposure").mean() < 0.4


def test_events_name_shoppers_and_items_of_the_store(spark: SparkSession, first: pd.DataFrame) -> None:
    known = items(spark, SIZE).toPandas()
    assert known["item_id"].is_unique
    assert set(first["item_id"]) <= set(known["item_id"])
    assert set(first["user_id"]) <= {row["user_id"] for row in users(spark, SIZE).collect()}
    new = known[known["listed_at"] >= pd.Timestamp(AS_OF - timedelta(28))]
    assert 0 < len(new) < 20
    assert not set(new["item_id"]) & set(first["item_id"])


def test_a_return_follows_its_purchase(first: pd.DataFrame) -> None:
    returns = first[first["event_type"] == "return"]
    bought = first[first["event_type"] == "purchase"].set_index("event_id")
    for row in returns.itertuples():
        purchase = bought.loc[row.event_id.removesuffix("r")]
        assert (purchase["user_id"], purchase["item_id"]) == (row.user_id, row.item_id)
        assert purchase["event_time"] <= row.event_time


def test_the_deliveries_are_all_before_the_night_and_its_day(spark: SparkSession, first: pd.DataFrame) -> None:
    night = pd.Timestamp(AS_OF)
    assert first["event_time"].between(night - timedelta(HISTORY_DAYS), night, inclusive="left").all()
    second = events(spark, SIZE, "second").toPandas()
    assert second["event_time"].between(night, night + timedelta(1), inclusive="left").all()
    assert not set(second["event_id"]) & set(first["event_id"])
    assert datetime.now(UTC).date() > AS_OF  # so that no event lies in the future


def test_the_configuration_is_one(tmp_path: Path) -> None:
    conf = load_config(configured(tmp_path, ["candidates.per_user=50"]))
    assert conf.candidates.per_user == 50
    assert conf.source.files is not None
    assert {mapping.input for mapping in conf.source.files.events} == {"events"}
    assert conf.warehouse == f"{tmp_path}/warehouse"
