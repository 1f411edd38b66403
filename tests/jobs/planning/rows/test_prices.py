"""Rows of constraint_prices."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.planning.rows.prices import price_rows
from jobs.planning.rules.groups import NamedGroup
from jobs.planning.rules.item_bounds import ItemBounds
from model.exposure.hashed_random import seeds_of
from model.exposure.plan import planned
from model.exposure.problem import Group
from tests.model.exposure.problems import problem_of


def test_a_floor_of_a_group_is_compared_with_the_expectation_over_the_draw() -> None:
    # The planned slot goes to item 0. The other one, of half the attention, is drawn: item 1 at (.3 + .2) / .8, item 2
    # at (.1 + .2) / .8. Item 2 is capped too low for the planned slot, so its floor gets 3/8 of .5 and no more.
    groups = (
        NamedGroup("cold", "segment = cold", Group("cold", np.array([2]), floor=0.25)),
        NamedGroup("loud", "segment = tail", Group("loud", np.array([1]), cap=5.0)),
    )
    problem = problem_of(
        [{0: 0.9, 1: 0.3, 2: 0.1}], items=3, weights=[1.0, 0.5], cap=[9.0, 9.0, 0.51], explore=1,
        groups=tuple(named.group for named in groups),
    )  # fmt: skip
    kind = np.array(["item_cap"] * 3, dtype=object)
    bounds = ItemBounds(problem.item_cap, problem.item_floor, np.full(3, np.inf), kind, kind)
    shared = np.array([0.0, 0.02, 0.01])
    shown = set()
    for number in range(12):
        seeds = seeds_of(["shopper"], number), seeds_of(["a", "b", "c"], number)
        plan = planned(problem, 0.002, 60, *seeds)
        rows = price_rows(np.array(["a", "b", "c"]), bounds, groups, shared, plan).set_index("constraint")
        assert rows.loc["cold", "used"] == pytest.approx(0.5 * 3 / 8 + 0.01)
        assert rows.loc["cold", "shortfall"] == pytest.approx(0.25 - 0.5 * 3 / 8 - 0.01)
        # A cap holds for the lists as drawn.
        assert rows.loc["loud", "used"] == pytest.approx(plan.group_delivered[1] + 0.02)
        shown.add(float(plan.group_delivered[0]))
    assert shown == {0.0, 0.5}
