"""What comes to the driver when a plan is solved on the executors."""

from __future__ import annotations

import numpy as np

from jobs.planning.by_spark import best_pairs
from tests.model.exposure.problems import problem_of


def test_the_best_by_score_by_value_and_all_that_is_shown() -> None:
    #        by value: 0, 1; prices make 3 and 2 the best of the first shopper
    users = [{0: 0.9, 1: 0.8, 2: 0.3, 3: 0.2, 4: 0.1}, {1: 0.5, 4: 0.4}]
    problem = problem_of(users, items=5, weights=[1.0, 1.0])
    price = np.array([2.0, 2.0, -0.5, -0.8, 0.0])
    user, item = best_pairs(problem.pairs, price, 0.01, most=1)
    # Of the first: 3 is the best by score, 2 is shown in the relaxed plan, 0 and 1 stand there by value; not 4.
    assert list(zip(user.tolist(), item.tolist(), strict=True)) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, 4)]
