"""The order of every user's pairs against a sort by two keys."""

from __future__ import annotations

import numpy as np
import pytest

from model.exposure import ranking
from model.exposure.ranking import by_score


@pytest.mark.parametrize("decimals", [0, 1, 15])  # many ties, some, none
def test_equals_a_sort_of_all_pairs(decimals: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "_USERS_AT_ONCE", 7)
    random = np.random.default_rng(decimals)
    candidates = random.integers(0, 30, 50)
    start = np.concatenate([[0], np.cumsum(candidates)])
    user = np.repeat(np.arange(50), candidates)
    score = np.round(random.normal(size=len(user)), decimals)
    tie = random.integers(0, 2**62, len(user)).astype(np.uint64)
    assert by_score(start, score, tie).tolist() == np.lexsort((tie, -score, user)).tolist()
    assert by_score(start, score).tolist() == np.lexsort((-score, user)).tolist()


def test_users_without_pairs() -> None:
    assert by_score(np.zeros(4, dtype=np.int64), np.zeros(0)).tolist() == []
    assert by_score(np.zeros(1, dtype=np.int64), np.zeros(0)).tolist() == []
