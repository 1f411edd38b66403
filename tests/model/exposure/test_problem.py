"""Scales of a problem, and what it refuses."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from model.exposure.problem import Group, total_exposure
from tests.model.exposure.problems import no_rules, problem_of

GOOD = problem_of([{0: 0.1, 1: 0.2}, {}, {1: 0.3}], items=2, weights=[1.0, 0.5])


def test_scales() -> None:
    assert GOOD.candidates.tolist() == [2, 0, 1]
    assert GOOD.user_index.tolist() == [0, 0, 2]
    assert GOOD.delivery.tolist() == [0.75, 0.75, 0.75]  # visits 1, mean weight (1 + 0.5) / 2
    assert total_exposure(np.array([0.5, 1.0]), np.array([1.0, 0.5])) == 2.25


def test_exploration_sets_headroom_aside() -> None:
    problem = problem_of([{0: 0.1}], items=1, weights=[1.0, 0.6, 0.4], cap=10.0, explore=1)
    assert problem.slots == 2
    assert problem.planned_cap.tolist() == pytest.approx([8.0])  # 0.4 of 2.0 is explored
    assert problem.delivery.tolist() == pytest.approx([0.8])


def test_a_floor_takes_precedence_over_the_exploration() -> None:
    groups = (Group("both", np.array([0]), floor=9.0, cap=10.0), Group("above", np.array([0]), floor=11.0, cap=10.0))
    problem = problem_of(
        [{0: 0.1}], items=1, weights=[1.0, 0.6, 0.4], cap=10.0, item_floor=9.5, explore=1, groups=groups
    )
    # A fifth of what lies above the floor is for the exploration.
    assert problem.planned_cap.tolist() == pytest.approx([9.9])
    assert problem.planned_group_cap.tolist() == pytest.approx([9.8, 10.0])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"value": np.array([0.1, np.nan, 0.3])}, "value is NaN in 1 pairs, first for user 0 and item 1"),
        ({"value": np.array([0.1, np.inf, 0.3])}, "value is negative or infinite"),
        ({"value": np.array([0.1])}, "value has 1 numbers for 3 pairs"),
        ({"item_index": np.array([1, 1, 0])}, "hold an item twice"),
        ({"item_index": np.array([1, 0, 0])}, "not sorted by item"),
        ({"item_index": np.array([0, 7, 1])}, "outside item_cap"),
        ({"user_start": np.array([0, 2, 2, 9])}, "user_start"),
        ({"visits": np.array([0.5, 0.0, 1.0])}, "visits"),
        ({"position_weights": np.array([0.5, 1.0])}, "position_weights"),
        ({"exploration_slots": 2}, "exploration_slots"),
        ({"item_cap": np.array([1.0, -1.0])}, "item_cap has a number that is negative"),
        ({"item_floor": np.array([1.0, np.inf])}, "item_floor has a number"),
        ({"list_rules": no_rules(1)}, "list_rules"),
        ({"groups": (Group("cold", np.array([0, 0]), 1.0),)}, "Group cold names an item twice"),
        ({"groups": (Group("cold", np.array([5]), 1.0),)}, "Group cold names an item outside"),
        ({"groups": (Group("cold", np.array([0]), -1.0),)}, "floor of group cold"),
        ({"groups": (Group("cold", np.array([0]), cap=np.nan),)}, "cap of group cold"),
        ({"groups": (Group("cold", np.array([0])), Group("cold", np.array([1])))}, "Two groups have one name"),
    ],
)
def test_refuses(change: dict, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        dataclasses.replace(GOOD, **change)
