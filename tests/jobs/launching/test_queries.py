"""The queries that are nearest to an item."""

from __future__ import annotations

import numpy as np

from jobs.launching.queries import MOST_QUERIES, Queries
from model.launch.gaps import Query


def test_the_nearest_queries_come_first_and_equal_ones_by_the_alphabet() -> None:
    texts = ["cup", "jug", "mug", "pan", "pot", "tin", "urn"]
    angles = np.array([0.2, 0.1, 0.1, 0.3, 0.4, 0.5, 0.6])
    queries = Queries(texts, range(50, 57), np.column_stack([np.cos(angles), np.sin(angles)]))
    nearest = queries.nearest(np.array([1.0, 0.0]))
    assert [query.text for query in nearest] == ["jug", "mug", "cup", "pan", "pot"]
    assert len(nearest) == MOST_QUERIES
    assert nearest[0] == Query("jug", 51, float(np.cos(0.1)))
    assert Queries([], [], np.zeros((0, 2))).nearest(np.array([1.0, 0.0])) == []
