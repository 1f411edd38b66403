"""The problem of a night as arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jobs.planning.problem import Contexts, PlanProblem, contexts_of, limits_of
from jobs.planning.rules.groups import NamedGroup
from jobs.planning.rules.item_bounds import ItemBounds
from jobs.planning.rules.item_value import ItemValue
from jobs.planning.rules.rules import Rules
from jobs.planning.shoppers.planned_shoppers import Shoppers
from jobs.runtime.errors import LongtailError
from model.exposure.list_rules import no_rules
from model.exposure.problem import Group
from tests.jobs.planning.plans import plan_with

KINDS = np.array(["item_cap"] * 3, dtype=object)
RULES = Rules(
    ItemBounds(np.array([5.0, 4.0, 3.0]), np.array([0.0, 2.0, 1.0]), np.full(3, np.inf), KINDS, KINDS),
    (NamedGroup("a", "x = a", Group("a", np.array([0, 1]), floor=6.0)),
     NamedGroup("b", "x = b", Group("b", np.array([2]), cap=1.0))),
    no_rules(3),
    ItemValue(np.array([1.0, 2.0, 1.0]), np.array([0.0, 0.0, 0.5])),
)  # fmt: skip
USED = np.array([0.0, 3.0, 2.0])  # by the shared list
TABLE = pa.table(
    {
        "user_id": ["v", "u", "v", "u"],
        "item_id": ["z", "y", "x", "x"],
        "relevance": [0.1, 0.2, 0.3, 0.4],
        "cause": ["als", "", "als", "text"],
    }
)


def problem() -> PlanProblem:
    contexts = Contexts(np.array(["u", "v"]), np.array([0.5, 1.0]), np.array([1.0, 0.5]), 1)
    return PlanProblem(contexts, np.array(["x", "y", "z"]), RULES.value, limits_of(RULES, USED))


def test_pairs_are_sorted_by_context_and_item_and_have_the_value_of_the_item() -> None:
    pairs = problem().with_pairs(TABLE)
    assert pairs.problem.user_start.tolist() == [0, 2, 4]
    assert pairs.problem.item_index.tolist() == [0, 1, 0, 2]
    assert pairs.relevance.tolist() == [0.4, 0.2, 0.3, 0.1]
    assert pairs.problem.value.tolist() == pytest.approx([0.4, 0.4, 0.3, 0.6])
    assert pairs.cause.to_pylist() == ["text", "", "als", "als"]
    fewer = pairs.only(np.array([True, False, False, True]))
    assert fewer.problem.user_start.tolist() == [0, 1, 2]
    assert (fewer.problem.item_index.tolist(), fewer.cause.to_pylist()) == ([0, 2], ["text", "als"])


def test_what_the_shared_list_uses_is_subtracted_from_every_bound() -> None:
    limits = limits_of(RULES, USED)
    assert limits.item_cap.tolist() == [5.0, 1.0, 1.0]
    assert limits.item_floor.tolist() == [0.0, 0.0, 0.0]
    assert [(group.floor, group.cap) for group in limits.groups] == [(3.0, np.inf), (0.0, 0.0)]


def test_shoppers_without_features_are_an_error() -> None:
    rows = pd.DataFrame({"user_id": ["u"], "visits": [0.5], "consents": [True], "shopper_segment": [""]})
    with pytest.raises(LongtailError, match=r"1 shoppers of relevance have no row in user_features"):
        contexts_of(plan_with(), Shoppers(rows, 1.0), np.array(["u", "v"]))
