"""The problem of a night as arrays."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from jobs.planning.context_pairs import Pairs, places, sorted_pairs
from jobs.planning.problem import Contexts, PlanProblem, limits_of
from jobs.planning.rules.groups import NamedGroup
from jobs.planning.rules.item_bounds import ItemBounds
from jobs.planning.rules.item_value import ItemValue
from jobs.planning.rules.rules import Rules
from model.exposure.problem import Group
from tests.model.exposure.problems import no_rules

KINDS = np.array(["item_cap"] * 3, dtype=object)
RULES = Rules(
    ItemBounds(np.array([5.0, 4.0, 3.0]), np.array([0.0, 2.0, 1.0]), np.full(3, np.inf), KINDS, KINDS),
    (NamedGroup("a", "x = a", Group("a", np.array([0, 1]), floor=6.0)),
     NamedGroup("b", "x = b", Group("b", np.array([2]), cap=1.0))),
    no_rules(3),
    ItemValue(np.array([1.0, 2.0, 1.0]), np.array([0.0, 0.0, 0.5])),
    np.array([True, True, False]),
)  # fmt: skip
USED = np.array([0.0, 3.0, 2.0])  # by the shared list
TABLE = pa.table(
    {
        "user_id": ["v", "u", "v", "u"],
        "item_id": ["z", "y", "x", "x"],
        "relevance": [0.1, 0.2, 0.3, 0.4],
        "cause": ["als", "", "als", "text"],
        "visits": [1.0, 0.5, 1.0, 0.5],
    }
)


ITEM_IDS = np.array(["x", "y", "z"])


def problem() -> PlanProblem:
    contexts = Contexts(2, np.array([1.0, 0.5]), 1)
    return PlanProblem(contexts, ITEM_IDS, RULES.value, limits_of(RULES, USED))


def pairs_in(shards: list[int]) -> Pairs:
    """The pairs with the contexts in shards; shards: of each row."""
    return sorted_pairs(TABLE, places(TABLE["item_id"], ITEM_IDS), np.array(shards))[0]


def test_pairs_are_sorted_by_context_and_item_and_have_the_value_of_the_item() -> None:
    pairs = pairs_in([0, 0, 0, 0])
    assert (pairs.context_ids.tolist(), pairs.visits.tolist()) == (["u", "v"], [0.5, 1.0])
    of_pairs = problem().of_pairs(pairs)
    assert of_pairs.drawable.tolist() == [True, True, False]
    assert of_pairs.user_start.tolist() == [0, 2, 4]
    assert of_pairs.item_index.tolist() == [0, 1, 0, 2]
    assert pairs.relevance.tolist() == [0.4, 0.2, 0.3, 0.1]
    assert of_pairs.value.tolist() == pytest.approx([0.4, 0.4, 0.3, 0.6])
    assert pairs.cause.to_pylist() == ["text", "", "als", "als"]
    fewer = pairs.only(np.array([True, False, False, True]))
    assert fewer.start.tolist() == [0, 1, 2]
    assert (fewer.item.tolist(), fewer.cause.to_pylist()) == ([0, 2], ["text", "als"])


def test_contexts_lie_by_shard_and_name() -> None:
    pairs = pairs_in([0, 1, 0, 1])
    assert pairs.context_ids.tolist() == ["v", "u"]
    second = pairs.part(1, 2)
    assert (second.context_ids.tolist(), second.visits.tolist(), second.start.tolist()) == (["u"], [0.5], [0, 2])
    assert (second.item.tolist(), second.cause.to_pylist()) == ([0, 1], ["text", ""])
    assert Contexts(8_193, np.ones(1), 0).shards == 2
    assert Contexts(0, np.ones(1), 0).shards == 1


def test_what_the_shared_list_uses_is_subtracted_from_every_bound() -> None:
    limits = limits_of(RULES, USED)
    assert limits.item_cap.tolist() == [5.0, 1.0, 1.0]
    assert limits.item_floor.tolist() == [0.0, 0.0, 0.0]
    assert [(group.floor, group.cap) for group in limits.groups] == [(3.0, np.inf), (0.0, 0.0)]
