"""What lists can hold of a group, before anything is solved."""

from __future__ import annotations

import numpy as np
import pytest

from model.exposure.facts import most_listed
from model.exposure.passes import InMemory
from model.exposure.problem import Group
from tests.model.exposure.problems import breaks_no_rule, problem_of, random_problem


def test_a_group_fills_what_slots_and_rules_let_it() -> None:
    # Five slots; of the cold items 0 to 3 a list holds two, of the type of 3 and 4 one.
    users = [dict.fromkeys(range(6), 0.1), {0: 0.1, 4: 0.1}, {}]
    groups = (Group("cold", np.arange(4), 1.0), Group("type", np.array([3, 4]), 1.0), Group("last", np.array([5]), 1.0))
    rules = (([0, 0, 0, 0, -1, -1], 2), ([-1, -1, -1, 7, 7, -1], 1))
    problem = problem_of(users, items=6, weights=[1.0] * 5, groups=groups, visits=[1.0, 2.0, 4.0], rules=rules)
    facts = InMemory(problem).facts
    assert facts.of_group.tolist() == [2 * 1 + 1 * 2, 1 + 2, 1]
    # The first list holds two cold items, 4 and 5; the second both of its candidates.
    assert facts.supply == 4 * 1 + 2 * 2
    assert facts.offered.tolist() == [3, 1, 1, 1, 3, 1]


@pytest.mark.parametrize("seed", range(5))
def test_no_list_holds_more(seed: int) -> None:
    random = np.random.default_rng(seed)
    problem = random_problem(seed, users=30, slots=6, rules=((4, 2), (1, 1), (70, 1)))
    most = most_listed(problem.pairs, problem.membership).toarray()
    for user in range(problem.users):
        for _ in range(20):
            listed = np.zeros(0, dtype=np.int64)
            for item in random.permutation(problem.item_index[problem.user_index == user]):
                if len(listed) < problem.slots and problem.list_rules.fits(listed, int(item)):
                    listed = np.append(listed, item)
            assert breaks_no_rule(problem, listed)
            assert np.all(problem.membership[:, listed].sum(axis=1) <= most[user])
