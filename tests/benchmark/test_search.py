"""The protocol of the benchmark of search."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from model.search.fusion import FusionSettings
from model.search.index import SearchIndex
from model.search.projection import ProjectionSettings
from model.search.search import SearchSettings, fit_search
from tests.benchmark.search import LEAST_PRODUCTS, Data, digest, graded_pairs, measured, read, report


def pairs() -> pd.DataFrame:
    queries = [f"query {chr(97 + first)}{chr(97 + second)}" for first in range(8) for second in range(8)]
    few, *many = queries
    rows = [(few, product) for product in range(LEAST_PRODUCTS - 1)]
    rows += [(query, product) for query in [*many, f"{many[0].upper()} "] for product in range(LEAST_PRODUCTS)]
    frame = pd.DataFrame(rows, columns=["search_term", "product_uid"])
    return frame.assign(product_title="query " + frame["product_uid"].astype(str), relevance=2.0)


def counts_of(data: Data) -> np.ndarray:
    """Products of each query."""
    return np.bincount(data.pairs["query"], minlength=len(data.queries))


@pytest.mark.parametrize("validate", [False, True])
def test_nothing_is_learnt_from_a_query_that_is_evaluated(validate: bool) -> None:
    data = read(pairs(), validate)
    held_out = np.array([digest(query) % 5 == 0 for query in data.queries])
    assert (data.evaluated & held_out).any() != validate
    assert not (data.learnt & held_out & (counts_of(data) >= LEAST_PRODUCTS)).any()
    forms = np.array([query.lower().strip() for query in data.queries])
    assert not set(forms[data.learnt]) & set(forms[data.evaluated])
    assert (counts_of(data)[data.evaluated] >= LEAST_PRODUCTS).all()
    learnt = graded_pairs(data, np.zeros((len(data.queries), 2)))
    assert {data.queries[query] for query in np.flatnonzero(data.learnt)} == set(learnt.texts)


def test_every_method_is_measured_on_the_evaluated_queries(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pairs()
    data = read(frame.assign(relevance=1.0 + frame["product_uid"] % 3), validate=False)
    random = np.random.default_rng(0)
    queries, titles = (random.normal(size=(len(texts), 4)).astype(np.float32) for texts in (data.queries, data.titles))
    queries, titles = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (queries, titles))
    trees = FusionSettings(rounds=5, leaves=4, leaf_rows=2)
    settings = SearchSettings(good=2.5, most=5, grades=trees, answers=trees, projection=ProjectionSettings(epochs=1))
    search = fit_search(SearchIndex(data.titles, titles), graded_pairs(data, queries), settings)
    figures = measured(search, data, queries)
    assert len(figures) == data.evaluated.sum()
    assert figures.notna().all(axis=None)
    assert ((figures >= 0) & (figures <= 1 + 1e-9)).all(axis=None)
    assert (figures["recall fused"] == 1).all()  # all products are candidates
    report(figures)
    assert "recall of the fused by that of the better" in capsys.readouterr().out
