"""One list for many."""

from __future__ import annotations

import numpy as np

from model.exposure.shared_list import shared_list
from tests.model.exposure.problems import no_rules, rules_of


def test_the_best_that_fit_under_all_caps() -> None:
    chosen = shared_list(
        value=np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.0]),
        delivery=np.array([4.0, 2.0, 1.0]),
        item_cap=np.array([3.0, 9.0, 9.0, 9.0, 9.0, 9.0]),  # 0 does not fit at the first position
        groups=[(np.array([1, 3]), 5.0)],  # after 1 took 4, 3 would need 2
        list_rules=rules_of(([-1, 7, 7, 8, 8, -1], 1)),  # 2 is of the type of 1
    )
    assert chosen.tolist() == [1, 4]  # 5 has no value


def test_no_rule_is_broken() -> None:
    # Two of a type, one cold item: 1 is the second cold one, 3 the third of its type.
    rules = rules_of(([7, 7, 7, 7, -1], 2), ([0, 0, -1, -1, -1], 1))
    chosen = shared_list(np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.ones(4), np.full(5, 9.0), [], rules)
    assert chosen.tolist() == [0, 2, 4]


def test_a_cap_of_zero_holds_for_lists_that_count_nowhere() -> None:
    chosen = shared_list(
        value=np.array([0.9, 0.8, 0.7]),
        delivery=np.zeros(2),
        item_cap=np.array([0.0, 9.0, 9.0]),
        groups=[(np.array([1]), 0.0)],
        list_rules=no_rules(3),
    )
    assert chosen.tolist() == [2]


def test_equal_values_keep_their_order() -> None:
    chosen = shared_list(np.full(4, 0.5), np.ones(2), np.full(4, 9.0), [], no_rules(4))
    assert chosen.tolist() == [0, 1]
