"""The pairs that the integral lists are chosen from."""

from __future__ import annotations

import numpy as np
import pytest

from model.exposure import list_candidates
from model.exposure.list_candidates import kept_pairs
from tests.model.exposure.problems import problem_of


def test_the_best_by_score_by_value_and_all_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_candidates, "KEPT_PER_SLOT", 0.5)  # one of two slots
    #        by value: 0, 1; prices make 3 and 2 the best of the first shopper
    users = [{0: 0.9, 1: 0.8, 2: 0.3, 3: 0.2, 4: 0.1}, {1: 0.5, 4: 0.4}]
    problem = problem_of(users, items=5, weights=[1.0, 1.0])
    price = np.array([2.0, 2.0, -0.5, -0.8, 0.0])
    keep = kept_pairs(problem.pairs, price, 0.01)
    # Of the first: 3 is the best by score, 2 is shown in the relaxed plan, 0 and 1 are listed by value alone; not 4.
    assert keep.tolist() == [True, True, True, True, False, True, True]


def test_a_pair_that_one_rule_excludes_does_not_count_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_candidates, "KEPT_PER_SLOT", 1)
    # 0, 1 and 2 are cold, of which a list takes one; next to 0, 3 is the second of its type.
    users = [{0: 0.9, 1: 0.8, 2: 0.7, 3: 0.2, 4: 0.1}]
    rules = (([7, 7, 7, 7, -1], 2), ([0, 0, 0, -1, -1], 1))
    problem = problem_of(users, items=5, weights=[1.0, 1.0], rules=rules)
    assert kept_pairs(problem.pairs, np.zeros(5), 0.01).tolist() == [True, True, False, True, False]


def test_those_that_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_candidates, "KEPT_PER_SLOT", 1)
    #        the best three are of one type, of which a list takes one
    users = [{0: 0.9, 1: 0.8, 2: 0.7, 3: 0.2, 4: 0.1}, {2: 0.7, 4: 0.1}]
    problem = problem_of(users, items=5, weights=[1.0, 1.0], rules=(([7, 7, 7, 8, 8], 1),))
    keep = kept_pairs(problem.pairs, np.zeros(5), 0.01)
    assert keep.tolist() == [True, True, False, True, False, True, True]
