"""What an entry displaces."""

from __future__ import annotations

import numpy as np

from model.exposure.displacement import displaced_by
from tests.model.exposure.problems import problem_of


def test_entries_from_outside_displace_the_best_that_are_left_out() -> None:
    # By value shopper 0 sees items 0, 1; shopper 1 items 0, 2. The lists hold 0 and 3; 3 and 1 and, drawn, 2.
    users = [{0: 0.9, 1: 0.8, 3: 0.1}, {0: 0.9, 1: 0.1, 2: 0.8, 3: 0.2}]
    problem = problem_of(users, items=4, weights=[1.0, 1.0])
    pair = np.array([0, 2, 6, 4, 5])
    explored = np.array([False, False, False, False, True])
    # Item 3 of shopper 0 displaces item 1. Of shopper 1, items 3 and 1 displace items 0 and 2 in this order.
    assert displaced_by(problem, pair, explored).tolist() == [-1, 1, 3, 5, -1]
