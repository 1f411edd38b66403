"""Floors and caps of the configuration as groups of items."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jobs.config.plan import GroupBound
from jobs.planning.rules.groups import members_by_rule, named_groups
from tests.jobs.planning.plans import plan_with

ITEMS = pd.DataFrame(
    {
        "item_id": ["a", "b", "c", "d"],
        "days_since_listed": [1.0, 28.0, 28.5, np.nan],
        "segment": ["cold", "tail", "cold", None],
        "provider_id": ["p1", "p2", "p1", ""],
    }
)


@pytest.mark.parametrize(
    ("rule", "groups"),
    [
        ({"column": "days_since_listed", "at_most": 28}, {"days_since_listed <= 28": [0, 1]}),
        (
            {"column": "days_since_listed", "at_least": 28, "at_most": 28.5},
            {"days_since_listed >= 28 and days_since_listed <= 28.5": [1, 2]},
        ),
        (
            {"column": "days_since_listed", "buckets": [28, 100]},
            {
                "days_since_listed < 28": [0],
                "28 <= days_since_listed < 100": [1, 2],
                "days_since_listed >= 100": [],
            },
        ),
        ({"column": "segment", "equals": "cold"}, {"segment = cold": [0, 2]}),
        ({"column": "segment", "equals": "new"}, {"segment = new": []}),
        ({"column": "segment", "one_of": ["tail", "head"]}, {"segment in tail, head": [1]}),
        ({"column": "provider_id", "each": True}, {"provider_id = p1": [0, 2], "provider_id = p2": [1]}),
    ],
)
def test_members(rule: dict, groups: dict[str, list[int]]) -> None:
    members = members_by_rule(GroupBound.model_validate({**rule, "share": 0.1}), ITEMS)
    assert {name: rows.tolist() for name, rows in members} == groups


def test_names_bounds_and_budgets() -> None:
    plan = plan_with(
        floors={"new_items": {"share": 0.1}},
        caps={"provider": {"column": "provider_id", "each": True, "share": 0.3}},
        sponsors={"p2": {"bid": 0.5, "budget": 20.0}},
    )
    groups = named_groups(plan, ITEMS, total=100.0)
    rows = [(g.constraint, g.member, g.group.name, g.group.floor, g.group.cap) for g in groups]
    assert rows == [
        ("cold", "segment = cold", "cold", 2.0, np.inf),
        ("new_items", "days_since_listed <= 28", "new_items", 10.0, np.inf),
        ("provider", "provider_id = p1", "provider (provider_id = p1)", 0.0, 30.0),
        ("provider", "provider_id = p2", "provider (provider_id = p2)", 0.0, 30.0),
        ("budget", "p2", "the budget of p2", 0.0, 40.0),  # 20 a night at 0.5 an exposure
    ]
    assert groups[-1].group.members.tolist() == [1]


def test_an_item_of_bad_reviews_is_in_no_floor_but_in_caps() -> None:
    items = ITEMS.assign(bad_reviews_share_90d=[0.5, 0.5, 0.3, 0.1], reviews_count_90d=[5.0, 4.0, 9.0, 9.0])
    cold = {"column": "segment", "equals": "cold", "share": 0.1}
    plan = plan_with(floors={"cold": cold}, caps={"few": cold}, quality={"bad_reviews_share": 0.3, "least_reviews": 5})
    groups = {named.constraint: named.group.members.tolist() for named in named_groups(plan, items, total=100.0)}
    assert (groups["cold"], groups["few"], groups["new_items"]) == ([2], [0, 2], [1])
    assert {"bad_reviews_share_90d", "reviews_count_90d"} <= set(plan.columns)
    assert "reviews_count_90d" not in plan_with().columns


def test_an_item_with_a_named_word_is_in_no_floor_and_no_budget() -> None:
    items = ITEMS.assign(not_lifted_by=["wine", None, None, None])
    cold = {"column": "segment", "equals": "cold", "share": 0.1}
    sponsors = {"p1": {"bid": 0.5, "budget": 20.0}}
    plan = plan_with(floors={"cold": cold}, caps={"few": cold}, sponsors=sponsors, not_lifted={"words": ["wine"]})
    groups = {named.constraint: named.group.members.tolist() for named in named_groups(plan, items, total=100.0)}
    assert groups == {"cold": [2], "few": [0, 2], "new_items": [1], "budget": [2]}
