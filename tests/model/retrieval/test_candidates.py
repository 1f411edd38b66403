"""The best items of a block against a sort of all, with so many items that they are found by groups."""

from __future__ import annotations

import numpy as np
import pytest

from model.retrieval.candidates import top_candidates
from model.retrieval.first_stage import FirstStage
from tests.benchmark.synthetic_store import factors_alone, shoppers_with
from tests.model.retrieval.small_store import SETTINGS


@pytest.mark.parametrize("items", [5, 1_000, 1_007])  # fewer than are kept, and groups without and with a rest
@pytest.mark.parametrize("distinct", [3, 2**20])  # with ties, and with hardly any
def test_best_are_those_of_a_sort_of_all(items: int, distinct: int) -> None:
    random = np.random.default_rng(items)
    factors = (random.integers(0, distinct, (items, 1)) / distinct).astype(np.float32)
    model = FirstStage("one channel", ("als",), np.zeros(1), np.ones(1), np.zeros(1), np.array([1.0, 0.0, 0.0]), 0.0)
    people = shoppers_with(np.array([[1.0], [0.0], [-1.0]], dtype=np.float32))
    best = top_candidates(factors_alone(factors), people, SETTINGS, model, 10, exclude_bought=False)
    for user, taste in enumerate((1.0, 0.0, -1.0)):
        expected = np.argsort(-taste * factors[:, 0], kind="stable")[:10]
        assert best.eligible[best.start[user] : best.start[user + 1]].tolist() == expected.tolist()
