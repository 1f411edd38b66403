"""The queries that are nearest to an item."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from jobs.launching.queries import MOST_QUERIES, Queries, read_queries
from model.launch.gaps import Query
from tests.model.text.tiny import opened, write_tiny_bert


def test_the_nearest_queries_come_first_and_equal_ones_by_the_alphabet() -> None:
    texts = ["cup", "jug", "mug", "pan", "pot", "tin", "urn"]
    angles = np.array([0.2, 0.1, 0.1, 0.3, 0.4, 0.5, 0.6])
    queries = Queries(texts, range(50, 57), np.column_stack([np.cos(angles), np.sin(angles)]))
    nearest = queries.nearest(np.array([1.0, 0.0]))
    assert [query.text for query in nearest] == ["jug", "mug", "cup", "pan", "pot"]
    assert len(nearest) == MOST_QUERIES
    assert nearest[0] == Query("jug", 51, float(np.cos(0.1)))
    assert Queries([], [], np.zeros((0, 2))).nearest(np.array([1.0, 0.0])) == []


def test_searches_of_many_shoppers_are_encoded_as_queries(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = spark.createDataFrame([(0, "a"), (0, "b"), (0, "b"), (1, "a"), (1, "a")], "item_row int, user_id string")
    searched = SimpleNamespace(lines=lines, queries=["green tea", "milk"])
    monkeypatch.setattr("jobs.launching.queries.searches_before", lambda night, as_of: searched)
    conf = SimpleNamespace(report=SimpleNamespace(least_shoppers=2), encoder=SimpleNamespace(batch_size=2))
    night: Any = SimpleNamespace(as_of=date(2024, 3, 8), conf=conf, tables=SimpleNamespace(exists=lambda table: True))
    encoder = opened(str(write_tiny_bert(tmp_path)))
    queries = read_queries(night, encoder)
    [query] = queries.nearest(encoder.encode_queries(["green tea"], 1)[0])
    assert (query.text, query.shoppers) == ("green tea", 2)
    assert query.likeness == pytest.approx(1.0, abs=1e-5)
